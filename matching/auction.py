"""`Auction`: orders and drivers bid for each other until nobody wants to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from domain.registry import check_parameters, param
from matching._auction import auction_assign
from matching.contract import Decision, Snapshot
from matching.objective import parse_objective
from matching.pairs import price_pairs, take_pairs, unassigned_costs
from matching.routes import planned


@dataclass(frozen=True, kw_only=True)
class Auction:
    """Solve each window by auction, on the same costs as `matching.batch`, rounded to a grid.

    The side that is short bids: orders for drivers, or drivers for orders when these are fewer. A bidder
    takes what is cheapest for it at present prices and raises that price by the lead over its second choice
    plus epsilon; who held it bids anew. Epsilon falls from phase to phase; in each, whatever is left idle at
    a price then lowers that and bids back (Bertsekas and Castañon 1992; see `matching._auction`).

    The total ends within n x epsilon of the least. Costs are whole multiples of `grid_s` and epsilon is
    below grid_s / n, so the result is optimal: exact for the rounded costs, and within n x `grid_s` of the
    least total before rounding. Ties: some fixed choice, not always that of `batch`. Waiting, load limits and
    routes as in `batch`.
    """

    name: ClassVar[str] = "auction"
    summary: ClassVar[str] = "orders and drivers bid for each other, the scarce ones first, to the optimum"
    bundles: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    reassigns: ClassVar[bool] = False

    window_s: float = param(5.0, "seconds between decisions", at_least=0)
    candidates: int = param(50, "drivers considered per order", at_least=1)
    radius_m: float = param(5_000.0, "how far from the restaurant drivers are considered", at_least=1)
    objective: str = param(
        "click_to_door + lateness + 0.1*driver_time + 0.4*driving", "weights of `matching.objective`'s terms"
    )
    max_load: int = param(
        3, "orders a driver may have at once, never above the vehicle's capacity", at_least=1
    )
    wait_margin_s: float = param(60.0, "how much worse than its best pair an order takes at once", at_least=0)
    max_wait_s: float = param(20.0, "an order that would wait longer than this is given away now", at_least=0)
    grid_s: float = param(
        0.015625, "costs are rounded to whole multiples of this; finer is slower", at_least=1e-3
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        parse_objective(self.objective)

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:  # noqa: ARG002  # the contract's signature
        """Decide; draws no random numbers."""
        pairs = price_pairs(
            snapshot,
            planned(snapshot),
            load=snapshot.driver_load,
            objective=parse_objective(self.objective),
            max_load=self.max_load,
        )
        out = unassigned_costs(snapshot, pairs, wait_margin_s=self.wait_margin_s, max_wait_s=self.max_wait_s)
        edge, _ = auction_assign(
            pairs.offsets,
            pairs.driver,
            np.rint(pairs.costs / self.grid_s),
            np.rint(out / self.grid_s),
            column_count=snapshot.drivers,
            epsilon=_finest_step(snapshot.open_orders),
        )
        return take_pairs(snapshot, pairs, edge)


def _finest_step(orders: int) -> float:
    """Return a power of two below 1 / `orders`: sums of whole numbers and of it are exact in float64."""
    return float(2.0 ** -np.ceil(np.log2(orders + 1)))
