"""What the search works on: orders, drivers and travel times of one part of a window, in compact arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from domain.units import DAY_S, FloatArray, IntArray
from domain.vehicles import Vehicle
from matching.contract import Snapshot
from matching.objective import Objective
from matching.routes import DROPOFF, Plans


class Problem(NamedTuple):
    """k new orders (the first on the order axis here), o orders in all, d drivers, v vehicle types.

    `new_orders` is k. Orders: `order_i` int64 [o, 3] (restaurant, place of it, place of the customer),
    `order_f` float64 [o, 3] (ready, due, latest). Drivers: `driver_i` int64 [d, 3] (place, row of `legs`,
    capacity), `driver_f` float64 [d, 3] (moment of setting out, end of shift, short orders). Places number
    what `legs` float64 [v, p, p], seconds, lies between. Candidates as CSR over new orders: `offsets`,
    `candidates`. `near` int64 [k, k]: all new orders, most related first, beginning with itself. `rules`
    float64: see below.
    """

    new_orders: int
    order_i: IntArray
    order_f: FloatArray
    driver_i: IntArray
    driver_f: FloatArray
    legs: FloatArray
    offsets: IntArray
    candidates: IntArray
    near: IntArray
    rules: FloatArray


RESTAURANT, AT_SHOP, AT_HOME = range(3)
"""Columns of `Problem.order_i`."""
READY, DUE, LATEST = range(3)
"""Columns of `Problem.order_f`."""
START, VEHICLE, CAPACITY = range(3)
"""Columns of `Problem.driver_i`."""
BEGIN, SHIFT_END, SHORT = range(3)
"""Columns of `Problem.driver_f`."""
(
    NOW, NEXT, PICKUP_SERVICE, DROPOFF_SERVICE, BY_TRIPS,
    CLICK_TO_DOOR, LATENESS, FRESHNESS, DRIVER_TIME, DRIVING, FAIRNESS,
) = range(11)  # fmt: skip
"""Places in `Problem.rules`: this decision and the next, services, by trips (1) or not, the objective."""


def part_of(
    snapshot: Snapshot, plans: Plans, chosen: IntArray, objective: Objective
) -> tuple[Problem, IntArray, IntArray]:
    """Return the problem of the `chosen` [k] open orders (int64) and their candidates.

    Also the order axis, int64 [o], new orders first and then those in the candidates' `plans`, and the driver
    axis, int64 [d], as indices of the snapshot. Reads one travel-time matrix per vehicle type.
    """
    offsets, candidates, drivers = _pairs_of(
        snapshot.candidate_offsets, snapshot.candidate_driver, chosen, snapshot.drivers
    )
    orders = _orders_of(plans.offsets, plans.order, plans.kind, chosen, drivers)
    nodes, order_i, driver_i, order_f, driver_f = _columns(
        orders,
        drivers,
        snapshot.order_restaurant,
        snapshot.order_restaurant_node,
        snapshot.order_customer_node,
        snapshot.order_ready_s_est,
        snapshot.order_due_s,
        snapshot.order_latest_s,
        snapshot.driver_node,
        snapshot.driver_capacity,
        snapshot.driver_from_s,
        snapshot.driver_shift_end_s,
        snapshot.driver_short_orders,
    )
    vehicles, driver_i[:, VEHICLE] = _places(snapshot.driver_vehicle[drivers].astype(np.int32))
    legs = np.empty((max(len(vehicles), 1), len(nodes), len(nodes)))
    for row, kind in enumerate(vehicles.tolist()):
        legs[row] = snapshot.travel.matrix(nodes, nodes, at_s=snapshot.now_s % DAY_S, vehicle=Vehicle(kind))
    problem = Problem(
        new_orders=len(chosen),
        order_i=order_i,
        order_f=order_f,
        driver_i=driver_i,
        driver_f=driver_f,
        legs=legs,
        offsets=offsets,
        candidates=candidates,
        near=_related(len(chosen), order_i, order_f, legs[0]),
        rules=np.array(
            (
                snapshot.now_s,
                snapshot.next_s,
                snapshot.pickup_service_s,
                snapshot.dropoff_service_s,
                snapshot.by_trips,
                objective.click_to_door,
                objective.lateness,
                objective.freshness,
                objective.driver_time,
                objective.driving,
                objective.fairness,
            )
        ),
    )
    return problem, orders, drivers


@njit(cache=True, nogil=True, error_model="numpy")
def _columns(  # type: ignore[no-untyped-def]  # numba
    orders, drivers, restaurant, restaurant_node, customer_node, ready, due, latest,
    driver_node, capacity, begin, shift_end, short,
):  # fmt: skip
    """Return the distinct nodes, and the columns of orders and drivers, vehicles aside."""
    o, d = len(orders), len(drivers)
    every = np.empty(2 * o + d, np.int32)
    order_i, order_f = np.empty((o, 3), np.int64), np.empty((o, 3))
    driver_i, driver_f = np.zeros((d, 3), np.int64), np.empty((d, 3))
    for k in range(o):
        i = orders[k]
        every[2 * k], every[2 * k + 1] = restaurant_node[i], customer_node[i]
        order_i[k, RESTAURANT] = restaurant[i]
        order_f[k, READY], order_f[k, DUE], order_f[k, LATEST] = ready[i], due[i], latest[i]
    for k in range(d):
        i = drivers[k]
        every[2 * o + k] = driver_node[i]
        driver_i[k, CAPACITY] = capacity[i]
        driver_f[k, BEGIN], driver_f[k, SHIFT_END], driver_f[k, SHORT] = begin[i], shift_end[i], short[i]
    nodes, places = _places(every)
    for k in range(o):
        order_i[k, AT_SHOP], order_i[k, AT_HOME] = places[2 * k], places[2 * k + 1]
    for k in range(d):
        driver_i[k, START] = places[2 * o + k]
    return nodes, order_i, driver_i, order_f, driver_f


@njit(cache=True, nogil=True, error_model="numpy")
def _places(nodes):  # type: ignore[no-untyped-def]  # numba
    """Return the distinct values, ascending, and each one's place among them, int64."""
    distinct, place = np.empty(len(nodes), nodes.dtype), np.empty(len(nodes), np.int64)
    found = 0
    for i in np.argsort(nodes, kind="mergesort"):
        if found == 0 or distinct[found - 1] != nodes[i]:
            distinct[found] = nodes[i]
            found += 1
        place[i] = found - 1
    return distinct[:found], place


