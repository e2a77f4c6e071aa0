"""The best way to put an order into a driver's planned stops, for many (order, driver) pairs at once.

Cheapest insertion as in Solomon, "Algorithms for the Vehicle Routing and Scheduling Problems with Time Window
Constraints" (Operations Research 35(2), 1987), heuristic I1, on the route cost given below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from domain.units import DAY_S, FloatArray, IntArray
from domain.vehicles import Vehicle
from matching.contract import Snapshot
from matching.objective import FAIR_S, FRESH_S, SOONEST, Objective
from matching.routes import PICKUP, Plans

_DRIVER, _NEW_PICKUP, _NEW_DROPOFF = -1, -2, -3
_EACH_VEHICLE = tuple(Vehicle)  # iterating over the class itself runs Python for each
_VEHICLES = len(_EACH_VEHICLE)


@dataclass(frozen=True, kw_only=True, eq=False)
class Insertions:
    """The best insertion of each of k pairs; arrays [k].

    `pickup_at`, `dropoff_at` int32: positions for `routes.with_order`. float64, seconds: `cost`, growth of
    the route's cost; `pickup_s` and `dropoff_s`, moments at which the new order is picked up and delivered;
    `longer_s`, by how much later the driver is done; `alone_s`, how long the driver would need if the order
    were the only one.
    """

    pickup_at: IntArray
    dropoff_at: IntArray
    cost: FloatArray
    pickup_s: FloatArray
    dropoff_s: FloatArray
    longer_s: FloatArray
    alone_s: FloatArray


def best_insertions(
    snapshot: Snapshot,
    plans: Plans,
    order: IntArray,
    driver: IntArray,
    *,
    objective: Objective = SOONEST,
) -> Insertions:
    """Return the cheapest insertion of `order` [k] into the stops of `driver` [k], pair by pair.

    The cost of a route is the `objective` of its orders and its driver, moments counted in seconds from now.
    Travel times are believed ones, food is waited for, handling takes its expected time. The order of the
    planned stops is kept, and a driver who stands at the first of them finishes it first. In a market
    `by_trips` the order joins a trip behind its last pickup, or is a trip of its own. Ties: the later
    position.

    Every driver must have room for one more order (load < capacity): then no position can overload.
    One `travel.times` batch per vehicle type among the pairs; 1 + 4s look-ups per pair with s planned stops,
    O(s^3) work.
    """
    weights = (
        objective.click_to_door,
        objective.lateness,
        objective.freshness,
        objective.driver_time,
        objective.driving,
    )
    pair_order, pair_driver = order.astype(np.int64), driver.astype(np.int64)
    origins, destinations, begins, order_at, driver_at, pair_at = _look_ups(
        pair_order,
        pair_driver,
        snapshot.driver_vehicle,
        snapshot.order_restaurant_node,
        snapshot.order_customer_node,
        snapshot.driver_node,
        plans.offsets,
        plans.order,
        plans.kind,
    )
    where, times = _insert_all(
        pair_order,
        pair_driver,
        snapshot.driver_vehicle,
        _seconds(snapshot, origins, destinations, begins.tolist()),
        order_at,
        driver_at,
        pair_at,
        snapshot.order_restaurant,
        snapshot.order_restaurant_node,
        snapshot.order_customer_node,
        snapshot.order_ready_s_est,
        snapshot.order_due_s,
        snapshot.driver_node,
        snapshot.driver_from_s,
        plans.offsets,
        plans.order,
        plans.kind,
        snapshot.now_s,
        snapshot.pickup_service_s,
        snapshot.dropoff_service_s,
        snapshot.by_trips,
        weights,
    )
    cost, pickup_s, dropoff_s, longer_s, alone_s = times
    if objective.fairness > 0.0:
        cost = cost + objective.fairness * FAIR_S * (
            1.0 - np.minimum(snapshot.driver_short_orders[driver], 1.0)
        )
    return Insertions(
        pickup_at=where[0],
        dropoff_at=where[1],
        cost=cost,
        pickup_s=pickup_s,
        dropoff_s=dropoff_s,
        longer_s=longer_s,
        alone_s=alone_s,
    )


def _seconds(snapshot: Snapshot, origins: IntArray, destinations: IntArray, begins: list[int]) -> FloatArray:
    """Return the travel times of look-ups that are grouped by vehicle: those of v begin at ``begins[v]``."""
    seconds, at_s = np.empty(len(origins)), snapshot.now_s % DAY_S
    for vehicle in _EACH_VEHICLE:
        begin, end = begins[vehicle], begins[vehicle + 1]
        if begin < end:
            some = slice(begin, end)
            seconds[some] = snapshot.travel.times(
                origins[some], destinations[some], at_s=at_s, vehicle=vehicle
            )
    return seconds


@njit(cache=True, nogil=True, error_model="numpy")
def _look_ups(  # type: ignore[no-untyped-def]  # numba
    pair_order, pair_driver, driver_vehicle, restaurant_node, customer_node, driver_node,
    offsets, stop_order, stop_kind,
):  # fmt: skip
    """Return the (origin, destination) nodes that the pairs need, vehicle by vehicle, and where times begin.

    Per vehicle and order: restaurant to customer. Per driver: the legs of the plan. Per pair: driver to
    restaurant; then per planned stop s: s to restaurant, restaurant to s, s to customer, customer to s.
    Beginnings: of each vehicle [_VEHICLES + 1], of orders by vehicle, of drivers, of pairs.
    """
    begins = np.zeros(_VEHICLES + 1, np.int64)
    order_at = np.full((_VEHICLES, len(restaurant_node)), -1, np.int64)
    driver_at = np.full(len(driver_node), -1, np.int64)
    pair_at = np.empty(len(pair_order), np.int64)
    size = 0
    for vehicle in range(_VEHICLES):
        for i in range(len(pair_order)):
            o, d = pair_order[i], pair_driver[i]
            if driver_vehicle[d] != vehicle:
                continue
            stops = offsets[d + 1] - offsets[d]
            if order_at[vehicle, o] < 0:
                order_at[vehicle, o] = size
                size += 1
            if driver_at[d] < 0:
                driver_at[d] = size
                size += stops
            pair_at[i] = size
            size += 1 + 4 * stops
        begins[vehicle + 1] = size
    origins, destinations = np.empty(size, np.int32), np.empty(size, np.int32)
    for i in range(len(pair_order)):
        o, d = pair_order[i], pair_driver[i]
        restaurant, customer = restaurant_node[o], customer_node[o]
        at = order_at[driver_vehicle[d], o]
        origins[at], destinations[at] = restaurant, customer
        at = pair_at[i]
        origins[at], destinations[at] = driver_node[d], restaurant
        before = driver_node[d]
        for j in range(offsets[d + 1] - offsets[d]):
            stop = offsets[d] + j
            is_pickup = stop_kind[stop] == PICKUP
            node = restaurant_node[stop_order[stop]] if is_pickup else customer_node[stop_order[stop]]
            origins[driver_at[d] + j], destinations[driver_at[d] + j] = before, node
            at = pair_at[i] + 1 + 4 * j
            origins[at], destinations[at] = node, restaurant
            origins[at + 1], destinations[at + 1] = restaurant, node
            origins[at + 2], destinations[at + 2] = node, customer
            origins[at + 3], destinations[at + 3] = customer, node
            before = node
    return origins, destinations, begins, order_at, driver_at, pair_at


@njit(cache=True, nogil=True, error_model="numpy")
def _insert_all(  # type: ignore[no-untyped-def]  # numba
    pair_order, pair_driver, driver_vehicle, seconds, order_at, driver_at, pair_at,
    restaurant, restaurant_node, customer_node, ready, due, driver_node, driver_from,
    offsets, stop_order, stop_kind, now, pickup_service, dropoff_service, by_trips, weights,
):  # fmt: skip
    """Return positions int32 [2, k] and seconds [5, k]: cost, pickup, drop-off, longer, alone."""
    where, times = np.zeros((2, len(pair_order)), np.int32), np.empty((5, len(pair_order)))
    for i in range(len(pair_order)):
        o, d = pair_order[i], pair_driver[i]
        first, stops = offsets[d], offsets[d + 1] - offsets[d]
        order, kind = stop_order[first : first + stops], stop_kind[first : first + stops]
        at = (order_at[driver_vehicle[d], o], driver_at[d], pair_at[i])
        begin = driver_from[d] - now
        base, _, _, base_done = _drive(
            -1, -1, o, order, kind, seconds, at, begin, restaurant, ready, due, now,
            pickup_service, dropoff_service, by_trips, weights, np.inf,
        )  # fmt: skip
        lowest = 0
        if stops > 0:
            node = restaurant_node[order[0]] if kind[0] == PICKUP else customer_node[order[0]]
            lowest = 1 if node == driver_node[d] else 0
        best, best_pickup, best_dropoff, best_done = np.inf, 0.0, 0.0, 0.0
        for p in range(stops, lowest - 1, -1):
            last = stops
            if by_trips and p < stops:
                last = _last_dropoff(p, o, restaurant, order, kind)
            for q in range(last, p - 1, -1):
                cost, pickup, dropoff, done = _drive(
                    p, q, o, order, kind, seconds, at, begin, restaurant, ready, due, now,
                    pickup_service, dropoff_service, by_trips, weights, best,
                )  # fmt: skip
                if cost < best:
                    best, best_pickup, best_dropoff, best_done = cost, pickup, dropoff, done
                    where[0, i], where[1, i] = p, q
        times[0, i], times[3, i] = best - base, best_done - base_done
        times[1, i], times[2, i] = best_pickup + now, best_dropoff + now
        direct, near = seconds[at[0]], seconds[at[2]]
        times[4, i] = max(near, ready[o] - now) + pickup_service + direct + dropoff_service
    return where, times


@njit(cache=True, nogil=True, error_model="numpy")
def _last_dropoff(p, new, restaurant, order, kind):  # type: ignore[no-untyped-def]  # numba
    """Return up to where the drop-off may go if, by trips, the pickup goes to `p` < stops; -1: it may not.

    Between two trips, a trip of its own; behind the last pickup of a trip of its restaurant, up to its end.
    """
    if (p == 0 or kind[p - 1] != PICKUP) and kind[p] == PICKUP:
        return p
    if p == 0 or kind[p] == PICKUP or kind[p - 1] != PICKUP or restaurant[order[p - 1]] != restaurant[new]:
        return -1
    while p < len(order) and kind[p] != PICKUP:
        p += 1
    return p


# inlined, since a call with so many arguments costs as much as driving a short route
@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _drive(  # type: ignore[no-untyped-def]  # numba
    p, q, new, order, kind, seconds, at, begin, restaurant, ready, due, now,
    pickup_service, dropoff_service, by_trips, weights, bound,
):  # fmt: skip
    """Return cost (inf beyond `bound`), new order's pickup and drop-off, and end of a route, all from now.

    The new order's times, the planned legs and the pair's times begin in `seconds` where `at` says.
    The new pickup comes before planned stop `p`, the new drop-off before planned stop `q`; -1: nowhere.
    """
    direct, legs, near = at
    click_to_door, lateness, freshness, driver_time, driving = weights
    t, drive, cost, picked, dropped, before, shop = begin, 0.0, 0.0, 0.0, 0.0, _DRIVER, -1
    j, stops = 0, len(order)
    while j <= stops:  # with one way out: at several, numba would count references to every array each time
        if j == p:
            leg = seconds[near if before == _DRIVER else near + 1 + 4 * before]
            drive += leg
            t = t - pickup_service if by_trips and shop == restaurant[new] else t + leg
            t = max(t, ready[new] - now) + pickup_service
            picked, before, shop = t, _NEW_PICKUP, restaurant[new]
        if j == q:
            leg = seconds[direct if before == _NEW_PICKUP else near + 1 + 4 * before + 2]
            drive += leg
            t += leg + dropoff_service
            cost += click_to_door * t + lateness * max(0.0, t + now - due[new])
            if freshness > 0.0:
                cost += freshness * (t + now - ready[new]) ** 2 / (2.0 * FRESH_S)
            dropped, before, shop = t, _NEW_DROPOFF, -1
        if j < stops:
            if before == _NEW_PICKUP:
                leg = seconds[near + 1 + 4 * j + 1]
            elif before == _NEW_DROPOFF:
                leg = seconds[near + 1 + 4 * j + 3]
            else:
                leg = seconds[legs + j]
            drive += leg
            if kind[j] == PICKUP:
                t = t - pickup_service if by_trips and shop == restaurant[order[j]] else t + leg
                t = max(t, ready[order[j]] - now) + pickup_service
                shop = restaurant[order[j]]
            else:
                t += leg + dropoff_service
                cost += click_to_door * t + lateness * max(0.0, t + now - due[order[j]])
                if freshness > 0.0:
                    cost += freshness * (t + now - ready[order[j]]) ** 2 / (2.0 * FRESH_S)
                shop = -1
            before = j
            if cost >= bound:
                cost, j = np.inf, stops
        j += 1
    cost += driver_time * t + driving * drive
    return cost, picked, dropped, t
