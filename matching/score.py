"""`Score`: offer each order to the driver with the highest match score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from domain.registry import check_parameters, param
from domain.units import BoolArray, FloatArray, IntArray
from matching.contract import Decision, Snapshot
from matching.insertion import Insertions, best_insertions
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
        fixed = self._fixed_part(snapshot)
        driver, load = snapshot.order_driver.copy(), snapshot.driver_load.astype(np.int64)
        plans, rerouted = planned(snapshot), []
        for order in range(snapshot.open_orders):
            pairs = slice(snapshot.candidate_offsets[order], snapshot.candidate_offsets[order + 1])
            drivers = snapshot.candidate_driver[pairs]
            has_room = load[drivers] < snapshot.driver_capacity[drivers]
            if not has_room.any():
                continue
            score = np.where(has_room, fixed[pairs] - self.per_active_order * load[drivers], -np.inf)
            found = self._add_efficiency(
                snapshot, plans, order, drivers, has_room & (load[drivers] > 0), score
            )
            best = int(score.argmax())
            who = int(drivers[best])
            plans = with_order(plans, who, order, pickup_at=found[best, 0], dropoff_at=found[best, 1])
            if load[who] > 0:
                rerouted.append(who)
            driver[order], load[who] = who, load[who] + 1
        return Decision(driver=driver, **route_columns(plans, np.unique(np.array(rerouted, np.int32))))

    def _add_efficiency(
        self,
        snapshot: Snapshot,
        plans: Plans,
        order: int,
        drivers: IntArray,
        is_carrying: BoolArray,
        score: FloatArray,
    ) -> IntArray:
        """Add the efficiency bonus to `score` [k] (modified); return where the order goes, int32 [k, 2]."""
        where = np.zeros((len(drivers), 2), np.int32)
        if not is_carrying.any():
            return where
        to_beat = score[~is_carrying].max(initial=-np.inf)
        hopeful = np.flatnonzero(is_carrying & (score + max(self.efficiency_bonus, 0.0) >= to_beat))
        if len(hopeful):
            found = best_insertions(snapshot, plans, np.full(len(hopeful), order), drivers[hopeful])
            score[hopeful] += self.efficiency_bonus * route_efficiency(found)
            where[hopeful, 0], where[hopeful, 1] = found.pickup_at, found.dropoff_at
        return where

    def _fixed_part(self, snapshot: Snapshot) -> FloatArray:
        """Return the part of every candidate pair's score that does not depend on the driver's load."""
        drivers = snapshot.candidate_driver
        score: FloatArray = (
            self.base
            - self.per_km / 1_000.0 * snapshot.candidate_distance_m
            + self.per_rating_point * snapshot.driver_rating[drivers]
            + self.needs_more_bonus * (snapshot.driver_short_orders[drivers] > 0.0)
        )
        return score


def route_efficiency(found: Insertions) -> FloatArray:
    """Return ``1 - longer_s / alone_s``, clamped to [0, 1], of each insertion."""
    efficiency: FloatArray = np.clip(1.0 - found.longer_s / np.maximum(found.alone_s, 1e-9), 0.0, 1.0)
    return efficiency
