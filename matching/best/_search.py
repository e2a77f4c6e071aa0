"""Cheapest insertion, relocation, then destroy and repair: good routes for the new orders of a problem."""

from __future__ import annotations

import numpy as np
from numba import njit

from matching.best._problem import AT_SHOP, BY_TRIPS, NEXT, NOW, PICKUP_SERVICE, READY, RESTAURANT, VEHICLE
from matching.best._routes import (
    BROKEN,
    KIND,
    LEAVES,
    ORDER,
    PLACE,
    SHOP,
    cheapest_place,
    cost_of,
    insert,
    no_routes,
    refresh,
    take_out,
)
from matching.routes import DROPOFF

_ROOM = 16
"""Stops that a route may have beside those planned already."""
_MOST_GONE = 4
"""Orders taken out at once."""


@njit(cache=True, nogil=True, error_model="numpy")
def plan_anew(  # type: ignore[no-untyped-def]  # numba
    problem, plan_offsets, plan_order, plan_kind, orders, drivers, per_order, per_pressing, rng
):
    """Return the plans, as CSR, with all new orders put in where they cost least as far as is found.

    `orders` and `drivers` are the problem's axes. Each order is tried with its `per_order` soonest
    candidates, and with those who go to its restaurant anyway. Destroy and repair has `per_pressing` rounds
    for each order that may have to go, and begins from these: all others will be planned again before they
    go. After Ropke and Pisinger, "An Adaptive Large Neighborhood Search Heuristic for the Pickup and Delivery
    Problem with Time Windows" (Transportation Science 40(4), 2006), sections 3.1-3.3: related removal and
    greedy insertion in random order; improvements only.
    """
    routes = _load(problem, plan_offsets, plan_order, plan_kind, orders, drivers)
    offsets, candidates = _soonest(problem, routes, per_order)
    by_ready = np.argsort(problem.order_f[: problem.new_orders, READY], kind="mergesort")
    for i in by_ready:
        _put(problem, routes, offsets, candidates, i)
    pressing = _pressing(problem, routes)
    if len(pressing) > 0 and problem.new_orders > 1:
        _relocate(problem, routes, offsets, candidates, by_ready)
        _destroy_and_repair(
            problem, routes, offsets, candidates, pressing, int(per_pressing * len(pressing)), rng
        )
    return _replaced(plan_offsets, plan_order, plan_kind, orders, drivers, routes)


@njit(cache=True, nogil=True, error_model="numpy")
def _pressing(problem, routes):  # type: ignore[no-untyped-def]  # numba
    """Return the new orders that nobody has, or that may have to go at this decision or the next.

    Where stops may interleave, all of them.
    """
    horizon = 2.0 * problem.rules[NEXT] - problem.rules[NOW]
    presses = routes.driver[: problem.new_orders] < 0
    if problem.rules[BY_TRIPS] == 0.0:
        presses[:] = True
    for d in range(len(routes.size)):
        for x in range(routes.size[d]):
            i = routes.stops[d, x, ORDER]
            if i >= problem.new_orders or routes.stops[d, x, KIND] == DROPOFF:
                continue
            leg = problem.legs[
                problem.driver_i[d, VEHICLE], routes.at[d, x, PLACE], problem.order_i[i, AT_SHOP]
            ]
            begins = routes.when[d, x + 1, LEAVES] - problem.rules[PICKUP_SERVICE]
            presses[i] |= begins - leg < horizon
    return np.flatnonzero(presses)


@njit(cache=True, nogil=True, error_model="numpy")
def _load(problem, plan_offsets, plan_order, plan_kind, orders, drivers):  # type: ignore[no-untyped-def]  # numba
    """Return the planned routes of the problem's drivers."""
    longest = 0
    for d in drivers:
        longest = max(longest, plan_offsets[d + 1] - plan_offsets[d])
    routes = no_routes(len(drivers), len(orders), longest + _ROOM)
    seat = problem.new_orders
    for k in range(len(drivers)):
        first, end = plan_offsets[drivers[k]], plan_offsets[drivers[k] + 1]
        here = seat
        for s in range(first, end):
            if plan_kind[s] == DROPOFF:
                seat += 1
        for s in range(first, end):
            i = here
            while orders[i] != plan_order[s]:
                i += 1
            routes.stops[k, s - first, ORDER], routes.stops[k, s - first, KIND] = i, plan_kind[s]
        routes.size[k], routes.load[k] = end - first, seat - here
        refresh(problem, routes, k)
    return routes


