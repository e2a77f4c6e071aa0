"""`Nearest`: each order, as it arrives, to the nearest idle driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numba import njit

from domain.registry import check_parameters, param
from matching.contract import Decision, Snapshot


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """Give each order, by placement time, to the great-circle nearest candidate who has no work.

    Each driver gets at most one order per decision; an order whose candidates are all busy waits. Ties: the
    candidate listed first. O(candidate pairs). The yardstick that every other strategy must beat.
    """

    name: ClassVar[str] = "nearest"
    summary: ClassVar[str] = "nearest idle driver, order by order"
    bundles: ClassVar[bool] = False
    exact: ClassVar[bool] = False
    reassigns: ClassVar[bool] = False

    window_s: float = param(0.0, "seconds between decisions; 0 decides as each order arrives", at_least=0)
    candidates: int = param(20, "drivers considered per order", at_least=1)
    radius_m: float = param(5_000.0, "how far from the restaurant drivers are considered", at_least=1)

    def __post_init__(self) -> None:
        check_parameters(self)

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:  # noqa: ARG002  # the contract's signature
        """Decide; draws no random numbers."""
        driver = snapshot.order_driver.copy()
        _take_first_idle(driver, snapshot.candidate_offsets, snapshot.candidate_driver, snapshot.driver_load)
        return Decision(driver=driver)


@njit(cache=True, nogil=True, error_model="numpy")
def _take_first_idle(driver, offsets, candidates, load):  # type: ignore[no-untyped-def]  # numba
    taken = load > 0
    for order in range(len(offsets) - 1):
        for i in range(offsets[order], offsets[order + 1]):
            if not taken[candidates[i]]:
                driver[order] = candidates[i]
                taken[candidates[i]] = True
                break
