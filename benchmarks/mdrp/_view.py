"""What a strategy is shown of the world: the columns of a snapshot."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from benchmarks.mdrp._world import DROPOFF, ON_BOARD, OPEN, PICKUP, World, bundle_size
from benchmarks.mdrp.travel import PlaneTravel, ride_min
from domain.units import FloatArray, IntArray
from matching.contract import Snapshot
from matching.snapshot import build_snapshot

_CAPACITY = 1_000
"""Orders at once: the problem knows no limit."""


class View:
    """Builds the snapshots of one day. `owed_orders` float64 [d]: orders that guaranteed pay covers."""

    def __init__(
        self, travel: PlaneTravel, owed_orders: FloatArray, *, target_min: int, candidates: int
    ) -> None:
        self._travel, self._owed = travel, owed_orders
        self._target, self._most = target_min, candidates
        self._lat, self._lon = travel.degrees()

    def look(self, world: World, t: int, next_t: int) -> tuple[Snapshot, IntArray, IntArray] | None:
        """Return the snapshot of minute `t`, its orders and its drivers; None if no open order has a candidate.

        Orders int64 [n] and drivers int64 [m] are the instance's, by place on the snapshot's axes.
        """
        orders, open_orders, drivers = _axes(world, t)
        offsets, candidates, metres = _candidates(world, t, orders[:open_orders], drivers, self._most)
        if not len(candidates):
            return None
        snapshot = build_snapshot(
            now_s=t * 60.0,
            next_s=next_t * 60.0,
            open_orders=int(open_orders),
            by_trips=True,
            pickup_service_s=world.half * 60.0,
            dropoff_service_s=world.half * 60.0,
            travel=self._travel,
            candidate_offsets=offsets,
            candidate_driver=candidates,
            candidate_distance_m=metres,
            **self._order_columns(world, t, orders, drivers),
            **self._driver_columns(world, t, orders, drivers),
        )
        return snapshot, orders, drivers

    def _order_columns(self, world: World, t: int, orders: IntArray, drivers: IntArray) -> dict[str, Any]:
        place = world.restaurant[orders]
        customer = world.restaurants + orders
        placed_s = world.placed[orders] * 60.0
        is_ready = world.ready[orders] <= t
        ready = np.where(is_ready, world.ready[orders], np.maximum(world.believed[orders], t))
        is_on_board = world.state[orders] == ON_BOARD
        seat = np.full(len(world.on) + 1, -1, np.int32)
        seat[drivers] = np.arange(len(drivers))
        return {
            "order_restaurant": place,
            "order_restaurant_node": place,
            "order_customer_node": customer,
            "order_restaurant_lat": self._lat[place],
            "order_restaurant_lon": self._lon[place],
            "order_customer_lat": self._lat[customer],
            "order_customer_lon": self._lon[customer],
            "order_placed_s": placed_s,
            "order_ready_s_est": ready * 60.0,
            "order_due_s": placed_s + self._target * 60.0,
            "order_since_s": placed_s,
            "order_latest_s": world.latest[orders] * 60.0,
            "order_is_ready": is_ready,
            "order_is_picked_up": is_on_board,
            "order_is_pinned": is_on_board | _pinned(world, orders),
            "order_driver": seat[world.driver[orders]],
        }

    def _driver_columns(self, world: World, t: int, orders: IntArray, drivers: IntArray) -> dict[str, Any]:
        node, from_min, load, offsets, stop_order, stop_kind = _plans(world, t, orders, drivers)
        count = len(drivers)
        return {
            "driver_lat": self._lat[node],
            "driver_lon": self._lon[node],
            "driver_node": node,
            "driver_from_s": from_min * 60.0,
            "driver_vehicle": np.zeros(count, np.int8),
            "driver_load": load,
            "driver_capacity": np.full(count, _CAPACITY, np.int16),
            "driver_rating": np.full(count, 5.0),
            "driver_short_orders": np.maximum(self._owed[drivers] - world.taken[drivers], 0.0),
            "driver_shift_end_s": world.off[drivers] * 60.0,
            "stop_offsets": offsets,
            "stop_order": stop_order,
            "stop_kind": stop_kind,
        }


@njit(cache=True, nogil=True, error_model="numpy")
def _axes(world, t):  # type: ignore[no-untyped-def]  # numba
    """Return the orders on the axis, open ones first and by placement, how many are open, and the drivers."""
    drivers = np.empty(len(world.on), np.int64)
    m = stops = 0
    for d in range(len(world.on)):
        if world.on[d] <= t <= world.off[d]:
            drivers[m] = d
            m += 1
            stops += world.stop_count[d]
    orders = np.flatnonzero(world.state == OPEN)
    orders = orders[np.argsort(world.placed[orders], kind="mergesort")]
    open_orders = len(orders)
    accepted = np.empty(stops, np.int64)
    a = 0
    for d in drivers[:m]:
        for s in range(world.stop_count[d]):
            if world.stop_kind[d, s] == DROPOFF:
                accepted[a] = world.stop_order[d, s]
                a += 1
    return np.concatenate((orders, accepted[:a])), open_orders, drivers[:m]


@njit(cache=True, nogil=True, error_model="numpy")
def _plans(world, t, orders, drivers):  # type: ignore[no-untyped-def]  # numba
    """Return node, moment, load, and the plans as CSR over the axes, of the drivers on the axis."""
    m = len(drivers)
    at = np.empty(len(world.placed), np.int32)
    for i in range(len(orders)):
        at[orders[i]] = i
    node, begin = np.empty(m, np.int64), np.empty(m, np.int64)
    load, offsets = np.zeros(m, np.int64), np.zeros(m + 1, np.int64)
    for k in range(m):
        offsets[k + 1] = offsets[k] + world.stop_count[drivers[k]]
    stop_order, stop_kind = np.empty(offsets[m], np.int32), np.empty(offsets[m], np.int8)
    for k in range(m):
        d = drivers[k]
        node[k], begin[k] = _whereabouts(world, d, t)
        for s in range(world.stop_count[d]):
            stop_order[offsets[k] + s] = at[world.stop_order[d, s]]
            stop_kind[offsets[k] + s] = world.stop_kind[d, s]
            load[k] += world.stop_kind[d, s] == DROPOFF
    return node, begin, load, offsets, stop_order, stop_kind


@njit(cache=True, nogil=True, error_model="numpy")
def _whereabouts(world, d, t):  # type: ignore[no-untyped-def]  # numba
    """Return the node and the minute from which a driver can go on with the planned stops."""
    if world.stop_count[d] == 0 or (world.stop_kind[d, 0] == PICKUP and not world.is_bound[d]):
        return world.node[d], max(t, world.free[d])
    i = world.stop_order[d, 0]
    if world.stop_kind[d, 0] == DROPOFF:
        return world.restaurants + i, world.dropped[i]
    return world.restaurant[i], world.arrived[d] + world.half


@njit(cache=True, nogil=True, error_model="numpy")
def _pinned(world, orders):  # type: ignore[no-untyped-def]  # numba
    """Tell which orders are of the trip that their driver is bound for."""
    is_pinned = np.zeros(len(orders), np.bool_)
    for k in range(len(orders)):
        d = world.driver[orders[k]]
        if d >= 0 and world.is_bound[d]:
            for s in range(bundle_size(world, d, 0)):
                is_pinned[k] |= world.stop_order[d, s] == orders[k]
    return is_pinned


@njit(cache=True, nogil=True, error_model="numpy")
def _candidates(world, t, orders, drivers, most):  # type: ignore[no-untyped-def]  # numba
    """Return each open order's nearest drivers who may be there before their shift ends, as CSR."""
    m = len(drivers)
    node, free, place = np.empty(m, np.int64), np.empty(m, np.int64), np.empty(m, np.int64)
    for k in range(m):
        node[k], place[k], free[k] = _outlook(world, drivers[k], t)
    offsets = np.zeros(len(orders) + 1, np.int64)
    candidates = np.empty(len(orders) * min(most, m), np.int32)
    metres = np.empty(len(candidates))
    away, some = np.empty(m), np.empty(m, np.int32)
    size = 0
    for j in range(len(orders)):
        shop, found = world.restaurant[orders[j]], 0
        for k in range(m):
            ride = ride_min(world.xy, place[k], shop, world.speed)
            if free[k] + ride + world.half <= world.off[drivers[k]] or _joins(world, drivers[k], shop):
                dx = world.xy[node[k], 0] - world.xy[shop, 0]
                dy = world.xy[node[k], 1] - world.xy[shop, 1]
                away[found], some[found] = math.sqrt(float(dx * dx + dy * dy)), k
                found += 1
        for k in np.argsort(away[:found], kind="mergesort")[:most]:
            candidates[size], metres[size] = some[k], away[k]
            size += 1
        offsets[j + 1] = size
    return offsets, candidates[:size], metres[:size]


