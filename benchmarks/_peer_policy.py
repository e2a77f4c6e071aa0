"""The policy that the peers' drivers follow, for our own engine: the nearest idle driver who can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numba import njit

from domain.registry import param
from matching.contract import Decision, Snapshot


@dataclass(frozen=True, kw_only=True)
class NearestAble:
    """Give each order, by placement time, to the nearest driver who is idle now and keeps to the rules.

    Who could not pick up within the shift, or not deliver while the order is wanted, is passed over. On MDRP
    instances it decides as `benchmarks._dvrpsim_day` does. O(candidate pairs).
    """

    name: ClassVar[str] = "nearest_able"
    summary: ClassVar[str] = "nearest idle driver who keeps to shift and deadline, order by order"
    bundles: ClassVar[bool] = False
    exact: ClassVar[bool] = False
    reassigns: ClassVar[bool] = False

    window_s: float = param(60.0, "seconds between decisions", at_least=0)
    candidates: int = param(1_000_000, "drivers considered per order", at_least=1)
    radius_m: float = param(1e9, "how far from the restaurant drivers are considered", at_least=1)

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:  # noqa: ARG002  # the contract's signature
        """Decide; draws no random numbers."""
        driver = snapshot.order_driver.copy()
        count = snapshot.open_orders
        shop = snapshot.order_restaurant_node[:count]
        pairs = np.repeat(shop, np.diff(snapshot.candidate_offsets))
        nodes, now_s = snapshot.driver_node[snapshot.candidate_driver], snapshot.now_s
        _assign(
            driver,
            snapshot.candidate_offsets,
            snapshot.candidate_driver,
            snapshot.travel.times(nodes, pairs, at_s=now_s),
            snapshot.travel.times(shop, snapshot.order_customer_node[:count], at_s=now_s),
            snapshot.order_ready_s_est,
            snapshot.order_latest_s,
            (snapshot.driver_load > 0) | (snapshot.driver_from_s > now_s),
            snapshot.driver_shift_end_s,
            now_s,
            snapshot.pickup_service_s,
        )
        return Decision(driver=driver)


@njit(cache=True, nogil=True, error_model="numpy")
def _assign(  # type: ignore[no-untyped-def]  # numba
    driver,
    offsets,
    candidates,
    to_shop_s,
    to_home_s,
    ready_s,
    latest_s,
    is_taken,
    shift_end_s,
    now_s,
    service_s,
):
    for order in range(len(offsets) - 1):
        for i in range(offsets[order], offsets[order + 1]):
            d = candidates[i]
            picked_up_s = max(now_s + to_shop_s[i], ready_s[order])
            dropped_off_s = picked_up_s + service_s + to_home_s[order]
            if not is_taken[d] and picked_up_s <= shift_end_s[d] and dropped_off_s <= latest_s[order]:
                driver[order] = d
                is_taken[d] = True
                break
