"""Planned stops of many drivers as CSR arrays: build them, add an order, drive them in thought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from domain.stop_kind import StopKind
from domain.units import DAY_S, FloatArray, IntArray
from domain.vehicles import Vehicle
from matching.contract import Decision, Snapshot
from matching.snapshot import frozen

PICKUP, DROPOFF = int(StopKind.PICKUP), int(StopKind.DROPOFF)


@dataclass(frozen=True, kw_only=True, eq=False)
class Plans:
    """The stops of m drivers: driver d drives ``offsets[d]:offsets[d + 1]`` of `order` and `kind`, in turn.

    `offsets` int64 [m+1], `order` int32 on the order axis, `kind` int8 (`StopKind`); all read-only.
    """

    offsets: IntArray
    order: IntArray
    kind: IntArray

    def __post_init__(self) -> None:
        for array in (self.offsets, self.order, self.kind):
            array.setflags(write=False)

    def of(self, driver: int) -> list[tuple[int, StopKind]]:
        """Return one driver's stops as (order, kind), for people and tests."""
        stops = slice(self.offsets[driver], self.offsets[driver + 1])
        return [(int(o), StopKind(int(k))) for o, k in zip(self.order[stops], self.kind[stops], strict=True)]


@dataclass(frozen=True, kw_only=True, eq=False)
class StopTimes:
    """When stops happen, float64 [stops] in the order of `Plans`, on the clock's axis.

    `arrival_s`: reached; `start_s`: handling starts, later than arrival where food is waited for;
    `depart_s`: handled. The moment of delivery is a drop-off's `depart_s`.
    """

    arrival_s: FloatArray
    start_s: FloatArray
    depart_s: FloatArray


def planned(snapshot: Snapshot) -> Plans:
    """Return the stops that drivers have now, without copying."""
    return Plans(offsets=snapshot.stop_offsets, order=snapshot.stop_order, kind=snapshot.stop_kind)


def with_order(plans: Plans, driver: int, order: int, *, pickup_at: int, dropoff_at: int) -> Plans:
    """Return new plans with `order` put into `driver`'s stops.

    The pickup goes before the stop now at position `pickup_at`, the drop-off before the one now at
    `dropoff_at` (>= `pickup_at`; the number of stops means the end). O(all stops).
    """
    offsets, orders, kinds = _with_order(
        plans.offsets, plans.order, plans.kind, driver, order, int(pickup_at), int(dropoff_at)
    )
    return Plans(offsets=offsets, order=orders, kind=kinds)


def default_plans(snapshot: Snapshot, driver: IntArray) -> Plans:
    """Return what drivers do without explicit routes when `driver` [n] (int32) is decided.

    The planned stops, less those of orders that another driver takes over; then the pickups of new orders in
    axis order; then their drop-offs in axis order. In a market `by_trips`, each new order in axis order at
    the end of the first trip it may join, else in a trip of its own. O(orders + stops), by trips times the
    new orders per driver.
    """
    offsets, orders, kinds = _default_plans(
        frozen(driver, np.int32),
        snapshot.order_driver,
        snapshot.stop_offsets,
        snapshot.stop_order,
        snapshot.stop_kind,
    )
    if snapshot.by_trips:
        _sort_into_trips(
            frozen(driver, np.int32), snapshot.order_driver, snapshot.order_restaurant, offsets, orders, kinds
        )
    return Plans(offsets=offsets, order=orders, kind=kinds)


def decided_plans(snapshot: Snapshot, decision: Decision) -> Plans:
    """Return every driver's stops once a (feasible) decision holds: its routes, else the default ones."""
    plans = default_plans(snapshot, decision.driver)
    if not len(decision.route_driver):
        return plans
    offsets, orders, kinds = _spliced(
        plans.offsets,
        plans.order,
        plans.kind,
        frozen(decision.route_driver, np.int32),
        frozen(decision.route_offsets, np.int64),
        frozen(decision.route_order, np.int32),
        frozen(decision.route_kind, np.int8),
    )
    return Plans(offsets=offsets, order=orders, kind=kinds)


def route_columns(plans: Plans, drivers: IntArray) -> dict[str, Any]:
    """Return the `Decision` fields that give `drivers` [r] (ascending, each once) their stops of `plans`.

    None where nobody is to have a route: that is what a decision without these fields says.
    """
    if not len(drivers):
        return {}
    offsets, orders, kinds = _routes_of(plans.offsets, plans.order, plans.kind, drivers.astype(np.int64))
    return {
        "route_driver": drivers.astype(np.int32),
        "route_offsets": offsets,
        "route_order": orders,
        "route_kind": kinds,
    }


def stop_nodes(snapshot: Snapshot, plans: Plans) -> IntArray:
    """Return the road node of every stop: int32 [stops]."""
    nodes: IntArray = np.where(
        plans.kind == PICKUP,
        snapshot.order_restaurant_node[plans.order],
        snapshot.order_customer_node[plans.order],
    )
    return nodes


