"""What one decision of the match service did and cost."""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class WindowStats(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One decision.

    `orders` waited; `drivers` were candidates in `pairs` order-driver pairs; `offered` orders went into
    `offers` offers; `left` orders wait on; `refused` offers met a conflict; `moved` accepted orders changed
    driver; `has_failed` where the decision could not be made because a store was out of reach. Wall seconds
    per stage, none counted twice: `search_s` nearest drivers, `snapshot_s` arrays, `travel_s` travel times
    asked by any of the others, `strategy_s` the decision, `offers_s` its check, plans, ETAs and opening.
    """

    at_s: float
    orders: int
    drivers: int
    pairs: int
    offered: int
    offers: int
    left: int
    refused: int
    moved: int
    search_s: float
    snapshot_s: float
    travel_s: float
    strategy_s: float
    offers_s: float
    has_failed: bool = False

    @staticmethod
    def failed(*, at_s: float, orders: int) -> WindowStats:
        """Return the statistics of a decision that could not be made: all orders stay queued."""
        return WindowStats(
            at_s=at_s,
            orders=orders,
            drivers=0,
            pairs=0,
            offered=0,
            offers=0,
            left=orders,
            refused=0,
            moved=0,
            search_s=0.0,
            snapshot_s=0.0,
            travel_s=0.0,
            strategy_s=0.0,
            offers_s=0.0,
            has_failed=True,
        )


WindowObserver = Callable[[WindowStats], None]


def ignore_window(stats: WindowStats) -> None:
    """Observe nothing."""
