"""Routes under construction: put orders in, take them out, price every way to do so, and decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from domain.stop_kind import StopKind
from domain.units import BoolArray, FloatArray, IntArray, haversine_m
from matching.contract import Decision, Snapshot
from matching.insertion import Insertions, best_insertions
from matching.objective import FRESH_S, Objective
from matching.routes import PICKUP, Plans, planned, route_columns, stop_times, with_order


class Workbench:
    """The plans of a snapshot's drivers, and who has which order, while a strategy changes them.

    `plans` now; `driver` int32 [n] as in `Decision`; `load` int64 [m] orders per driver, `most` int64 [m] how
    many it may be: the vehicle's capacity, but no more than `max_load`.
    """

    def __init__(self, snapshot: Snapshot, objective: Objective, *, max_load: int) -> None:
        self.snapshot = snapshot
        self.plans = planned(snapshot)
        self.driver: NDArray[np.int32] = snapshot.order_driver.astype(np.int32)
        self.load: NDArray[np.int64] = snapshot.driver_load.astype(np.int64)
        self.most: NDArray[np.int64] = np.minimum(snapshot.driver_capacity, max_load).astype(np.int64)
        self._objective = objective
        self._changed: set[int] = set()

    def has_room(self, drivers: IntArray) -> BoolArray:
        """Tell which of some drivers may take one order more."""
        return self.load[drivers] < self.most[drivers]

    def insertions(self, order: IntArray, driver: IntArray) -> Insertions:
        """Return the cheapest insertion of each pair, of infinite cost where it is of no use.

        That is where the order would be picked up after the driver's shift, or delivered later than it is
        wanted; what it does to others counts as cost only. As `insertion.best_insertions`; every driver must
        have room.
        """
        snapshot = self.snapshot
        found = best_insertions(snapshot, self.plans, order, driver, objective=self._objective)
        is_late = found.dropoff_s > snapshot.order_latest_s[order]
        is_late |= found.pickup_s - snapshot.pickup_service_s > snapshot.driver_shift_end_s[driver]
        return replace(found, cost=np.where(is_late, np.inf, found.cost))

    def insert(self, order: int, driver: int, *, pickup_at: int, dropoff_at: int) -> None:
        """Put an order that nobody has into a driver's stops, at positions as for `routes.with_order`."""
        self.plans = with_order(self.plans, driver, order, pickup_at=pickup_at, dropoff_at=dropoff_at)
        self.driver[order] = driver
        self.load[driver] += 1
        self._changed.add(driver)

    def remove(self, order: int) -> None:
        """Take an order out of its driver's stops; O(all stops)."""
        driver = int(self.driver[order])
        kept = self.plans.order != order
        before = np.zeros(len(kept) + 1, np.int64)
        np.cumsum(kept, out=before[1:])
        self.plans = Plans(
            offsets=before[self.plans.offsets], order=self.plans.order[kept], kind=self.plans.kind[kept]
        )
        self.driver[order] = -1
        self.load[driver] -= 1
        self._changed.add(driver)

    def set_plans(self, plans: Plans) -> None:
        """Replace all plans; orders that are in none of them have no driver."""
        self._changed = set(range(self.snapshot.drivers))
        self.plans = plans
        self.driver = np.full(self.snapshot.orders, -1, np.int32)
        self.driver[plans.order] = np.repeat(np.arange(self.snapshot.drivers), np.diff(plans.offsets))
        given = self.driver[self.driver >= 0]
        self.load = np.bincount(given, minlength=self.snapshot.drivers).astype(np.int64)

    def hold_back(self, max_hold_s: float) -> None:
        """Take out open orders that need not be given away yet: nobody sets out for them before `next_s`.

        Only those that, at `next_s`, will not have waited longer than `max_hold_s`.
        """
        snapshot = self.snapshot
        waited_s = snapshot.next_s - snapshot.order_since_s[: snapshot.open_orders]
        may_wait = (self.driver[: snapshot.open_orders] >= 0) & (waited_s <= max_hold_s)
        if not may_wait.any():
            return
        leave_s = leaving_s(snapshot, self.plans)
        for order in np.flatnonzero(may_wait & (leave_s[: snapshot.open_orders] >= snapshot.next_s)):
            self.remove(int(order))

    def decision(self) -> Decision:
        """Return the decision: drivers whose stops were changed get theirs as routes."""
        before = planned(self.snapshot)
        drivers = [d for d in sorted(self._changed) if self.plans.of(d) != before.of(d)]
        return Decision(driver=self.driver, **route_columns(self.plans, np.array(drivers, np.int64)))