def stop_times(snapshot: Snapshot, plans: Plans) -> StopTimes:
    """Return when every stop happens if drivers set out as soon as they can, on believed times.

    A driver who is early at a restaurant waits for the food. One batch of travel times per vehicle type.
    """
    origins, destinations, vehicles = _legs_of(
        plans.offsets,
        plans.order,
        plans.kind,
        snapshot.order_restaurant_node,
        snapshot.order_customer_node,
        snapshot.driver_node,
        snapshot.driver_vehicle,
    )
    legs = np.zeros(len(origins))
    for vehicle in np.flatnonzero(np.bincount(vehicles)).tolist():
        some = slice(None) if (vehicles == vehicle).all() else np.flatnonzero(vehicles == vehicle)
        legs[some] = snapshot.travel.times(
            origins[some], destinations[some], at_s=snapshot.now_s % DAY_S, vehicle=Vehicle(vehicle)
        )
    arrival, start, depart = _stop_times(
        plans.offsets,
        plans.order,
        plans.kind,
        legs,
        snapshot.order_restaurant,
        snapshot.order_ready_s_est,
        snapshot.driver_from_s,
        snapshot.pickup_service_s,
        snapshot.dropoff_service_s,
        snapshot.by_trips,
    )
    return StopTimes(arrival_s=arrival, start_s=start, depart_s=depart)


@njit(cache=True, nogil=True, error_model="numpy")
def _with_order(offsets, orders, kinds, driver, order, pickup_at, dropoff_at):  # type: ignore[no-untyped-def]  # numba
    stops = len(orders)
    new_offsets = offsets.copy()
    new_offsets[driver + 1 :] += 2
    new_orders, new_kinds = np.empty(stops + 2, np.int32), np.empty(stops + 2, np.int8)
    pickup, dropoff = offsets[driver] + pickup_at, offsets[driver] + dropoff_at
    at = 0
    for s in range(stops + 1):
        if s == pickup:
            new_orders[at], new_kinds[at] = order, PICKUP
            at += 1
        if s == dropoff:
            new_orders[at], new_kinds[at] = order, DROPOFF
            at += 1
        if s < stops:
            new_orders[at], new_kinds[at] = orders[s], kinds[s]
            at += 1
    return new_offsets, new_orders, new_kinds


@njit(cache=True, nogil=True, error_model="numpy")
def _routes_of(offsets, orders, kinds, drivers):  # type: ignore[no-untyped-def]  # numba
    """Return the stops of some drivers as CSR."""
    new_offsets = np.zeros(len(drivers) + 1, np.int64)
    for r, d in enumerate(drivers):
        new_offsets[r + 1] = new_offsets[r] + offsets[d + 1] - offsets[d]
    new_orders, new_kinds = np.empty(new_offsets[-1], np.int32), np.empty(new_offsets[-1], np.int8)
    for r, d in enumerate(drivers):
        new_orders[new_offsets[r] : new_offsets[r + 1]] = orders[offsets[d] : offsets[d + 1]]
        new_kinds[new_offsets[r] : new_offsets[r + 1]] = kinds[offsets[d] : offsets[d + 1]]
    return new_offsets, new_orders, new_kinds


@njit(cache=True, nogil=True, error_model="numpy")
def _default_plans(driver, old_driver, offsets, orders, kinds):  # type: ignore[no-untyped-def]  # numba
    m = len(offsets) - 1
    count = np.zeros(m + 1, np.int64)
    for d in range(m):
        for s in range(offsets[d], offsets[d + 1]):
            count[d + 1] += driver[orders[s]] == d
    for i in range(len(driver)):
        if driver[i] >= 0 and driver[i] != old_driver[i]:
            count[driver[i] + 1] += 2
    new_offsets = np.cumsum(count)
    new_orders, new_kinds = np.empty(new_offsets[m], np.int32), np.empty(new_offsets[m], np.int8)
    at = new_offsets[:m].copy()
    for d in range(m):
        for s in range(offsets[d], offsets[d + 1]):
            if driver[orders[s]] == d:
                new_orders[at[d]], new_kinds[at[d]] = orders[s], kinds[s]
                at[d] += 1
    for kind in (PICKUP, DROPOFF):
        for i in range(len(driver)):
            d = driver[i]
            if d >= 0 and d != old_driver[i]:
                new_orders[at[d]], new_kinds[at[d]] = i, kind
                at[d] += 1
    return new_offsets, new_orders, new_kinds


