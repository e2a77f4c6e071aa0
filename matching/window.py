"""From records to a strategy and back: orders and drivers as mappings in, who carries what out.

    window = make_window(orders, drivers, now_s=now_s, strategy=strategy)
    decision = strategy(window.snapshot, rng)
    window.assignments(decision)

For a service with tables of its own, `matching.snapshot.build_snapshot` takes columns instead.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from domain.errors import UserError
from domain.units import BoolArray, FloatArray, IntArray, haversine_m
from matching._columns import driver_columns, node_columns, order_columns, places, stop_columns
from matching._records import Driver, Order, Record, read_drivers, read_orders
from matching.contract import Decision, Snapshot, Strategy
from matching.plain_travel import PointTravel
from matching.routes import decided_plans
from matching.snapshot import build_snapshot
from roads.protocols import TravelTimes


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """A snapshot, and whom its axes are about: ids by place on the order axis and on the driver axis."""

    snapshot: Snapshot
    order_ids: tuple[Hashable, ...]
    driver_ids: tuple[Hashable, ...]

    def assignments(self, decision: Decision) -> dict[Hashable, Hashable]:
        """Return order id -> driver id of every order that gets a driver, or another one."""
        new = np.flatnonzero(decision.driver != self.snapshot.order_driver)
        return {self.order_ids[i]: self.driver_ids[decision.driver[i]] for i in new}

    def waiting(self, decision: Decision) -> list[Hashable]:
        """Return the ids of open orders that wait for the next decision."""
        return [self.order_ids[i] for i in np.flatnonzero(decision.driver < 0)]

    def routes(self, decision: Decision) -> dict[Hashable, list[tuple[str, Hashable]]]:
        """Return driver id -> stops, ("pickup" or "dropoff", order id) in driving order, if they change."""
        plans = decided_plans(self.snapshot, decision)
        moved = decision.driver != self.snapshot.order_driver
        drivers = {*decision.route_driver, *decision.driver[moved], *self.snapshot.order_driver[moved]} - {-1}
        return {
            self.driver_ids[d]: [(kind.name.lower(), self.order_ids[i]) for i, kind in plans.of(int(d))]
            for d in sorted(drivers)
        }


def make_window(
    orders: Iterable[Record],
    drivers: Iterable[Record],
    *,
    now_s: float,
    strategy: Strategy,
    travel: TravelTimes | None = None,
    pickup_service_s: float = 90.0,
    dropoff_service_s: float = 90.0,
    by_trips: bool = False,
) -> Window:
    """Return a window of open and accepted orders and the drivers on shift; keys in docs/matching-library.md.

    Candidates of an order are the nearest `strategy.candidates` drivers within `strategy.radius_m` of the
    restaurant who have room and have not declined it; drivers who are nobody's candidates, and their
    orders, are left out of the snapshot. Moments are seconds since a local midnight. Without a `travel` of
    yours, times are straight lines x 1.3 at 8, 7 and 4.5 m/s (car, scooter, bicycle) between the records' own
    places; with it, records name its nodes. O((n + m) log m), 50 to 90 us per record.

    Raises:
        UserError: a key is missing, unknown or holds no such value; an id stands twice; an order's driver
            is not there; a driver's stops are not those owed. The message names the record.
    """
    on_nodes = travel is not None
    some = read_orders(orders, now_s, on_nodes=on_nodes)
    fleet = read_drivers(drivers, now_s, on_nodes=on_nodes)
    carried = _carried(some, fleet)
    open_orders = [order for order in some if order.driver is None]
    has_room = np.array([len(carried[driver.id]) < driver.capacity for driver in fleet], bool)
    offsets, near, metres = _candidates(open_orders, fleet, has_room, strategy)
    keep = np.unique(near)
    shown = [fleet[d] for d in keep]
    rows = [*open_orders, *(order for driver in shown for order in carried[driver.id])]
    at = places(rows, shown)
    snapshot = build_snapshot(
        now_s=now_s,
        next_s=now_s + strategy.window_s,
        open_orders=len(open_orders),
        candidate_offsets=offsets,
        candidate_driver=np.searchsorted(keep, near),
        candidate_distance_m=metres,
        pickup_service_s=pickup_service_s,
        dropoff_service_s=dropoff_service_s,
        by_trips=by_trips,
        travel=PointTravel(lat=at[:, 0], lon=at[:, 1]) if travel is None else travel,
        **order_columns(rows, shown),
        **driver_columns(shown, carried),
        **stop_columns(rows, shown, carried),
        **node_columns(rows, shown),
    )
    return Window(
        snapshot=snapshot,
        order_ids=tuple(order.id for order in rows),
        driver_ids=tuple(driver.id for driver in shown),
    )


def _carried(orders: Sequence[Order], drivers: Sequence[Driver]) -> dict[Hashable, list[Order]]:
    """Return every driver's accepted orders."""
    carried: dict[Hashable, list[Order]] = {driver.id: [] for driver in drivers}
    for order in orders:
        if order.driver is None:
            continue
        if order.driver not in carried:
            raise UserError(f"order {order.id!r} has driver {order.driver!r}, who is not among the drivers")
        carried[order.driver].append(order)
    return carried


def _candidates(
    orders: Sequence[Order], fleet: Sequence[Driver], has_room: BoolArray, strategy: Strategy
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return candidates as CSR over open orders, nearest first; ties go to the driver named first."""
    free = np.flatnonzero(has_room)
    declined = max((len(order.declined_by) for order in orders), default=0)
    k = min(strategy.candidates + declined, len(free))
    if k == 0 or not orders:
        return np.zeros(len(orders) + 1, np.int64), np.empty(0, np.int64), np.empty(0)
    at = np.array([fleet[d].at for d in free.tolist()])
    restaurants = np.array([order.restaurant_at for order in orders])
    found = cKDTree(_on_sphere(at)).query(_on_sphere(restaurants), k=np.arange(1, k + 1))[1]
    found = np.sort(found, axis=1)
    metres = haversine_m(*restaurants.T[:, :, None], *np.moveaxis(at[found], 2, 0))
    lists, away = [], []
    for order, row, far in zip(orders, found, metres, strict=True):
        near = np.argsort(far, kind="stable")
        near = near[far[near] <= strategy.radius_m]
        may = [fleet[d].id not in order.declined_by for d in free[row[near]].tolist()]
        near = near[np.array(may, bool)][: strategy.candidates]
        lists.append(free[row[near]])
        away.append(far[near])
    return np.cumsum([0, *map(len, lists)]), np.concatenate(lists), np.concatenate(away)


def _on_sphere(at: FloatArray) -> FloatArray:
    """Return points of the unit sphere, whose straight-line distances rank as great-circle ones do."""
    up, east = np.radians(at).T
    return np.stack([np.cos(up) * np.cos(east), np.cos(up) * np.sin(east), np.sin(up)], axis=1)
