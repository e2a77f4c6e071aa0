"""A strategy's decision becomes plans; what the rules forbid is refused and stays open."""

from __future__ import annotations

import numpy as np
from numba import njit

from benchmarks.mdrp._view import believed_ready
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
from domain.units import IntArray
from matching.contract import Decision, Snapshot
from matching.routes import Plans, decided_plans, default_plans


def commit(
    world: World, snapshot: Snapshot, decision: Decision, orders: IntArray, drivers: IntArray, t: int
) -> World:
    """Give every driver whose orders or route change the decided plan; return the world, perhaps grown.

    Drop-offs of a bundle on board keep their order. An order that would, as far as is believed, be picked up
    after the shift or come too late is refused, the newest of a trip first.
    """
    world = _with_room(world, len(decision.move_driver))
    for k, node in zip(decision.move_driver.tolist(), decision.move_node.tolist(), strict=True):
        d = int(drivers[k])
        move(world, d, node - (len(world.xy) - world.restaurants), max(t, int(world.free[d])))
    touched = np.zeros(len(drivers), np.bool_)
    changed = np.flatnonzero(decision.driver != snapshot.order_driver)
    touched[decision.driver[changed]] = True
    was = snapshot.order_driver[changed]
    touched[was[was >= 0]] = True
    touched[decision.route_driver] = True
    if not touched.any():
        return world
    plans = (
        decided_plans(snapshot, decision)
        if len(decision.route_driver)
        else default_plans(snapshot, decision.driver)
    )
    return _give(world, plans, np.flatnonzero(touched), orders, drivers, t)


def _with_room(world: World, moves: int) -> World:
    """Return the world with room for so many moves more, and for all the trips that orders may need."""
    needed = int(world.counts[TRIPS]) + moves + 3 * len(world.placed) + len(world.on)
    missing = needed - len(world.trips)
    if moves == 0 or missing <= 0:
        return world
    return world._replace(
        trips=np.pad(world.trips, ((0, 2 * missing), (0, 0))),
        trip_end=np.pad(world.trip_end, (0, 2 * missing)),
    )


def _give(
    world: World, plans: Plans, touched: IntArray, orders: IntArray, drivers: IntArray, t: int
) -> World:
    longest = int(np.diff(plans.offsets).max())
    room = world.stop_order.shape[1]
    if longest > room:
        pad = ((0, 0), (0, 2 * longest - room))
        world = world._replace(
            stop_order=np.pad(world.stop_order, pad), stop_kind=np.pad(world.stop_kind, pad)
        )
    _give_plans(world, plans.offsets, plans.order, plans.kind, touched, orders, drivers, t)
    return world


@njit(cache=True, nogil=True, error_model="numpy")
def _give_plans(world, offsets, stop_order, stop_kind, touched, orders, drivers, t):  # type: ignore[no-untyped-def]  # numba
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
            size, shop = bundle_size(world, d, s), world.restaurant[i]
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
