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
        order, candidate = _idle_pairs(
            snapshot.candidate_offsets,
            snapshot.candidate_driver,
            snapshot.driver_load,
            snapshot.driver_from_s,
            snapshot.now_s,
        )
        if not len(order):
            return Decision(driver=driver)
        shop = snapshot.order_restaurant_node[order]
        legs = snapshot.travel.times(
            np.concatenate((snapshot.driver_node[candidate], shop)),
            np.concatenate((shop, snapshot.order_customer_node[order])),
            at_s=snapshot.now_s,
        )
        _assign(
            driver,
            order,
            candidate,
            legs,
            snapshot.order_ready_s_est,
            snapshot.order_latest_s,
            snapshot.driver_shift_end_s,
            snapshot.now_s,
            snapshot.pickup_service_s,
        )
        return Decision(driver=driver)


@njit(cache=True, nogil=True, error_model="numpy")
def _idle_pairs(offsets, candidates, load, from_s, now_s):  # type: ignore[no-untyped-def]  # numba
    """Return order and driver of the candidate pairs whose driver has nothing to do, in their order."""
    order, driver = np.empty(len(candidates), np.int64), np.empty(len(candidates), np.int64)
    size = 0
    for i in range(len(offsets) - 1):
        for c in range(offsets[i], offsets[i + 1]):
            d = candidates[c]
            if load[d] == 0 and from_s[d] <= now_s:
                order[size], driver[size] = i, d
                size += 1
    return order[:size], driver[:size]


@njit(cache=True, nogil=True, error_model="numpy")
def _assign(given, order, driver, legs_s, ready_s, latest_s, shift_end_s, now_s, service_s):  # type: ignore[no-untyped-def]  # numba
    """Give each order to the first of its pairs whose driver can; `legs_s` lead to shops, then to homes."""
    is_taken = np.zeros(len(shift_end_s), np.bool_)
    for p in range(len(order)):
        i, d = order[p], driver[p]
        picked_up_s = max(now_s + legs_s[p], ready_s[i])
        dropped_off_s = picked_up_s + service_s + legs_s[len(order) + p]
        is_able = picked_up_s <= shift_end_s[d] and dropped_off_s <= latest_s[i]
        if is_able and given[i] < 0 and not is_taken[d]:
            given[i], is_taken[d] = d, True
