"""Routes of drivers: what they cost, and what an order put into one costs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from domain.units import FloatArray, IntArray
from matching.best._problem import (
    AT_HOME,
    AT_SHOP,
    BEGIN,
    BY_TRIPS,
    CAPACITY,
    CLICK_TO_DOOR,
    DRIVER_TIME,
    DRIVING,
    DROPOFF_SERVICE,
    DUE,
    FAIRNESS,
    FRESHNESS,
    LATENESS,
    LATEST,
    NOW,
    PICKUP_SERVICE,
    READY,
    RESTAURANT,
    SHIFT_END,
    SHORT,
    START,
    VEHICLE,
)
from matching.objective import FAIR_S, FRESH_S
from matching.routes import DROPOFF, PICKUP

BROKEN = 1e6
"""Cost of an order that nobody has, comes too late, or is picked up after the driver's shift."""


class Routes(NamedTuple):
    """Routes of d drivers of up to s stops, each with what is known before every stop and at the end.

    `size` int64 [d]; `stops` int64 [d, s, 2]: order, kind. Before stop x of a route, and at its end: `at`
    int64 [d, s + 1, 2], the place, and the restaurant if the driver has just picked up there, else -1; `when`
    float64 [d, s + 1, 2], the moment at which the driver leaves that place, and the cost of stop x and all
    after it. `load` int64 [d]: orders in the route; `fresh` int64 [d]: new ones among them. `driver` int64
    [o]: who has the order, or -1.
    """

    size: IntArray
    stops: IntArray
    at: IntArray
    when: FloatArray
    load: IntArray
    fresh: IntArray
    driver: IntArray


ORDER, KIND = range(2)
"""Columns of `Routes.stops`."""
PLACE, SHOP = range(2)
"""Columns of `Routes.at`."""
LEAVES, REST = range(2)
"""Columns of `Routes.when`."""


