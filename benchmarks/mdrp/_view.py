"""What a strategy is shown of the world: the columns of a snapshot."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from benchmarks.mdrp._world import DROPOFF, ON_BOARD, OPEN, PICKUP, UNPLACED, World, bundle_size
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
        """Return the snapshot of minute `t`, its orders and drivers; None if no open order has a candidate.

        Orders int64 [n] and drivers int64 [m] are the instance's, by place on the snapshot's axes.
        """
        seen = _look(world, t, self._target, self._most, self._owed, self._lat, self._lon)
        orders, open_orders, drivers, *blocks = seen
        columns: dict[str, Any] = {}
        for names, block in zip(_NAMES, blocks, strict=True):
            block.setflags(write=False)  # its rows inherit it
            if isinstance(names, str):
                columns[names] = block
            else:
                columns.update(zip(names, block, strict=True))
        if not len(columns["candidate_driver"]):
            return None
        snapshot = build_snapshot(
            now_s=t * 60.0,
            next_s=next_t * 60.0,
            open_orders=open_orders,
            by_trips=True,
            pickup_service_s=world.half * 60.0,
            dropoff_service_s=world.half * 60.0,
            travel=self._travel,
            wait_node=self._travel.waiting_nodes,
            **columns,
        )
        return snapshot, orders, drivers


_PLACES = ("order_restaurant", "order_restaurant_node", "order_customer_node", "order_driver")
_TIMES = (
    "order_restaurant_lat",
    "order_restaurant_lon",
    "order_customer_lat",
    "order_customer_lon",
    "order_placed_s",
    "order_since_s",
    "order_ready_s_est",
    "order_due_s",
    "order_latest_s",
)
_FLAGS = ("order_is_ready", "order_is_picked_up", "order_is_pinned")
_MOMENTS = (
    "driver_lat",
    "driver_lon",
    "driver_from_s",
    "driver_rating",
    "driver_short_orders",
    "driver_shift_end_s",
)
_NAMES: tuple[str | tuple[str, ...], ...] = (
    "candidate_offsets",
    "candidate_driver",
    "candidate_distance_m",
    "wait_demand",
    _PLACES,
    _TIMES,
    _FLAGS,
    "driver_node",
    _MOMENTS,
    "driver_vehicle",
    "driver_capacity",
    "driver_load",
    "stop_offsets",
    "stop_order",
    "stop_kind",
)
"""The columns that `_look` returns behind orders, open orders and drivers: arrays, or the rows of blocks."""


@njit(cache=True, nogil=True, error_model="numpy")
def _look(world, t, target, most, owed, lat, lon):  # type: ignore[no-untyped-def]  # numba
    """Return the axes, then the columns named above, all in one call."""
    orders, open_orders, drivers = _axes(world, t)
    offsets, candidates, metres = _candidates(world, t, orders[:open_orders], drivers, most)
    places, times, flags = _order_columns(world, t, orders, drivers, target, lat, lon)
    node, moments, vehicle, capacity, load, stops, stop_order, stop_kind = _driver_columns(
        world, t, orders, drivers, owed, lat, lon
    )
    return (
        orders, open_orders, drivers, offsets, candidates, metres, _demand(world), places, times, flags,
        node, moments, vehicle, capacity, load, stops, stop_order, stop_kind,
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _order_columns(world, t, orders, drivers, target, lat, lon):  # type: ignore[no-untyped-def]  # numba
    """Return the blocks int32 [4, n], float64 [9, n] and bool [3, n] that the names above are the rows of."""
    n = len(orders)
    place, times, flags = np.empty((4, n), np.int32), np.empty((9, n)), np.empty((3, n), np.bool_)
    seat = np.full(len(world.on) + 1, -1, np.int32)  # the last one: nobody
    for k in range(len(drivers)):
        seat[drivers[k]] = k
    for j in range(n):
        i = orders[j]
        shop, home, d = world.restaurant[i], world.restaurants + i, world.driver[i]
        place[0, j], place[1, j], place[2, j], place[3, j] = shop, shop, home, seat[d]
        times[0, j], times[1, j], times[2, j], times[3, j] = lat[shop], lon[shop], lat[home], lon[home]
        times[4, j] = times[5, j] = world.placed[i] * 60.0
        times[6, j] = believed_ready(world, i, t) * 60.0
        times[7, j], times[8, j] = (world.placed[i] + target) * 60.0, world.latest[i] * 60.0
        flags[0, j], flags[1, j] = world.ready[i] <= t, world.state[i] == ON_BOARD
        flags[2, j] = flags[1, j] or (d >= 0 and world.is_bound[d] and _is_in_first_trip(world, d, i))
    return place, times, flags


@njit(cache=True, nogil=True, error_model="numpy")
def _is_in_first_trip(world, d, order):  # type: ignore[no-untyped-def]  # numba
    is_in = False
    for s in range(bundle_size(world, d, 0)):
        is_in |= world.stop_order[d, s] == order
    return is_in


@njit(cache=True, nogil=True, error_model="numpy")
def _driver_columns(world, t, orders, drivers, owed, lat, lon):  # type: ignore[no-untyped-def]  # numba
    """Return nodes, the block float64 [6, m], and the other columns in the order of `_NAMES`."""
    m = len(drivers)
    nodes, moments = np.empty(m, np.int32), np.empty((6, m))
    at = np.empty(len(world.placed), np.int32)
    for j in range(len(orders)):
        at[orders[j]] = j
    load, offsets = np.zeros(m, np.int16), np.zeros(m + 1, np.int64)
    for k in range(m):
        offsets[k + 1] = offsets[k] + world.stop_count[drivers[k]]
    stop_order, stop_kind = np.empty(offsets[m], np.int32), np.empty(offsets[m], np.int8)
    for k in range(m):
        d = drivers[k]
        node, begin = _whereabouts(world, d, t)
        nodes[k] = node
        moments[0, k], moments[1, k], moments[2, k], moments[3, k] = lat[node], lon[node], begin * 60.0, 5.0
        moments[4, k], moments[5, k] = max(owed[d] - world.taken[d], 0.0), world.off[d] * 60.0
        for s in range(world.stop_count[d]):
            stop_order[offsets[k] + s] = at[world.stop_order[d, s]]
            stop_kind[offsets[k] + s] = world.stop_kind[d, s]
            load[k] += world.stop_kind[d, s] == DROPOFF
    vehicle, capacity = np.zeros(m, np.int8), np.full(m, _CAPACITY, np.int16)
    return nodes, moments, vehicle, capacity, load, offsets, stop_order, stop_kind


@njit(cache=True, nogil=True, error_model="numpy")
def _demand(world):  # type: ignore[no-untyped-def]  # numba
    """Return how many orders each restaurant has had."""
    count = np.zeros(world.restaurants)
    for i in range(len(world.placed)):
        if world.state[i] != UNPLACED:
            count[world.restaurant[i]] += 1.0
    return count


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
def _whereabouts(world, d, t):  # type: ignore[no-untyped-def]  # numba
    """Return the node and the minute from which a driver can go on with the planned stops."""
    if world.stop_count[d] == 0 or (world.stop_kind[d, 0] == PICKUP and not world.is_bound[d]):
        return world.node[d], max(t, world.free[d])
    i = world.stop_order[d, 0]
    if world.stop_kind[d, 0] == DROPOFF:
        return world.restaurants + i, world.dropped[i]
    return world.restaurant[i], world.arrived[d] + world.half


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
