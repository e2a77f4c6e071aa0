"""What a strategy is shown of the world: the columns of a snapshot."""

from __future__ import annotations

import math
from itertools import accumulate, chain
from typing import NamedTuple

import numpy as np
from numba import njit

from benchmarks.mdrp._world import (
    DROPOFF,
    ON_BOARD,
    OPEN,
    PICKUP,
    UNPLACED,
    World,
    bundle_size,
    pass_time,
)
from benchmarks.mdrp.travel import PlaneTravel, ride_min
from domain.units import FloatArray, IntArray
from matching.contract import Snapshot

_CAPACITY = 1_000
"""Orders at once: the problem knows no limit."""


class Seen(NamedTuple):
    """A snapshot; the orders int64 [n] and drivers int64 [m] of the instance that are on its axes."""

    snapshot: Snapshot
    orders: IntArray
    drivers: IntArray


class View:
    """Builds the snapshots of one day. `owed_orders` float64 [d]: orders that guaranteed pay covers."""

    def __init__(
        self, travel: PlaneTravel, owed_orders: FloatArray, *, target_min: int, candidates: int
    ) -> None:
        self._travel, self._owed = travel, owed_orders
        self._target, self._most = target_min, candidates
        self._lat, self._lon = travel.degrees()

    def come_to(self, world: World, t: int, next_t: int) -> tuple[int, Seen | None]:
        """Let everything happen that happens by minute `t`; return how many orders are open, what is seen.

        That is nothing if no open order has a candidate.
        """
        blocks = _come_to(world, t, self._target, self._most, self._owed, self._lat, self._lon)
        for block in blocks:
            block.setflags(write=False)  # its parts inherit it
        wholes, places, times, flags, moments, shorts, bytes_, numbers, metres = blocks
        n, m, pairs = places.shape[1], moments.shape[1], len(metres) - world.restaurants
        open_orders = len(wholes) - n - 2 * m - 2
        if not pairs:
            return open_orders, None
        orders, drivers, candidate_offsets, stop_offsets = _parts(wholes, n, m, open_orders + 1, m + 1)
        driver_node, candidate_driver, stop_order = _parts(numbers, m, pairs, len(bytes_) - m)
        snapshot = Snapshot(
            now_s=t * 60.0,
            next_s=next_t * 60.0,
            open_orders=open_orders,
            by_trips=True,
            pickup_service_s=world.half * 60.0,
            dropoff_service_s=world.half * 60.0,
            travel=self._travel,
            wait_node=self._travel.waiting_nodes,
            wait_demand=metres[pairs:],
            candidate_offsets=candidate_offsets,
            candidate_driver=candidate_driver,
            candidate_distance_m=metres[:pairs],
            driver_node=driver_node,
            driver_vehicle=bytes_[:m],
            stop_offsets=stop_offsets,
            stop_order=stop_order,
            stop_kind=bytes_[m:],
            **dict(zip(_ROWS, chain(places, times, flags, moments, shorts), strict=True)),
        )
        return open_orders, Seen(snapshot=snapshot, orders=orders, drivers=drivers)


def _parts(block: IntArray, *sizes: int) -> list[IntArray]:
    """Return a block's parts, one behind the other."""
    ends = list(accumulate(sizes))
    return [block[end - size : end] for end, size in zip(ends, sizes, strict=True)]


_ROWS = (
    *("order_restaurant", "order_restaurant_node", "order_customer_node", "order_driver"),
    *("order_restaurant_lat", "order_restaurant_lon", "order_customer_lat", "order_customer_lon"),
    *("order_placed_s", "order_since_s", "order_ready_s_est", "order_due_s", "order_latest_s"),
    *("order_is_ready", "order_is_picked_up", "order_is_pinned"),
    *("driver_lat", "driver_lon", "driver_from_s"),
    *("driver_rating", "driver_short_orders", "driver_shift_end_s"),
    *("driver_load", "driver_capacity"),
)
"""What the rows of the blocks are, one behind the other: int32, float64, bool; float64 and int16 of drivers.

Blocks, because each array costs on its way out of a kernel.
"""