@njit(cache=True, nogil=True, error_model="numpy")
def no_routes(drivers, orders, stops):  # type: ignore[no-untyped-def]  # numba
    """Return empty routes with room for so many stops each."""
    return Routes(
        np.zeros(drivers, np.int64),
        np.zeros((drivers, stops, 2), np.int64),
        np.zeros((drivers, stops + 1, 2), np.int64),
        np.zeros((drivers, stops + 1, 2)),
        np.zeros(drivers, np.int64),
        np.zeros(drivers, np.int64),
        np.full(orders, -1, np.int64),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _visit(order_i, order_f, legs, v, rules, shift_end, i, kind, t, place, shop):  # type: ignore[no-untyped-def]  # numba
    """Return cost, moment of leaving, place and restaurant (-1 unless a pickup) of one stop."""
    if kind == PICKUP:
        to = order_i[i, AT_SHOP]
        if rules[BY_TRIPS] > 0.0 and shop == order_i[i, RESTAURANT]:
            cost, begins = 0.0, max(t - rules[PICKUP_SERVICE], order_f[i, READY])  # in one service
        else:
            leg = legs[v, place, to]
            cost, begins = rules[DRIVING] * leg, max(t + leg, order_f[i, READY])
        if begins > shift_end:
            cost += BROKEN
        return cost, begins + rules[PICKUP_SERVICE], to, order_i[i, RESTAURANT]
    to = order_i[i, AT_HOME]
    leg = legs[v, place, to]
    begins = t + leg
    done = begins + rules[DROPOFF_SERVICE]
    cost = rules[DRIVING] * leg + rules[CLICK_TO_DOOR] * (done - rules[NOW])
    if done > order_f[i, DUE]:
        cost += rules[LATENESS] * (done - order_f[i, DUE])
    if rules[FRESHNESS] > 0.0:
        age = done - order_f[i, READY]
        cost += rules[FRESHNESS] * age * age / (2.0 * FRESH_S)
    if begins > order_f[i, LATEST]:
        cost += BROKEN
    return cost, done, to, -1


@njit(cache=True, nogil=True, error_model="numpy")
def refresh(problem, routes, d):  # type: ignore[no-untyped-def]  # numba
    """Work out everything that is known of a route whose stops have changed."""
    _refresh(
        d, routes.size[d], routes.stops, routes.at, routes.when, problem.order_i, problem.order_f,
        problem.driver_i, problem.driver_f, problem.legs, problem.rules,
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _refresh(d, size, stops, at, when, order_i, order_f, driver_i, driver_f, legs, rules):  # type: ignore[no-untyped-def]  # numba
    v, shift_end = driver_i[d, VEHICLE], driver_f[d, SHIFT_END]
    t, place, shop = driver_f[d, BEGIN], driver_i[d, START], -1
    for x in range(size):
        at[d, x, PLACE], at[d, x, SHOP], when[d, x, LEAVES] = place, shop, t
        when[d, x, REST], t, place, shop = _visit(
            order_i, order_f, legs, v, rules, shift_end, stops[d, x, ORDER], stops[d, x, KIND], t, place, shop
        )
    at[d, size, PLACE], at[d, size, SHOP], when[d, size, LEAVES] = place, shop, t
    when[d, size, REST] = rules[DRIVER_TIME] * (t - rules[NOW])
    for x in range(size - 1, -1, -1):
        when[d, x, REST] += when[d, x + 1, REST]


@njit(cache=True, nogil=True, error_model="numpy")
def unfairness(problem, d, fresh):  # type: ignore[no-untyped-def]  # numba
    """Return what it costs that a driver gets so many new orders."""
    return problem.rules[FAIRNESS] * FAIR_S * max(0.0, fresh - problem.driver_f[d, SHORT])


@njit(cache=True, nogil=True, error_model="numpy")
def cheapest_place(problem, routes, candidates, i, limit):  # type: ignore[no-untyped-def]  # numba
    """Return growth of cost, driver, and the stops before which pickup and drop-off of order i cost least.

    Only if that costs less than `limit`; else driver and places are -1. Ties: the earlier candidate, the
    later places. Plain arrays go into the loop: reading fields of tuples there costs several times as much.
    """
    return _cheapest(
        candidates, routes.size, routes.load, routes.fresh, routes.stops, routes.at, routes.when,
        problem.order_i, problem.order_f, problem.driver_i, problem.driver_f, problem.legs, problem.rules, i,
        limit,
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _cheapest(  # type: ignore[no-untyped-def]  # numba
    candidates,
    sizes,
    load,
    fresh,
    stops,
    at,
    when,
    order_i,
    order_f,
    driver_i,
    driver_f,
    legs,
    rules,
    i,
    limit,
):
    best, best_d, best_p, best_q = limit, -1, -1, -1
    shop, home, ready = order_i[i, AT_SHOP], order_i[i, AT_HOME], order_f[i, READY]
    by_trips = rules[BY_TRIPS] > 0.0
    for d in candidates:
        size, v, shift_end = sizes[d], driver_i[d, VEHICLE], driver_f[d, SHIFT_END]
        if size + 2 > stops.shape[1] or load[d] >= driver_i[d, CAPACITY]:
            continue
        short = driver_f[d, SHORT]
        fixed = rules[FAIRNESS] * FAIR_S * (max(0.0, fresh[d] + 1 - short) - max(0.0, fresh[d] - short))
        service = rules[PICKUP_SERVICE] + rules[DROPOFF_SERVICE]
        direct = legs[v, shop, home] + service - rules[NOW]
        first = 0
        if size > 0:  # a driver finishes what it stands at
            to = order_i[stops[d, 0, ORDER], AT_SHOP if stops[d, 0, KIND] == PICKUP else AT_HOME]
            first = 1 if to == driver_i[d, START] else 0
        for p in range(size, first - 1, -1):
            last = _last_dropoff(d, size, stops, at, order_i[i, RESTAURANT], p) if by_trips else size
            if last < 0:
                continue
            joins = at[d, p, SHOP] == order_i[i, RESTAURANT]
            there = when[d, p, LEAVES] + (-rules[PICKUP_SERVICE] if joins else legs[v, at[d, p, PLACE], shop])
            least = max(there, ready) + direct
            if fixed + rules[CLICK_TO_DOOR] * least >= best:
                continue
            if p == size:
                total = fixed + _last_of_all(
                    order_f, rules, shift_end, i, least + rules[NOW], max(there, ready), when[d, p, LEAVES],
                    legs[v, at[d, p, PLACE], shop] + legs[v, shop, home],
                )  # fmt: skip
                if total < best:
                    best, best_d, best_p, best_q = total, d, p, p
                continue
            cost, t, place, here = _visit(
                order_i, order_f, legs, v, rules, shift_end, i, PICKUP, when[d, p, LEAVES], at[d, p, PLACE],
                at[d, p, SHOP],
            )  # fmt: skip
            cost += fixed - when[d, p, REST]
            for q in range(p, last + 1):
                total = cost + _rest_of(
                    d, q, size, stops, at, when, order_i, order_f, legs, v, rules, shift_end, i, t, place,
                    here, best - cost,
                )  # fmt: skip
                if total < best:
                    best, best_d, best_p, best_q = total, d, p, q
                if q < last:
                    more, t, place, here = _visit(
                        order_i, order_f, legs, v, rules, shift_end, stops[d, q, ORDER], stops[d, q, KIND], t,
                        place, here,
                    )  # fmt: skip
                    cost += more
    return best, best_d, best_p, best_q


@njit(cache=True, nogil=True, error_model="numpy")
def _last_of_all(order_f, rules, shift_end, i, done, begins, before, drive):  # type: ignore[no-untyped-def]  # numba
    """Return what order i adds behind a whole route that ends at `before`: the same as visiting its stops."""
    cost = rules[CLICK_TO_DOOR] * (done - rules[NOW]) + rules[DRIVER_TIME] * (done - before)
    cost += rules[DRIVING] * drive + rules[LATENESS] * max(0.0, done - order_f[i, DUE])
    if rules[FRESHNESS] > 0.0:
        age = done - order_f[i, READY]
        cost += rules[FRESHNESS] * age * age / (2.0 * FRESH_S)
    if begins > shift_end:
        cost += BROKEN
    if done - rules[DROPOFF_SERVICE] > order_f[i, LATEST]:
        cost += BROKEN
    return cost


@njit(cache=True, nogil=True, error_model="numpy")
def _rest_of(  # type: ignore[no-untyped-def]  # numba
    d, q, size, stops, at, when, order_i, order_f, legs, v, rules, shift_end, i, t, place, shop, limit
):
    """Return the cost of dropping order i off now, and of stop q and all after it; inf if beyond `limit`."""
    cost, t, place, shop = _visit(order_i, order_f, legs, v, rules, shift_end, i, DROPOFF, t, place, shop)
    for x in range(q, size):
        if t == when[d, x, LEAVES] and place == at[d, x, PLACE] and shop == at[d, x, SHOP]:
            return cost + when[d, x, REST]
        if cost >= limit + BROKEN:
            return np.inf
        more, t, place, shop = _visit(
            order_i, order_f, legs, v, rules, shift_end, stops[d, x, ORDER], stops[d, x, KIND], t, place, shop
        )
        cost += more
    return cost + rules[DRIVER_TIME] * (t - rules[NOW])


@njit(cache=True, nogil=True, error_model="numpy")
def _last_dropoff(d, size, stops, at, restaurant, p):  # type: ignore[no-untyped-def]  # numba
    """Return up to where the drop-off may go if, by trips, the pickup goes to `p`; -1: it may not.

    Between two trips, a trip of its own; behind the last pickup of a trip of its restaurant, up to its end.
    """
    if p == size:
        return size
    after_pickup = p > 0 and stops[d, p - 1, KIND] == PICKUP
    if not after_pickup and stops[d, p, KIND] == PICKUP:
        return p
    if not after_pickup or stops[d, p, KIND] == PICKUP or at[d, p, SHOP] != restaurant:
        return -1
    while p < size and stops[d, p, KIND] != PICKUP:
        p += 1
    return p


@njit(cache=True, nogil=True, error_model="numpy")
def insert(problem, routes, d, i, p, q):  # type: ignore[no-untyped-def]  # numba
    """Put order i into d's route: pickup before the stop now at p, drop-off before the one now at q."""
    stops = routes.stops[d]
    for x in range(routes.size[d] - 1, -1, -1):
        gap = (1 if x >= p else 0) + (1 if x >= q else 0)
        stops[x + gap, ORDER], stops[x + gap, KIND] = stops[x, ORDER], stops[x, KIND]
    stops[p, ORDER], stops[p, KIND] = i, PICKUP
    stops[q + 1, ORDER], stops[q + 1, KIND] = i, DROPOFF
    routes.size[d] += 2
    routes.load[d] += 1
    routes.fresh[d] += 1
    routes.driver[i] = d
    refresh(problem, routes, d)


@njit(cache=True, nogil=True, error_model="numpy")
def take_out(problem, routes, i):  # type: ignore[no-untyped-def]  # numba
    """Take a new order out of the route that it is in."""
    d = routes.driver[i]
    stops, size = routes.stops[d], 0
    for x in range(routes.size[d]):
        if stops[x, ORDER] != i:
            stops[size, ORDER], stops[size, KIND] = stops[x, ORDER], stops[x, KIND]
            size += 1
    routes.size[d] = size
    routes.load[d] -= 1
    routes.fresh[d] -= 1
    routes.driver[i] = -1
    refresh(problem, routes, d)


@njit(cache=True, nogil=True, error_model="numpy")
def cost_of(problem, routes, d):  # type: ignore[no-untyped-def]  # numba
    """Return what a driver's route costs in all."""
    return routes.when[d, 0, REST] + unfairness(problem, d, routes.fresh[d])
