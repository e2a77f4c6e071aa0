"""A strategy's decision becomes plans; what the rules forbid is refused and stays open."""

from __future__ import annotations

import numpy as np
from numba import njit

from benchmarks.mdrp._view import Seen, believed_ready
from benchmarks.mdrp._world import (
    ACCEPTED,
    DROPOFF,
    ON_BOARD,
    OPEN,
    PICKUP,
    REFUSED,
    TRIPS,
    World,
    bundle_size,
    drop_order,
    move,
)
from benchmarks.mdrp.travel import ride_min
from matching.contract import Decision
from matching.routes import decided_plans
from matching.snapshot import frozen


def commit(world: World, seen: Seen, decision: Decision, t: int) -> World:
    """Give every driver whose orders or route change the decided plan; return the world, perhaps grown.

    Drop-offs of a bundle on board keep their order. An order that would, as far as is believed, be picked up
    after the shift or come too late is refused, the newest of a trip first.
    """
    snapshot, orders, drivers = seen
    if len(decision.move_driver):
        world = _with_room(world, len(decision.move_driver))
        for k, node in zip(decision.move_driver.tolist(), decision.move_node.tolist(), strict=True):
            d = int(drivers[k])
            move(world, d, node - (len(world.xy) - world.restaurants), max(t, int(world.free[d])))
    touched = _touched(
        frozen(decision.driver, np.int32),
        snapshot.order_driver,
        frozen(decision.route_driver, np.int32),
        len(drivers),
    )
    if not len(touched):
        return world
    plans = decided_plans(snapshot, decision)
    given = (plans.offsets, plans.order, plans.kind, touched, orders, drivers, t)
    longest = _give_plans(world, *given)
    if longest > world.stop_order.shape[1]:
        world = _with_longer_plans(world, longest)
        _give_plans(world, *given)
    return world


def _with_room(world: World, moves: int) -> World:
    """Return the world with room for so many moves more, and for all the trips that orders may need."""
    needed = int(world.counts[TRIPS]) + moves + 3 * len(world.placed) + len(world.on)
    missing = needed - len(world.trips)
    if missing <= 0:
        return world
    return world._replace(
        trips=np.pad(world.trips, ((0, 2 * missing), (0, 0))),
        trip_end=np.pad(world.trip_end, (0, 2 * missing)),
    )


def _with_longer_plans(world: World, stops: int) -> World:
    pad = ((0, 0), (0, 2 * stops - world.stop_order.shape[1]))
    return world._replace(stop_order=np.pad(world.stop_order, pad), stop_kind=np.pad(world.stop_kind, pad))


@njit(cache=True, nogil=True, error_model="numpy")
def _touched(driver, old_driver, route_driver, m):  # type: ignore[no-untyped-def]  # numba
    """Return the drivers who gain or lose an order, or get a route, ascending."""
    is_touched = np.zeros(m, np.bool_)
    for i in range(len(driver)):
        if driver[i] != old_driver[i]:
            is_touched[driver[i]] = True
            if old_driver[i] >= 0:
                is_touched[old_driver[i]] = True
    is_touched[route_driver] = True
    return np.flatnonzero(is_touched)


@njit(cache=True, nogil=True, error_model="numpy")
def _give_plans(world, offsets, stop_order, stop_kind, touched, orders, drivers, t):  # type: ignore[no-untyped-def]  # numba
    """Make plans hold; return the most stops of a driver, and change nothing if there is no room for them."""
    longest = 0
    for k in range(len(offsets) - 1):
        longest = max(longest, offsets[k + 1] - offsets[k])
    if longest > world.stop_order.shape[1]:
        return longest
    before = world.driver.copy()
    for k in touched:
        d = drivers[k]
        for s in range(world.stop_count[d]):
            i = world.stop_order[d, s]
            if world.stop_kind[d, s] == DROPOFF and world.state[i] == ACCEPTED:
                world.state[i], world.driver[i] = OPEN, -1
                world.taken[d] -= 1
    for k in touched:
        first, end = offsets[k], offsets[k + 1]
        _give_plan(world, drivers[k], stop_order[first:end], stop_kind[first:end], orders, before, t)
    for k in touched:
        while _refuses(world, drivers[k], t):
            world.counts[REFUSED] += 1
    return longest


@njit(cache=True, nogil=True, error_model="numpy")
def _give_plan(world, d, stop_order, stop_kind, orders, before, t):  # type: ignore[no-untyped-def]  # numba
    size = 0
    for s in range(world.stop_count[d]):
        i = world.stop_order[d, s]
        if world.state[i] == ON_BOARD:
            world.stop_order[d, size], world.stop_kind[d, size] = i, DROPOFF
            size += 1
    for s in range(len(stop_order)):
        i = orders[stop_order[s]]
        if world.state[i] == ON_BOARD:
            continue
        if stop_kind[s] == PICKUP:
            world.state[i], world.driver[i] = ACCEPTED, d
            world.taken[d] += 1
            if before[i] != d:
                world.assigned[i] = t
        world.stop_order[d, size], world.stop_kind[d, size] = i, stop_kind[s]
        size += 1
    world.stop_count[d] = size


@njit(cache=True, nogil=True, error_model="numpy")
def _refuses(world, d, t):  # type: ignore[no-untyped-def]  # numba
    """Take one order of this decision out of a plan that breaks the rules; False if there is none to take."""
    wrong = _first_wrong_stop(world, d, t)
    if wrong < 0:
        return False
    for s in range(wrong, -1, -1):
        i = world.stop_order[d, s]
        if world.state[i] == ACCEPTED and world.assigned[i] == t:
            world.state[i] = OPEN
            drop_order(world, d, i)
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _first_wrong_stop(world, d, t):  # type: ignore[no-untyped-def]  # numba
    """Return the stop at which a plan, as far as is believed, breaks a rule first; -1: it keeps them all."""
    place, at = world.node[d], max(t, world.free[d])
    s = 0
    while s < world.stop_count[d]:
        i = world.stop_order[d, s]
        if world.stop_kind[d, s] == PICKUP:
            size, shop = (
                bundle_size(
                    world.restaurant, world.stop_order[d], world.stop_kind[d, : world.stop_count[d]], s
                ),
                world.restaurant[i],
            )
            if s == 0 and world.is_bound[d]:
                picked = world.arrived[d] + world.half
            else:
                picked = at + ride_min(world.xy, place, shop, world.speed) + world.half
            for k in range(s, s + size):
                picked = max(picked, believed_ready(world, world.stop_order[d, k], t))
            if picked > world.off[d]:
                return s + size - 1
            at, place, s = picked + world.half, shop, s + size
            continue
        customer = world.restaurants + i
        if world.state[i] == ON_BOARD:
            dropped = world.dropped[i]
        else:
            dropped = at + ride_min(world.xy, place, customer, world.speed) + world.half
            if dropped > world.latest[i]:
                return s
        at, place, s = dropped + world.half, customer, s + 1
    return -1
