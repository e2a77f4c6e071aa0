"""`Score`: offer each order to the driver with the highest match score."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from domain.registry import check_parameters, param
from domain.units import BoolArray, FloatArray, IntArray
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
    Travel times are asked for carrying candidates only: one batch per decision and vehicle type, and a small
    one when an order meets drivers whose routes have changed in this decision.
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

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:  # noqa: ARG002
        """Decide; draws no random numbers."""
        work = _Work.of(snapshot)
        fixed = self._fixed_part(snapshot)
        driver = snapshot.order_driver.copy()
        for order in range(snapshot.open_orders):
            pairs = slice(snapshot.candidate_offsets[order], snapshot.candidate_offsets[order + 1])
            drivers = snapshot.candidate_driver[pairs]
            load = work.load[drivers]
            room = load < snapshot.driver_capacity[drivers]
            if not room.any():
                continue
            if work.changed:
                work.insert(np.flatnonzero(work.is_changed[drivers] & room) + pairs.start)
            score = fixed[pairs] - self.per_active_order * load
            score += np.where(load > 0, self.efficiency_bonus * work.efficiency[pairs], 0.0)
            best = int(np.where(room, score, -np.inf).argmax())
            driver[order] = drivers[best]
            work.give(pairs.start + best)
        return Decision(driver=driver, **route_columns(work.plans, work.rerouted()))

    def _fixed_part(self, snapshot: Snapshot) -> FloatArray:
        """Return the part of every candidate pair's score that does not depend on the driver's load."""
        drivers = snapshot.candidate_driver
        score: FloatArray = (
            self.base
            - self.per_km / 1_000.0 * snapshot.candidate_distance_m
            + self.per_rating_point * snapshot.driver_rating[drivers]
            + self.needs_more_bonus * snapshot.driver_needs_more[drivers]
        )
        return score


@dataclass(kw_only=True, eq=False)
class _Work:
    """Loads, routes and efficiencies while the orders of one decision are dealt out."""

    snapshot: Snapshot
    order: IntArray
    load: IntArray
    plans: Plans
    efficiency: FloatArray
    where: IntArray
    is_changed: BoolArray
    changed: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, snapshot: Snapshot) -> _Work:
        """Return the state before the first order, with the efficiencies of all carrying candidates."""
        pairs = len(snapshot.candidate_driver)
        work = cls(
            snapshot=snapshot,
            order=np.repeat(np.arange(snapshot.open_orders), np.diff(snapshot.candidate_offsets)),
            load=snapshot.driver_load.astype(np.int64),
            plans=planned(snapshot),
            efficiency=np.zeros(pairs),
            where=np.zeros((pairs, 2), np.int64),
            is_changed=np.zeros(snapshot.drivers, np.bool_),
        )
        work.insert(np.flatnonzero(work.load[snapshot.candidate_driver] > 0))
        return work

    def insert(self, pairs: IntArray) -> None:
        """Put the orders of `pairs` where they fit best into present routes; note place and efficiency."""
        if not len(pairs):
            return
        found = best_insertions(
            self.snapshot, self.plans, self.order[pairs], self.snapshot.candidate_driver[pairs]
        )
        self.where[pairs, 0], self.where[pairs, 1] = found.pickup_at, found.dropoff_at
        self.efficiency[pairs] = np.clip(1.0 - found.longer_s / np.maximum(found.alone_s, 1e-9), 0.0, 1.0)

    def give(self, pair: int) -> None:
        """Hand the pair's order to its driver."""
        driver = int(self.snapshot.candidate_driver[pair])
        pickup_at, dropoff_at = (int(at) for at in self.where[pair])
        self.plans = with_order(
            self.plans, driver, int(self.order[pair]), pickup_at=pickup_at, dropoff_at=dropoff_at
        )
        self.load[driver] += 1
        self.is_changed[driver] = True
        self.changed.append(driver)

    def rerouted(self) -> IntArray:
        """Return the drivers, ascending, whose new stops are more than one order's pickup and drop-off."""
        changed = np.unique(np.array(self.changed, np.int32))
        return changed[np.diff(self.plans.offsets)[changed] > 2]
