"""The day of an instance as arrays, and the kernels that let time pass. All times are whole minutes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from benchmarks.mdrp.travel import ride_min
from domain.stop_kind import StopKind
from domain.units import BoolArray, IntArray
from scenarios.mdrp import Instance

PICKUP, DROPOFF = int(StopKind.PICKUP), int(StopKind.DROPOFF)
UNPLACED, OPEN, ACCEPTED, ON_BOARD, DELIVERED, LOST = range(6)
_STOPS = 32
"""Stops that a driver's plan has room for at first."""


class World(NamedTuple):
    """State and constants of a day; o orders, d drivers, r restaurants, arrays int64 unless told otherwise.

    Nodes are those of `PlaneTravel`. Per order: `placed`, `ready` (true), `believed` (what strategies are
    told), `latest` drop-off, `restaurant`, `state` (UNPLACED ... LOST), `driver` (-1: none), `assigned`,
    `dropped` (valid from pickup on). Per driver: `on`, `off`; `node` and `free`, where and since when (or
    from when) it has nothing on board and rides nowhere; `is_bound` (bool) to the restaurant of its first
    planned trip, for which it `departed` to arrive at `arrived`; `taken` orders; the plan's `stop_count`,
    `stop_order`, `stop_kind` [d, stops]. Trips done so far: `trips` [.., 6] (driver, restaurant, assigned,
    departed, arrived, picked up), `trip_end`, end of its orders in `carried`, [.., 3] (order, left, dropped).
    `counts`: trips, carried, orders refused to a decision, orders that a driver came too late for.
    """

    xy: IntArray
    speed: int
    half: int
    restaurants: int
    placed: IntArray
    ready: IntArray
    believed: IntArray
    latest: IntArray
    restaurant: IntArray
    state: IntArray
    driver: IntArray
    assigned: IntArray
    dropped: IntArray
    on: IntArray
    off: IntArray
    node: IntArray
    free: IntArray
    is_bound: BoolArray
    departed: IntArray
    arrived: IntArray
    taken: IntArray
    stop_count: IntArray
    stop_order: IntArray
    stop_kind: IntArray
    trips: IntArray
    trip_end: IntArray
    carried: IntArray
    counts: IntArray


TRIPS, CARRIED, REFUSED, MISSED = range(4)
"""What `World.counts` counts."""


