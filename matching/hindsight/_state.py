"""Routes under construction: what a trip takes, what a route costs, and how an order joins one.

A trip with pickup at p costs ``size * p + BASE`` click-to-door, frees its driver at ``p + TAKES``, and is
possible for p from OPENS to CLOSES: so a change is known from the moments of the pickups behind it alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from domain.units import FloatArray, IntArray
from matching.hindsight.problem import Day

OPENS, CLOSES, TAKES, BASE, LEAVES = range(5)
"""Columns of `State.limits`: bounds of the pickup, pickup to free, rest of the click-to-door, and earliest
departure to the restaurant."""
PICKUP, FREE = range(2)
"""Columns of `State.moments`: the pickup itself, and when the driver is free again. Apart from the others,
because the search looks at these of every driver and at the others of few."""
SIZE, FIRST = range(2)
"""Columns of `State.bundles`: number of orders, then the orders in drop-off order."""


class State(NamedTuple):
    """Routes of d drivers of at most k trips of at most b orders, as kernels change them.

    `moments` [d, k, 2], `limits` [d, k, 5], `bundles` [d, k, 1 + b]; `length` [d] in trips, `cost` [d] of
    each route; `driver` [n] of each order, -1 without.
    """

    moments: FloatArray
    limits: FloatArray
    bundles: IntArray
    length: IntArray
    cost: FloatArray
    driver: IntArray


def empty_state(day: Day, *, max_bundle: int) -> State:
    """Return routes without trips; a driver has room for as many as its shift could hold."""
    shortest = day.direct.min() + day.pickup_after + day.dropoff_before + day.dropoff_after
    shift = max(float((day.off - day.on).max()), 0.0)
    most = day.orders if shortest <= 0.0 else min(day.orders, int(shift / shortest) + 2)
    return State(
        moments=np.zeros((day.drivers, most, 2)),
        limits=np.zeros((day.drivers, most, 5)),
        bundles=np.zeros((day.drivers, most, 1 + max_bundle), np.int64),
        length=np.zeros(day.drivers, np.int64),
        cost=np.zeros(day.drivers),
        driver=np.full(day.orders, -1, np.int64),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def describe(day, bundle, size, out):  # type: ignore[no-untyped-def]  # numba
    """Write the limits of a bundle of `size` orders in drop-off order."""
    opens, known, closes, base = -np.inf, np.inf, np.inf, 0.0
    after = day.pickup_after
    for i in range(size):
        order = bundle[i]
        if i == 0:
            after += day.direct[order]
        else:
            after += day.between[day.between_at[bundle[i - 1]] + day.rank[order]]
        after += day.dropoff_before
        opens = max(opens, day.ready[order])
        known = min(known, day.placed[order])
        closes = min(closes, day.latest[order] - after)
        base += after - day.placed[order]
        after += day.dropoff_after
    out[OPENS] = max(opens, known + day.pickup_before)
    out[CLOSES] = closes
    out[TAKES] = after
    out[BASE] = base
    out[LEAVES] = -np.inf if day.prepositions else known


@njit(cache=True, nogil=True, error_model="numpy")
def reach(day, state, d, k, restaurant, leaves):  # type: ignore[no-untyped-def]  # numba
    """Return the earliest pickup of a trip that is driver `d`'s `k`-th and departs at `leaves` or later."""
    if k == 0:
        return max(day.on[d], leaves) + day.start_to[d, restaurant] + day.pickup_before
    size = state.bundles[d, k - 1, SIZE]
    last = state.bundles[d, k - 1, FIRST + size - 1]
    return max(state.moments[d, k - 1, FREE], leaves) + day.customer_to[last, restaurant] + day.pickup_before


@njit(cache=True, nogil=True, error_model="numpy")
def delayed(  # type: ignore[no-untyped-def]  # numba
    moments, limits, bundles, length, kitchens, customer_to, off, before, d, k, free, last, bound
):
    """Return what trips `k` and later of driver `d` cost more if it is free at `free` at customer `last`.

    inf if one of them becomes impossible, or beyond `bound`. Stops at the first trip that nothing changes.
    Arguments: arrays of `State` and `DayArrays`, `length` and `off` of this driver, `before` each pickup.
    """
    cost = 0.0
    for j in range(k, length):
        ride = customer_to[last, kitchens[bundles[d, j, FIRST]]]
        p = max(max(free, limits[d, j, LEAVES]) + ride + before, limits[d, j, OPENS])
        shift = p - moments[d, j, PICKUP]
        if shift == 0.0:
            return cost
        if p > limits[d, j, CLOSES] or p > off:
            return np.inf
        size = bundles[d, j, SIZE]
        cost += size * shift
        if shift > 0.0 and cost >= bound:
            return np.inf
        free = p + limits[d, j, TAKES]
        last = bundles[d, j, FIRST + size - 1]
    return cost


@njit(cache=True, nogil=True, error_model="numpy")
def time_route(day, state, d):  # type: ignore[no-untyped-def]  # numba
    """Set the pickups and the cost of a driver's route; return whether it is possible."""
    moments, limits, bundles = state.moments, state.limits, state.bundles
    kitchens, customer_to, off = day.restaurant, day.customer_to, day.off[d]
    cost, free, last = 0.0, day.on[d], -1
    for k in range(state.length[d]):
        restaurant, size = kitchens[bundles[d, k, FIRST]], bundles[d, k, SIZE]
        ride = day.start_to[d, restaurant] if k == 0 else customer_to[last, restaurant]
        p = max(max(free, limits[d, k, LEAVES]) + ride + day.pickup_before, limits[d, k, OPENS])
        if p > limits[d, k, CLOSES] or p > off:
            return False
        free, last = p + limits[d, k, TAKES], bundles[d, k, FIRST + size - 1]
        moments[d, k, PICKUP], moments[d, k, FREE] = p, free
        cost += size * p + limits[d, k, BASE]
    state.cost[d] = cost
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def copy_route(source, target, d):  # type: ignore[no-untyped-def]  # numba
    """Copy a driver's route from one state to another, with who carries its orders."""
    length, bundles, driver = source.length[d], source.bundles, target.driver
    target.length[d], target.cost[d] = length, source.cost[d]
    target.moments[d, :length] = source.moments[d, :length]
    target.limits[d, :length] = source.limits[d, :length]
    target.bundles[d, :length] = bundles[d, :length]
    for k in range(length):
        for c in range(FIRST, FIRST + bundles[d, k, SIZE]):
            driver[bundles[d, k, c]] = d


@njit(cache=True, nogil=True, error_model="numpy")
def drop_trips(day, state, d, k, count):  # type: ignore[no-untyped-def]  # numba
    """Take `count` trips from the `k`-th on out of a route and time it again; their orders lose it."""
    for j in range(k, k + count):
        for c in range(FIRST, FIRST + state.bundles[d, j, SIZE]):
            state.driver[state.bundles[d, j, c]] = -1
    for j in range(k, state.length[d] - count):
        state.moments[d, j] = state.moments[d, j + count]
        state.limits[d, j] = state.limits[d, j + count]
        state.bundles[d, j] = state.bundles[d, j + count]
    state.length[d] -= count
    return time_route(day, state, d)


@njit(cache=True, nogil=True, error_model="numpy")
def position(state, d, order):  # type: ignore[no-untyped-def]  # numba
    """Return which trip of a driver carries an order, -1: none."""
    for k in range(state.length[d]):
        for c in range(FIRST, FIRST + state.bundles[d, k, SIZE]):
            if state.bundles[d, k, c] == order:
                return k
    return -1