@njit(cache=True, nogil=True, error_model="numpy")
def _replaced(offsets, order, kind, orders, drivers, routes):  # type: ignore[no-untyped-def]  # numba
    """Return plans in which `drivers` have the stops of `routes`, which number `orders`."""
    m = len(offsets) - 1
    row = np.full(m, -1, np.int64)
    for k in range(len(drivers)):
        row[drivers[k]] = k
    new_offsets = np.zeros(m + 1, np.int64)
    for d in range(m):
        size = routes.size[row[d]] if row[d] >= 0 else offsets[d + 1] - offsets[d]
        new_offsets[d + 1] = new_offsets[d] + size
    new_order, new_kind = np.empty(new_offsets[m], np.int32), np.empty(new_offsets[m], np.int8)
    for d in range(m):
        for x in range(new_offsets[d + 1] - new_offsets[d]):
            at, k = new_offsets[d] + x, row[d]
            if k >= 0:
                new_order[at] = orders[routes.stops[k, x, ORDER]]
                new_kind[at] = routes.stops[k, x, KIND]
            else:
                new_order[at], new_kind[at] = order[offsets[d] + x], kind[offsets[d] + x]
    return new_offsets, new_order, new_kind


@njit(cache=True, nogil=True, error_model="numpy")
def _soonest(problem, routes, most):  # type: ignore[no-untyped-def]  # numba
    """Return, as CSR, the `most` candidates who could pick each order up soonest, or go there anyway."""
    offsets = np.zeros(problem.new_orders + 1, np.int64)
    kept = np.empty(len(problem.candidates), np.int64)
    size = 0
    for i in range(problem.new_orders):
        some = problem.candidates[problem.offsets[i] : problem.offsets[i + 1]]
        key, goes = np.empty(len(some)), np.zeros(len(some), np.bool_)
        for x in range(len(some)):
            key[x], goes[x] = _prospect(problem, routes, some[x], i)
        ranks = np.argsort(key, kind="mergesort")
        for rank in range(len(some)):
            x = ranks[rank]
            if rank < most or goes[x]:
                kept[size] = some[x]
                size += 1
        offsets[i + 1] = size
    return offsets, kept[:size]


@njit(cache=True, nogil=True, error_model="numpy")
def _prospect(problem, routes, d, i):  # type: ignore[no-untyped-def]  # numba
    """Return how good a candidate promises to be for an order, and whether it goes to the restaurant anyway.

    From the end of its route, or, where stops may interleave, from any stop of it: when it could pick up, and
    a little for when it would be there and for the way.
    """
    legs, size = problem.legs[problem.driver_i[d, VEHICLE]], routes.size[d]
    shop, ready = problem.order_i[i, AT_SHOP], problem.order_f[i, READY]
    key, goes = np.inf, False
    for s in range(size if problem.rules[BY_TRIPS] > 0.0 else 0, size + 1):
        leg = legs[routes.at[d, s, PLACE], shop]
        arrives = routes.when[d, s, LEAVES] + leg
        key = min(key, max(arrives, ready) + 0.3 * arrives + (0.1 if s == size else 1.0) * leg)
    for s in range(1, size + 1):
        goes |= routes.at[d, s, SHOP] == problem.order_i[i, RESTAURANT]
    return key, goes


@njit(cache=True, nogil=True, error_model="numpy")
def _put(problem, routes, offsets, candidates, i):  # type: ignore[no-untyped-def]  # numba
    """Put an order where it costs least; leave it out where that would break it. Return the cost."""
    some = candidates[offsets[i] : offsets[i + 1]]
    best, best_d, best_p, best_q = cheapest_place(problem, routes, some, i, 0.5 * BROKEN)
    if best_d < 0:
        return BROKEN
    insert(problem, routes, best_d, i, best_p, best_q)
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def _relocate(problem, routes, offsets, candidates, by_ready):  # type: ignore[no-untyped-def]  # numba
    """Take each order out and put it where it is cheapest; tell whether that gained anything."""
    has_gained = False
    for i in by_ready:
        d = routes.driver[i]
        before = BROKEN
        if d >= 0:
            before = cost_of(problem, routes, d)
            take_out(problem, routes, i)
            before -= cost_of(problem, routes, d)
        has_gained |= _put(problem, routes, offsets, candidates, i) < before - 1e-6
    return has_gained