@njit(cache=True, nogil=True, error_model="numpy")
def _spliced(offsets, orders, kinds, route_driver, route_offsets, route_orders, route_kinds):  # type: ignore[no-untyped-def]  # numba
    """Return the plans with the stops of `route_driver` replaced by their routes."""
    m = len(offsets) - 1
    row, new_offsets = np.full(m, -1, np.int64), np.zeros(m + 1, np.int64)
    for r in range(len(route_driver)):
        row[route_driver[r]] = r
    for d in range(m):
        r = row[d]
        size = route_offsets[r + 1] - route_offsets[r] if r >= 0 else offsets[d + 1] - offsets[d]
        new_offsets[d + 1] = new_offsets[d] + size
    new_orders, new_kinds = np.empty(new_offsets[m], np.int32), np.empty(new_offsets[m], np.int8)
    for d in range(m):
        r, first, end = row[d], new_offsets[d], new_offsets[d + 1]
        if r >= 0:
            new_orders[first:end] = route_orders[route_offsets[r] : route_offsets[r + 1]]
            new_kinds[first:end] = route_kinds[route_offsets[r] : route_offsets[r + 1]]
        else:
            new_orders[first:end] = orders[offsets[d] : offsets[d + 1]]
            new_kinds[first:end] = kinds[offsets[d] : offsets[d + 1]]
    return new_offsets, new_orders, new_kinds


@njit(cache=True, nogil=True, error_model="numpy")
def _legs_of(offsets, orders, kinds, restaurant_node, customer_node, driver_node, driver_vehicle):  # type: ignore[no-untyped-def]  # numba
    """Return origin, destination and vehicle of the leg to every stop."""
    origins, destinations = np.empty(len(orders), np.int32), np.empty(len(orders), np.int32)
    vehicles = np.empty(len(orders), np.int8)
    for d in range(len(offsets) - 1):
        before = driver_node[d]
        for s in range(offsets[d], offsets[d + 1]):
            is_pickup = kinds[s] == PICKUP
            node = restaurant_node[orders[s]] if is_pickup else customer_node[orders[s]]
            origins[s], destinations[s], vehicles[s] = before, node, driver_vehicle[d]
            before = node
    return origins, destinations, vehicles


@njit(cache=True, nogil=True, error_model="numpy")
def _sort_into_trips(driver, old_driver, restaurant, offsets, orders, kinds):  # type: ignore[no-untyped-def]  # numba
    """Put the new orders of default plans, which stand at the ends, into trips."""
    for d in range(len(offsets) - 1):
        first, end = offsets[d], offsets[d + 1]
        kept = end
        while kept > first and driver[orders[kept - 1]] != old_driver[orders[kept - 1]]:
            kept -= 1
        new = orders[kept : kept + (end - kept) // 2].copy()
        size = kept - first
        for order in new:
            pickup, dropoff = _trip_of(
                restaurant, orders[first : first + size], kinds[first : first + size], restaurant[order]
            )
            for at, kind in ((pickup, PICKUP), (dropoff + 1, DROPOFF)):
                for s in range(first + size, first + at, -1):
                    orders[s], kinds[s] = orders[s - 1], kinds[s - 1]
                orders[first + at], kinds[first + at] = order, kind
                size += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _trip_of(restaurant, orders, kinds, place):  # type: ignore[no-untyped-def]  # numba
    """Return after which pickups, and which drop-offs, of one plan an order of restaurant `place` joins."""
    size = len(orders)
    for s in range(size):
        if kinds[s] == PICKUP and restaurant[orders[s]] == place:
            pickup = s
            while pickup < size and kinds[pickup] == PICKUP and restaurant[orders[pickup]] == place:
                pickup += 1
            dropoff = pickup
            while dropoff < size and kinds[dropoff] == DROPOFF:
                dropoff += 1
            return pickup, dropoff
    return size, size


@njit(cache=True, nogil=True, error_model="numpy")
def _stop_times(  # type: ignore[no-untyped-def]  # numba
    offsets, orders, kinds, legs, restaurant, ready, begin, pickup_service, dropoff_service, by_trips
):
    arrival, start, depart = np.empty(len(orders)), np.empty(len(orders)), np.empty(len(orders))
    for d in range(len(offsets) - 1):
        t = begin[d]
        for s in range(offsets[d], offsets[d + 1]):
            if kinds[s] == DROPOFF:
                arrival[s] = start[s] = t + legs[s]
                t = start[s] + dropoff_service
            elif by_trips and s > offsets[d] and _is_same_pickup(restaurant, orders, kinds, s):
                arrival[s] = start[s - 1]  # one service for all: the one under way begins later
                start[s] = max(arrival[s], ready[orders[s]])
                t = start[s] + pickup_service
            else:
                arrival[s] = t + legs[s]
                start[s] = max(arrival[s], ready[orders[s]])
                t = start[s] + pickup_service
            depart[s] = t
        for s in range(offsets[d + 1] - 2, offsets[d] - 1, -1):
            if by_trips and _is_same_pickup(restaurant, orders, kinds, s + 1):
                start[s], depart[s] = start[s + 1], depart[s + 1]
    return arrival, start, depart


@njit(cache=True, nogil=True, error_model="numpy")
def _is_same_pickup(restaurant, orders, kinds, s):  # type: ignore[no-untyped-def]  # numba
    """Tell whether stop s and the one before are pickups at one restaurant."""
    both = kinds[s] == PICKUP and kinds[s - 1] == PICKUP
    return both and restaurant[orders[s]] == restaurant[orders[s - 1]]