@njit(cache=True, nogil=True, error_model="numpy")
def _outlook(world, d, t):  # type: ignore[no-untyped-def]  # numba
    """Return where a driver is, where its plan ends, and when, as far as that can be believed."""
    node, at_min = _whereabouts(world, d, t)
    place, s = node, 0
    while s < world.stop_count[d]:
        i = world.stop_order[d, s]
        if world.stop_kind[d, s] == PICKUP:
            size, shop = bundle_size(world, d, s), world.restaurant[i]
            if place != shop:
                at_min += ride_min(world.xy, place, shop, world.speed) + world.half
            for k in range(s, s + size):
                at_min = max(at_min, believed_ready(world, world.stop_order[d, k], t))
            at_min += world.half
            place, s = shop, s + size
        else:
            if place != world.restaurants + i:
                at_min += ride_min(world.xy, place, world.restaurants + i, world.speed) + world.half
            at_min += world.half
            place, s = world.restaurants + i, s + 1
    return node, place, at_min


@njit(cache=True, nogil=True, error_model="numpy")
def believed_ready(world, order, t):  # type: ignore[no-untyped-def]  # numba
    """Return when an order is believed to be ready: never before now while it is not."""
    if world.ready[order] <= t:
        return world.ready[order]
    return max(world.believed[order], t)


@njit(cache=True, nogil=True, error_model="numpy")
def _joins(world, d, shop):  # type: ignore[no-untyped-def]  # numba
    """Tell whether a driver's plan has a pickup at a restaurant."""
    for s in range(world.stop_count[d]):
        if world.stop_kind[d, s] == PICKUP and world.restaurant[world.stop_order[d, s]] == shop:
            return True
    return False