@njit(cache=True, nogil=True, error_model="numpy")
def _come_to(world, t, target, most, owed, lat, lon):  # type: ignore[no-untyped-def]  # numba
    """Return the columns of minute `t`, of the documented dtypes, in blocks.

    int64: orders, drivers, offsets of candidates and of stops; the rows named above; int8: vehicles, kinds of
    stops; int32: nodes of drivers, candidates, orders of stops; float64: distances of candidates, demand.
    """
    pass_time(world, t)
    orders, open_orders, drivers = _axes(world, t)
    offsets, candidates, metres = _candidates(world, t, orders[:open_orders], drivers, most)
    places, times, flags = _order_columns(world, t, orders, drivers, target, lat, lon)
    node, moments, shorts, stops, stop_order, stop_kind = _driver_columns(
        world, t, orders, drivers, owed, lat, lon
    )
    return (
        np.concatenate((orders, drivers, offsets, stops)),
        places,
        times,
        flags,
        moments,
        shorts,
        np.concatenate((np.zeros(len(drivers), np.int8), stop_kind)),
        np.concatenate((node, candidates, stop_order)),
        np.concatenate((metres, _demand(world))),
    )


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
    for s in range(
        bundle_size(world.restaurant, world.stop_order[d], world.stop_kind[d, : world.stop_count[d]], 0)
    ):
        is_in |= world.stop_order[d, s] == order
    return is_in


@njit(cache=True, nogil=True, error_model="numpy")
def _driver_columns(world, t, orders, drivers, owed, lat, lon):  # type: ignore[no-untyped-def]  # numba
    """Return nodes, the blocks float64 [6, m] and int16 [2, m], and the stops: offsets, orders, kinds."""
    m = len(drivers)
    nodes, moments = np.empty(m, np.int32), np.empty((6, m))
    at = np.empty(len(world.placed), np.int32)
    for j in range(len(orders)):
        at[orders[j]] = j
    shorts, offsets = np.zeros((2, m), np.int16), np.zeros(m + 1, np.int64)
    shorts[1] = _CAPACITY
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
            shorts[0, k] += world.stop_kind[d, s] == DROPOFF
    return nodes, moments, shorts, offsets, stop_order, stop_kind


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
    here, there, reach = np.empty((m, 2), np.int64), np.empty((m, 2), np.int64), np.empty(m, np.int64)
    for k in range(m):
        node, place, free = _outlook(world, drivers[k], t)
        here[k], there[k] = world.xy[node], world.xy[place]
        reach[k] = _square_reached(world.off[drivers[k]] - world.half - free, world.speed)
    offsets = np.zeros(len(orders) + 1, np.int64)
    candidates = np.empty(len(orders) * min(most, m), np.int32)
    metres = np.empty(len(candidates))
    away, some = np.empty(m, np.int64), np.empty(m, np.int32)
    size = 0
    for j in range(len(orders)):
        shop, found = world.restaurant[orders[j]], 0
        x, y = world.xy[shop, 0], world.xy[shop, 1]
        for k in range(m):
            if _square(there[k], x, y) <= reach[k] or _joins(world, drivers[k], shop):
                away[found], some[found] = _square(here[k], x, y), k
                found += 1
        for k in np.argsort(away[:found], kind="mergesort")[:most]:
            candidates[size], metres[size] = some[k], math.sqrt(float(away[k]))
            size += 1
        offsets[j + 1] = size
    return offsets, candidates[:size], metres[:size]


@njit(cache=True, nogil=True, error_model="numpy")
def _square_reached(minutes, speed):  # type: ignore[no-untyped-def]  # numba
    """Return the largest square of a distance that whole minutes are enough for; -1: none is."""
    return (minutes * speed) ** 2 if minutes >= 0 else -1


@njit(cache=True, nogil=True, error_model="numpy")
def _square(place, x, y):  # type: ignore[no-untyped-def]  # numba
    dx, dy = place[0] - x, place[1] - y
    return dx * dx + dy * dy


@njit(cache=True, nogil=True, error_model="numpy")
def _outlook(world, d, t):  # type: ignore[no-untyped-def]  # numba
    """Return where a driver is, where its plan ends, and when, as far as that can be believed."""
    node, at_min = _whereabouts(world, d, t)
    place, s = node, 0
    while s < world.stop_count[d]:
        i = world.stop_order[d, s]
        if world.stop_kind[d, s] == PICKUP:
            size, shop = (
                bundle_size(
                    world.restaurant, world.stop_order[d], world.stop_kind[d, : world.stop_count[d]], s
                ),
                world.restaurant[i],
            )
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