@njit(cache=True, nogil=True, error_model="numpy")
def _pairs_of(offsets, candidates, chosen, m):  # type: ignore[no-untyped-def]  # numba
    """Return the chosen orders' candidates as CSR, numbered on their own axis, and that axis, ascending."""
    new_offsets, is_seen = np.zeros(len(chosen) + 1, np.int64), np.zeros(m, np.bool_)
    for i in range(len(chosen)):
        first, end = offsets[chosen[i]], offsets[chosen[i] + 1]
        new_offsets[i + 1] = new_offsets[i] + end - first
        for x in range(first, end):
            is_seen[candidates[x]] = True
    drivers = np.flatnonzero(is_seen)
    seat = np.cumsum(is_seen) - 1
    pairs = np.empty(new_offsets[-1], np.int64)
    for i in range(len(chosen)):
        first = offsets[chosen[i]]
        for x in range(new_offsets[i + 1] - new_offsets[i]):
            pairs[new_offsets[i] + x] = seat[candidates[first + x]]
    return new_offsets, pairs, drivers


@njit(cache=True, nogil=True, error_model="numpy")
def _orders_of(offsets, stop_order, stop_kind, chosen, drivers):  # type: ignore[no-untyped-def]  # numba
    """Return the chosen orders, then those in the plans of `drivers`, by driver, in drop-off order."""
    size = len(chosen)
    for d in drivers:
        size += offsets[d + 1] - offsets[d]
    orders = np.empty(size, np.int64)
    size = len(chosen)
    orders[:size] = chosen
    for d in drivers:
        for s in range(offsets[d], offsets[d + 1]):
            if stop_kind[s] == DROPOFF:
                orders[size] = stop_order[s]
                size += 1
    return orders[:size]


@njit(cache=True, nogil=True, error_model="numpy")
def _related(count, order_i, order_f, legs):  # type: ignore[no-untyped-def]  # numba
    """Return for each new order all of them by how alike they are in place and time: int64 [k, k]."""
    near = np.empty((count, count), np.int64)
    key = np.empty(count)
    for i in range(count):
        for j in range(count):
            key[j] = abs(order_f[i, READY] - order_f[j, READY])
            if order_i[i, AT_SHOP] != order_i[j, AT_SHOP]:
                there, back = (
                    legs[order_i[i, AT_HOME], order_i[j, AT_SHOP]],
                    legs[order_i[j, AT_HOME], order_i[i, AT_SHOP]],
                )
                key[j] += 0.5 * (there + back)
        key[i] = -1.0
        near[i] = np.argsort(key, kind="mergesort")
    return near