def new_world(instance: Instance, believed_min: IntArray, xy_m: IntArray) -> World:
    """Return the state before the first order; nobody has anything to do."""
    n, m, r = len(instance.placed_min), len(instance.on_min), len(instance.restaurant_ids)
    rows = n * 3 + m
    return World(
        xy=xy_m,
        speed=instance.speed_m_per_min,
        half=instance.pickup_service_min // 2,
        restaurants=r,
        placed=instance.placed_min.astype(np.int64),
        ready=instance.ready_min.astype(np.int64),
        believed=np.asarray(believed_min, np.int64),
        latest=instance.placed_min.astype(np.int64) + instance.max_click_to_door_min,
        restaurant=instance.restaurant.astype(np.int64),
        state=np.full(n, UNPLACED, np.int64),
        driver=np.full(n, -1, np.int64),
        assigned=np.zeros(n, np.int64),
        dropped=np.zeros(n, np.int64),
        on=instance.on_min.astype(np.int64),
        off=instance.off_min.astype(np.int64),
        node=r + n + np.arange(m),
        free=instance.on_min.astype(np.int64),
        is_bound=np.zeros(m, np.bool_),
        departed=np.zeros(m, np.int64),
        arrived=np.zeros(m, np.int64),
        taken=np.zeros(m, np.int64),
        stop_count=np.zeros(m, np.int64),
        stop_order=np.zeros((m, _STOPS), np.int64),
        stop_kind=np.zeros((m, _STOPS), np.int64),
        trips=np.zeros((rows, 6), np.int64),
        trip_end=np.zeros(rows, np.int64),
        carried=np.zeros((n, 3), np.int64),
        counts=np.zeros(4, np.int64),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def pass_time(world, t):  # type: ignore[no-untyped-def]  # numba
    """Let everything happen that happens by minute `t`: open what is placed, give up what is too late."""
    advance(world, t)
    for i in range(len(world.placed)):
        if world.state[i] == UNPLACED and world.placed[i] <= t:
            world.state[i] = OPEN
        if world.state[i] == OPEN and t + 3 * world.half > world.latest[i]:
            world.state[i] = LOST


@njit(cache=True, nogil=True, error_model="numpy")
def advance(world, t):  # type: ignore[no-untyped-def]  # numba
    """Let everything happen that happens by minute `t`, `t` included, placements aside."""
    for d in range(len(world.on)):
        while world.stop_count[d] > 0:
            if world.stop_kind[d, 0] == DROPOFF:
                if not _drop_off(world, d, t):
                    break
            elif not world.is_bound[d]:
                if not _depart(world, d, t):
                    break
            elif not _pick_up(world, d, t):
                break


@njit(cache=True, nogil=True, error_model="numpy")
def _drop_off(world, d, t):  # type: ignore[no-untyped-def]  # numba
    i = world.stop_order[d, 0]
    if world.dropped[i] > t:
        return False
    world.state[i] = DELIVERED
    world.node[d], world.free[d] = world.restaurants + i, world.dropped[i] + world.half
    _remove(world, d, 0)
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _depart(world, d, t):  # type: ignore[no-untyped-def]  # numba
    """Set out for the first planned trip as soon as the driver is free and the trip is known."""
    known = world.assigned[world.stop_order[d, 0]]
    for s in range(
        1, bundle_size(world.restaurant, world.stop_order[d], world.stop_kind[d, : world.stop_count[d]], 0)
    ):
        known = min(known, world.assigned[world.stop_order[d, s]])
    departs = max(world.free[d], known)
    if departs > t:
        return False
    place = world.restaurant[world.stop_order[d, 0]]
    world.is_bound[d], world.departed[d] = True, departs
    world.arrived[d] = departs + ride_min(world.xy, world.node[d], place, world.speed)
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _pick_up(world, d, t):  # type: ignore[no-untyped-def]  # numba
    """Pick the first planned trip up once all of it is ready; leave without it when the shift is over."""
    size = bundle_size(world.restaurant, world.stop_order[d], world.stop_kind[d, : world.stop_count[d]], 0)
    picked = world.arrived[d] + world.half
    for s in range(size):
        picked = max(picked, world.ready[world.stop_order[d, s]])
    if picked > world.off[d]:
        if t < world.off[d]:
            return False
        _give_up(world, d, size, max(world.arrived[d], world.off[d]))
        return True
    if picked > t:
        return False
    orders, size = _deliverable(world, d, size, picked)
    world.is_bound[d] = False
    if size == 0:
        _record(world, d, world.restaurant[orders[0]], 0, world.arrived[d])
        world.node[d], world.free[d] = _standing(world, world.restaurant[orders[0]]), picked
        return True
    first = np.min(world.placed[orders[:size]])
    if world.departed[d] < first:  # it set out for others, lost since: that ride was a move
        _record(world, d, world.restaurant[orders[0]], 0, world.arrived[d])
        world.departed[d] = world.arrived[d] = max(world.arrived[d], first)
        picked = max(picked, world.arrived[d] + world.half)
    _record(world, d, world.restaurant[orders[0]], _last_assigned(world, orders[:size]), picked)
    leaves, at = picked + world.half, world.restaurant[orders[0]]
    for i in orders[:size]:
        dropped = leaves + ride_min(world.xy, at, world.restaurants + i, world.speed) + world.half
        world.state[i], world.dropped[i] = ON_BOARD, dropped
        _carry(world, i, leaves, dropped)
        leaves, at = dropped + world.half, world.restaurants + i
    for _ in range(size):
        _remove(world, d, 0)
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _deliverable(world, d, size, picked):  # type: ignore[no-untyped-def]  # numba
    """Take what would come too late out of the first trip; return its orders by drop-off, how many remain.

    If none remains, the first of those taken out is still there to say which restaurant it was.
    """
    orders = world.stop_order[d, size : 2 * size].copy()
    while True:
        late = -1
        leaves, at = picked + world.half, world.restaurant[orders[0]]
        for k in range(size):
            i = orders[k]
            dropped = leaves + ride_min(world.xy, at, world.restaurants + i, world.speed) + world.half
            if dropped > world.latest[i]:
                late = k
                break
            leaves, at = dropped + world.half, world.restaurants + i
        if late < 0:
            return orders, size
        i = orders[late]
        world.state[i] = LOST
        world.counts[MISSED] += 1
        drop_order(world, d, i)
        if size > 1:
            orders[late : size - 1] = orders[late + 1 : size].copy()
        size -= 1
        if size == 0:
            orders[0] = i
            return orders, 0


@njit(cache=True, nogil=True, error_model="numpy")
def _give_up(world, d, size, at):  # type: ignore[no-untyped-def]  # numba
    """The shift ends before the food is ready: the orders are open again, the ride was for nothing."""
    place = world.restaurant[world.stop_order[d, 0]]
    _record(world, d, place, 0, world.arrived[d])
    world.is_bound[d] = False
    world.node[d], world.free[d] = _standing(world, place), at
    for i in world.stop_order[d, :size].copy():
        world.state[i] = OPEN
        world.counts[MISSED] += 1
        drop_order(world, d, i)


@njit(cache=True, nogil=True, error_model="numpy")
def move(world, d, place, departs):  # type: ignore[no-untyped-def]  # numba
    """Send an idle driver to wait at a restaurant."""
    world.departed[d] = departs
    world.arrived[d] = departs + ride_min(world.xy, world.node[d], place, world.speed)
    _record(world, d, place, departs, world.arrived[d])
    world.node[d], world.free[d] = _standing(world, place), world.arrived[d]


@njit(cache=True, nogil=True, error_model="numpy")
def bundle_size(restaurant, stop_order, stop_kind, first):  # type: ignore[no-untyped-def]  # numba
    """Return how many pickups at one restaurant a driver's plan has from stop `first` on.

    Takes the few arrays that it needs: handing over a whole world takes longer than the rest.
    """
    place, s = restaurant[stop_order[first]], first
    while s < len(stop_kind) and stop_kind[s] == PICKUP and restaurant[stop_order[s]] == place:
        s += 1
    return s - first


@njit(cache=True, nogil=True, error_model="numpy")
def drop_order(world, d, order):  # type: ignore[no-untyped-def]  # numba
    """Take an order that is not on board out of a driver's plan."""
    for s in range(world.stop_count[d] - 1, -1, -1):
        if world.stop_order[d, s] == order:
            _remove(world, d, s)
    world.driver[order] = -1
    world.taken[d] -= 1


@njit(cache=True, nogil=True, error_model="numpy")
def _remove(world, d, stop):  # type: ignore[no-untyped-def]  # numba
    for s in range(stop, world.stop_count[d] - 1):
        world.stop_order[d, s] = world.stop_order[d, s + 1]
        world.stop_kind[d, s] = world.stop_kind[d, s + 1]
    world.stop_count[d] -= 1


@njit(cache=True, nogil=True, error_model="numpy")
def _standing(world, place):  # type: ignore[no-untyped-def]  # numba
    """Return the node of drivers who stand at a restaurant and have not begun a service."""
    return len(world.xy) - world.restaurants + place


@njit(cache=True, nogil=True, error_model="numpy")
def _last_assigned(world, orders):  # type: ignore[no-untyped-def]  # numba
    last = world.assigned[orders[0]]
    for i in orders:
        last = max(last, world.assigned[i])
    return last


@njit(cache=True, nogil=True, error_model="numpy")
def _record(world, d, place, assigned, picked):  # type: ignore[no-untyped-def]  # numba
    row = world.counts[TRIPS]
    trip = world.trips[row]
    trip[0], trip[1], trip[2] = d, place, assigned
    trip[3], trip[4], trip[5] = world.departed[d], world.arrived[d], picked
    world.trip_end[row] = world.counts[CARRIED]
    world.counts[TRIPS] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _carry(world, order, left, dropped):  # type: ignore[no-untyped-def]  # numba
    row = world.counts[CARRIED]
    world.carried[row, 0], world.carried[row, 1], world.carried[row, 2] = order, left, dropped
    world.counts[CARRIED] += 1
    world.trip_end[world.counts[TRIPS] - 1] = row + 1
