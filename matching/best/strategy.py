"""`Best`: plan everybody's routes anew at every decision, and commit only what cannot wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from domain.registry import check_parameters, param
from domain.units import BoolArray, FloatArray, IntArray
from matching.best._commit import decided, going
from matching.best._moves import waiting_places
from matching.best._problem import part_of
from matching.best._search import plan_anew
from matching.contract import Decision, Snapshot
from matching.objective import parse_objective
from matching.routes import Plans, planned, stop_times


@dataclass(frozen=True, kw_only=True)
class Best:
    """Re-plan all routes by destroy and repair, commit late, and let idle drivers wait where it pays.

    1. *Plan.* All open orders go into the planned routes of their candidates, by cheapest insertion in order
       of readiness, then, where an order may have to go now or next time, relocation and `rounds` for each
       such order of destroy and repair: it and a few orders near it in place and time are taken out and put
       back in random order wherever they cost least by the `objective`. What is accepted already stays with
       its driver. Where stops may interleave, orders of several restaurants share a route; by trips, orders
       of one restaurant share a trip.
    2. *Commit.* An order is given away only if its driver must set out for it before the next decision lest
       it be picked up later than planned; the others are planned afresh next time, with what is known then.
       Where the market does not work by trips, an order is held for `hold_s` at most, since customers and
       drivers want to know.
    3. *Wait.* Drivers who have nothing to do go and wait where the demand so far is covered worst, where
       drivers can be sent (`Snapshot.wait_node`).

    `fairness` in the objective prefers drivers who have had too little to do, whose guaranteed pay is spent
    anyway. Windows of more than `part` orders are cut into neighbourhoods, planned one after the other, so
    that cost grows linearly. Random numbers decide what is taken out.
    """

    name: ClassVar[str] = "best"
    summary: ClassVar[str] = "routes re-planned by destroy and repair, committed as late as possible"
    bundles: ClassVar[bool] = True
    exact: ClassVar[bool] = False
    reassigns: ClassVar[bool] = False

    window_s: float = param(5.0, "seconds between decisions", at_least=0)
    candidates: int = param(100, "drivers considered per order", at_least=1)
    radius_m: float = param(5_000.0, "how far from the restaurant drivers are considered", at_least=1)
    objective: str = param(
        "click_to_door + 0.5*lateness + 0.1*driver_time + 2*fairness",
        "weights of `matching.objective`'s terms",
    )
    tries: int = param(12, "soonest candidates that an order is tried with", at_least=1)
    rounds: float = param(10.0, "rounds of destroy and repair per order that may have to go", at_least=0)
    part: int = param(64, "orders planned together", at_least=1)
    hold_s: float = param(
        10.0, "an order that would wait longer than this goes now, unless by trips", at_least=0
    )
    move_most_s: float = param(900.0, "how far idle drivers are sent to wait; 0: never", at_least=0)
    move_gain_s: float = param(
        5.0, "least gain in mean time to reach an order for which a driver is sent to wait", at_least=0
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        parse_objective(self.objective)

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:
        """Decide."""
        plans = self._plan(snapshot, rng)
        times = stop_times(snapshot, plans)
        goes = going(
            snapshot.open_orders,
            plans.offsets,
            plans.order,
            plans.kind,
            times.arrival_s,
            times.start_s,
            times.depart_s,
            snapshot.driver_from_s,
            snapshot.order_restaurant,
            self._must_go(snapshot),
            snapshot.next_s,
            snapshot.by_trips,
        )
        driver, *routes = decided(plans.offsets, plans.order, plans.kind, goes, snapshot.order_driver)
        route_driver, route_offsets, route_order, route_kind = routes
        move_driver, move_node = self._moves(snapshot, plans)
        return Decision(
            driver=driver,
            route_driver=route_driver,
            route_offsets=route_offsets,
            route_order=route_order,
            route_kind=route_kind,
            move_driver=move_driver,
            move_node=move_node,
        )

    def _plan(self, snapshot: Snapshot, rng: np.random.Generator) -> Plans:
        """Return plans with every open order that somebody can take."""
        objective, plans = parse_objective(self.objective), planned(snapshot)
        has_candidates = np.flatnonzero(np.diff(snapshot.candidate_offsets) > 0)
        for chosen in _parts(snapshot, has_candidates, self.part):
            problem, orders, drivers = part_of(snapshot, plans, chosen, objective)
            offsets, order, kind = plan_anew(
                problem,
                plans.offsets,
                plans.order,
                plans.kind,
                orders,
                drivers,
                self.tries,
                self.rounds,
                rng,
            )
            plans = Plans(offsets=offsets, order=order, kind=kind)
        return plans

    def _must_go(self, snapshot: Snapshot) -> BoolArray:
        """Return which open orders would wait too long for the next decision: bool [open_orders]."""
        if snapshot.by_trips:
            return np.zeros(snapshot.open_orders, np.bool_)
        since = snapshot.order_since_s[: snapshot.open_orders]
        must_go: BoolArray = snapshot.next_s - since > self.hold_s
        return must_go

    def _moves(self, snapshot: Snapshot, plans: Plans) -> tuple[IntArray, IntArray]:
        """Return which drivers go and wait where."""
        if not len(snapshot.wait_node) or self.move_most_s == 0.0:
            return np.empty(0, np.int32), np.empty(0, np.int32)
        is_busy = np.diff(plans.offsets) > 0
        return waiting_places(snapshot, is_busy, most_s=self.move_most_s, gain_s=self.move_gain_s)


def _parts(snapshot: Snapshot, orders: IntArray, most: int) -> list[IntArray]:
    """Cut orders at medians of their restaurants' coordinates until every part has at most `most`."""
    if len(orders) <= most:
        return [orders] if len(orders) else []
    lat, lon = snapshot.order_restaurant_lat[orders], snapshot.order_restaurant_lon[orders]
    axis: FloatArray = lat if np.ptp(lat) >= np.ptp(lon) * np.cos(np.radians(lat.mean())) else lon
    ranks = np.argsort(axis, kind="stable")
    half = len(orders) // 2
    return _parts(snapshot, np.sort(orders[ranks[:half]]), most) + _parts(
        snapshot, np.sort(orders[ranks[half:]]), most
    )