@njit(cache=True, nogil=True, error_model="numpy")
def _destroy_and_repair(  # type: ignore[no-untyped-def]  # numba
    problem, routes, offsets, candidates, seeds, rounds, rng
):
    """Take a few related orders out and put them back in random order; keep what costs less."""
    most = 2 * _MOST_GONE
    touched = np.empty(most, np.int64)
    kept = no_routes(most, 1, routes.stops.shape[1])
    gone, owner = np.empty(_MOST_GONE, np.int64), np.empty(_MOST_GONE, np.int64)
    for _ in range(rounds):
        count = _choose(problem, seeds, gone, rng)
        touches, before = 0, 0.0
        for x in range(count):
            owner[x] = routes.driver[gone[x]]
            if owner[x] < 0:
                before += BROKEN
                continue
            touches, cost = _touch(problem, routes, kept, touched, touches, owner[x])
            before += cost
            take_out(problem, routes, gone[x])
        after = 0.0
        for x in range(count):
            i = gone[x]
            some = candidates[offsets[i] : offsets[i + 1]]
            _, best_d, best_p, best_q = cheapest_place(problem, routes, some, i, 0.5 * BROKEN)
            if best_d < 0:
                after += BROKEN
                continue
            touches, cost = _touch(problem, routes, kept, touched, touches, best_d)
            before += cost
            insert(problem, routes, best_d, i, best_p, best_q)
        for y in range(touches):
            after += cost_of(problem, routes, touched[y])
        if after >= before - 1e-9:
            for y in range(touches):
                _restore(routes, kept, touched[y], y)
            for x in range(count):
                routes.driver[gone[x]] = owner[x]


@njit(cache=True, nogil=True, error_model="numpy")
def _choose(problem, seeds, gone, rng):  # type: ignore[no-untyped-def]  # numba
    """Fill `gone` with one of `seeds` and some of its most related, shuffled; return how many."""
    k = problem.new_orders
    count = min(k, 2 + rng.integers(0, _MOST_GONE - 1))
    near = problem.near[seeds[rng.integers(0, len(seeds))]]
    gone[0] = near[0]
    at = 0
    for x in range(1, count):
        most = k - 1 - (count - 1 - x)  # so that enough are left for the others
        at = min(at + 1 + (rng.integers(0, 2) if most > at + 1 else 0), most)
        gone[x] = near[at]
    for x in range(count - 1, 0, -1):
        y = rng.integers(0, x + 1)
        gone[x], gone[y] = gone[y], gone[x]
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _touch(problem, routes, kept, touched, touches, d):  # type: ignore[no-untyped-def]  # numba
    """Keep a copy of a route that is about to change for the first time; return how many, and its cost."""
    for y in range(touches):
        if touched[y] == d:
            return touches, 0.0
    touched[touches] = d
    kept.size[touches], kept.load[touches] = routes.size[d], routes.load[d]
    kept.fresh[touches] = routes.fresh[d]
    _copy(routes, d, kept, touches, routes.size[d])
    return touches + 1, cost_of(problem, routes, d)


@njit(cache=True, nogil=True, error_model="numpy")
def _restore(routes, kept, d, y):  # type: ignore[no-untyped-def]  # numba
    routes.size[d], routes.load[d], routes.fresh[d] = kept.size[y], kept.load[y], kept.fresh[y]
    _copy(kept, y, routes, d, kept.size[y])


@njit(cache=True, nogil=True, error_model="numpy")
def _copy(source, a, target, b, size):  # type: ignore[no-untyped-def]  # numba
    """Copy what is known of a route of `size` stops."""
    for x in range(size + 1):
        for column in range(2):
            target.at[b, x, column] = source.at[a, x, column]
            target.when[b, x, column] = source.when[a, x, column]
    for x in range(size):
        target.stops[b, x, ORDER], target.stops[b, x, KIND] = (
            source.stops[a, x, ORDER],
            source.stops[a, x, KIND],
        )