def drivers_near(snapshot: Snapshot, order: int, *, most: int, radius_m: float) -> NDArray[np.int64]:
    """Return the `most` drivers nearest to an order's restaurant, within a radius, nearest first.

    The contract names candidates of open orders only, so this is for accepted ones. O(m log m).
    """
    metres = haversine_m(
        snapshot.order_restaurant_lat[order],
        snapshot.order_restaurant_lon[order],
        snapshot.driver_lat,
        snapshot.driver_lon,
    )
    by_distance = np.argsort(metres, kind="stable")[:most]
    near: NDArray[np.int64] = by_distance[metres[by_distance] <= radius_m]
    return near


def plans_of(stops: list[list[tuple[int, StopKind]]]) -> Plans:
    """Return plans of every driver's stops, given as `Plans.of` does."""
    flat = [stop for each in stops for stop in each]
    return Plans(
        offsets=np.cumsum([0, *(len(each) for each in stops)]).astype(np.int64),
        order=np.array([order for order, _ in flat], np.int32),
        kind=np.array([kind for _, kind in flat], np.int8),
    )


def routes_cost(snapshot: Snapshot, plans: Plans, objective: Objective) -> FloatArray:
    """Return what each driver's stops cost by an objective, fairness aside: float64 [m], seconds from now."""
    times = stop_times(snapshot, plans)
    lengths = np.diff(plans.offsets)
    driver = np.repeat(np.arange(snapshot.drivers), lengths)
    before_s = np.roll(times.depart_s, 1)
    has_stops = lengths > 0
    before_s[plans.offsets[:-1][has_stops]] = snapshot.driver_from_s[has_stops]
    driving_s = np.maximum(
        times.arrival_s - before_s, 0.0
    )  # one service for all: no ride between its pickups
    end_s = snapshot.driver_from_s.copy()
    end_s[has_stops] = times.depart_s[plans.offsets[1:][has_stops] - 1]
    age_s = times.depart_s - snapshot.order_ready_s_est[plans.order]
    cost = (
        objective.click_to_door * (times.depart_s - snapshot.now_s)
        + objective.lateness * np.maximum(times.depart_s - snapshot.order_due_s[plans.order], 0.0)
        + objective.freshness * age_s**2 / (2.0 * FRESH_S)
    ) * (plans.kind != PICKUP) + objective.driving * driving_s
    total = np.bincount(driver, cost, minlength=snapshot.drivers).astype(np.float64)
    return total + objective.driver_time * (end_s - snapshot.now_s)


def leaving_s(snapshot: Snapshot, plans: Plans) -> FloatArray:
    """Return by when the driver must leave for each order's pickup, to be there when it can start.

    float64 [n], moments on the clock; inf for orders that no plan picks up. Orders that are picked up in one
    service have one moment.
    """
    times = stop_times(snapshot, plans)
    leave_s = np.full(snapshot.orders, np.inf)
    for driver in np.flatnonzero(np.diff(plans.offsets)):
        free_s, moment_s = snapshot.driver_from_s[driver], np.inf
        before = -1
        for stop in range(plans.offsets[driver], plans.offsets[driver + 1]):
            order = plans.order[stop]
            is_joint = before >= 0 and snapshot.order_restaurant[order] == snapshot.order_restaurant[before]
            if plans.kind[stop] != PICKUP:
                before = -1
            else:
                if not (snapshot.by_trips and is_joint):
                    moment_s = times.start_s[stop] - (times.arrival_s[stop] - free_s)
                leave_s[order], before = moment_s, order
            free_s = times.depart_s[stop]
    return leave_s
