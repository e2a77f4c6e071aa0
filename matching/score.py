"""`Score`: offer each order to the driver with the highest match score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numba import njit

from domain.registry import check_parameters, param
from domain.units import FloatArray, IntArray
from matching.contract import Decision, Snapshot
from matching.insertion import best_insertions
from matching.routes import Plans, planned, route_columns, with_order


@dataclass(frozen=True, kw_only=True)
class Score:
    """Give each order, by placement time, to the candidate with the highest match score.

    The score of a driver with a active orders, x km (great-circle) from the restaurant, is

        base - per_km x - per_active_order a + per_rating_point rating
             + needs_more_bonus [below the deliveries wanted] + efficiency_bonus e [a > 0]

    Route efficiency e in [0, 1] says how much of the time which the order would take the driver on its own is
    absorbed by the route already planned: ``1 - longer_s / alone_s``, clamped. `longer_s` is by how much
    later the driver is done with the order put where the sum of all delivery moments on the route grows least
    (see `matching.insertion`); `alone_s` is the time to reach the restaurant, wait for the food and deliver.
    If the order goes to that driver, this is also the route.

    Orders are taken in turn: later ones see the loads and routes that earlier ones leave behind. Drivers
    without room are passed over; an order without candidates with room waits. Ties: the nearer driver.
    One batch of travel times per order and vehicle type, and only for those carrying candidates whom the
    efficiency could still lift above the best idle one. O(candidate pairs), insertions aside.
    """

    name: ClassVar[str] = "score"
    summary: ClassVar[str] = "highest weighted score of distance, load, rating, goal and route efficiency"
    bundles: ClassVar[bool] = True
    exact: ClassVar[bool] = False
    reassigns: ClassVar[bool] = False

    window_s: float = param(0.0, "seconds between decisions; 0 decides as each order arrives", at_least=0)
    candidates: int = param(20, "drivers considered per order", at_least=1)
    radius_m: float = param(5_000.0, "how far from the restaurant drivers are considered", at_least=1)
    base: float = param(100.0, "score of a driver at the restaurant's door, before all else")
    per_km: float = param(10.0, "taken off per kilometre (great-circle) to the restaurant")
    per_active_order: float = param(15.0, "taken off per order that the driver already has")
    per_rating_point: float = param(5.0, "added per point of the driver's rating")
    needs_more_bonus: float = param(10.0, "added for drivers below the deliveries they want this shift")
    efficiency_bonus: float = param(20.0, "added for a carrying driver whose route fits the order wholly")

    def __post_init__(self) -> None:
        check_parameters(self)

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:  # noqa: ARG002  # the contract's signature
        """Decide; draws no random numbers."""
        driver, load = snapshot.order_driver.copy(), snapshot.driver_load.astype(np.int64)
        plans, rerouted = planned(snapshot), set[int]()
        for order in range(snapshot.open_orders):
            found = self._best(snapshot, plans, load, order)
            if found is None:
                continue
            who, pickup_at, dropoff_at = found
            if load[who] > 0:
                rerouted.add(who)
            if load[who] > 0 or order + 1 < snapshot.open_orders:  # else nobody reads these stops
                plans = with_order(plans, who, order, pickup_at=pickup_at, dropoff_at=dropoff_at)
            driver[order], load[who] = who, load[who] + 1
        return Decision(driver=driver, **route_columns(plans, np.array(sorted(rerouted), np.int32)))

    def _best(
        self, snapshot: Snapshot, plans: Plans, load: IntArray, order: int
    ) -> tuple[int, int, int] | None:
        """Return the driver of the highest score and where the stops go, or None if nobody has room."""
        drivers, score, hopeful = self._scored(snapshot, load, order)
        if not len(hopeful):
            best = int(score.argmax()) if len(score) else -1
            return (int(drivers[best]), 0, 0) if best >= 0 and score[best] > -np.inf else None
        found = best_insertions(snapshot, plans, np.full(len(hopeful), order), drivers[hopeful])
        best, at = _with_efficiency(
            score, hopeful, found.longer_s, found.alone_s, float(self.efficiency_bonus)
        )
        if at < 0:
            return int(drivers[best]), 0, 0
        return int(drivers[best]), int(found.pickup_at[at]), int(found.dropoff_at[at])

    def _scored(
        self, snapshot: Snapshot, load: IntArray, order: int
    ) -> tuple[IntArray, FloatArray, IntArray]:
        """Return an order's candidates [k], their scores before efficiency [k], and whose efficiency matters.

        The latter as places among the candidates: those carrying, with room, whom the bonus could lift to the
        best score of all others.
        """
        drivers, score, hopeful = _scored(
            order,
            snapshot.candidate_offsets,
            snapshot.candidate_driver,
            snapshot.candidate_distance_m,
            snapshot.driver_rating,
            snapshot.driver_short_orders,
            snapshot.driver_capacity,
            load,
            (
                float(self.base),
                self.per_km / 1_000.0,
                float(self.per_active_order),
                float(self.per_rating_point),
                float(self.needs_more_bonus),
                float(self.efficiency_bonus),
            ),
        )
        return drivers, score, hopeful


@njit(cache=True, nogil=True, error_model="numpy")
def route_efficiency(longer_s, alone_s):  # type: ignore[no-untyped-def]  # numba
    """Return ``1 - longer_s / alone_s``, clamped to [0, 1], of one insertion."""
    return min(max(1.0 - longer_s / max(alone_s, 1e-9), 0.0), 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _scored(order, offsets, candidates, distance_m, rating, short_orders, capacity, load, weights):  # type: ignore[no-untyped-def]  # numba
    """Return candidates int32 [k], scores float64 [k] (-inf without room) and hopeful places int64 [h]."""
    base, per_m, per_active_order, per_rating_point, needs_more_bonus, efficiency_bonus = weights
    first, end = offsets[order], offsets[order + 1]
    drivers = candidates[first:end].copy()
    score, to_beat = np.empty(len(drivers)), -np.inf
    for i, d in enumerate(drivers):
        if load[d] >= capacity[d]:
            score[i] = -np.inf
            continue
        fixed = base - per_m * distance_m[first + i] + per_rating_point * rating[d]
        fixed += needs_more_bonus * (short_orders[d] > 0.0)
        score[i] = fixed - per_active_order * load[d]
        if load[d] == 0:
            to_beat = max(to_beat, score[i])
    hopeful, count = np.empty(len(drivers), np.int64), 0
    for i, d in enumerate(drivers):
        if 0 < load[d] < capacity[d] and score[i] + max(efficiency_bonus, 0.0) >= to_beat:
            hopeful[count] = i
            count += 1
    return drivers, score, hopeful[:count]


@njit(cache=True, nogil=True, error_model="numpy")
def _with_efficiency(score, hopeful, longer_s, alone_s, bonus):  # type: ignore[no-untyped-def]  # numba
    """Add the bonus to `score`; return the place of the best, and its own among `hopeful` or -1."""
    for h, i in enumerate(hopeful):
        score[i] += bonus * route_efficiency(longer_s[h], alone_s[h])
    best = np.argmax(score)
    at = np.searchsorted(hopeful, best)  # ascending
    return best, at if at < len(hopeful) and hopeful[at] == best else -1
