"""The best stop order for a few orders, by trying all: for many small routing problems at once.

A depth-first search over stops that gives up a partial route once it costs as much as the best whole one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from domain.units import DAY_S, FloatArray, IntArray
from domain.vehicles import Vehicle
from matching.contract import Snapshot
from matching.objective import FRESH_S, Objective
from matching.routes import DROPOFF, PICKUP
from matching.snapshot import frozen

FREE, ON_BOARD, BOUND = 0, 1, 2
"""What an order is: to be picked up; on board; to be picked up first, since its driver is bound for it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Problems:
    """p routing problems over q orders in all.

    `offsets` int64 [p+1] delimits each problem's orders: `order` int64 [q] on the order axis, `state` int8
    [q] (`FREE`, `ON_BOARD`, `BOUND`). Per problem: `node` int64, where the route starts, -1: at its first
    stop; `begin_s`, `shift_end_s` float64, moments; `vehicle` int8.
    """

    offsets: IntArray
    order: IntArray
    state: IntArray
    node: IntArray
    begin_s: FloatArray
    shift_end_s: FloatArray
    vehicle: IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Routes:
    """The best route of each problem: `cost` float64 [p], inf where there is none, and stops.

    Problem i has the stops ``offsets[i]:offsets[i + 1]`` (int64) of `order` int32 and `kind` int8; where
    there is no route they mean nothing.
    """

    cost: FloatArray
    offsets: IntArray
    order: IntArray
    kind: IntArray

    def of(self, problem: int) -> tuple[IntArray, IntArray]:
        """Return the orders and kinds of a problem's stops."""
        stops = slice(self.offsets[problem], self.offsets[problem + 1])
        return self.order[stops], self.kind[stops]


def best_routes(snapshot: Snapshot, problems: Problems, *, objective: Objective) -> Routes:
    """Return each problem's route of least `objective` cost, fairness aside, moments in seconds from now.

    A driver who stands at the door of an order on board hands that over first. No free order is picked up
    after the shift or delivered later than it is wanted. In a market `by_trips` a route is one trip after
    another, the bound one first, and orders on board keep their order. Ties: the orders as given.

    2 x orders x (2 x orders + 1) look-ups and at most (2 x orders)! / 2^orders routes per problem.
    """
    counts = np.diff(problems.offsets)
    stops = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(2 * counts - _on_board(problems), out=stops[1:])
    routes = Routes(
        cost=np.full(len(counts), np.inf),
        offsets=stops,
        order=np.zeros(stops[-1], np.int32),
        kind=np.zeros(stops[-1], np.int8),
    )
    weights = (
        objective.click_to_door, objective.lateness, objective.freshness,
        objective.driver_time, objective.driving,
    )  # fmt: skip
    for vehicle in np.flatnonzero(np.bincount(problems.vehicle)):
        some = np.flatnonzero(problems.vehicle == vehicle)
        origins, destinations, begins = _look_ups(
            some, problems.offsets, problems.order, problems.node,
            snapshot.order_restaurant_node, snapshot.order_customer_node,
        )  # fmt: skip
        seconds = snapshot.travel.times(
            origins, destinations, at_s=snapshot.now_s % DAY_S, vehicle=Vehicle(int(vehicle))
        )
        _solve_all(
            some, begins, frozen(seconds, np.float64),
            problems.offsets, problems.order, problems.state, problems.node,
            problems.begin_s, problems.shift_end_s,
            snapshot.order_restaurant, snapshot.order_customer_node, snapshot.order_ready_s_est,
            snapshot.order_due_s, snapshot.order_latest_s,
            snapshot.now_s, snapshot.pickup_service_s, snapshot.dropoff_service_s, snapshot.by_trips, weights,
            routes.cost, routes.offsets, routes.order, routes.kind,
        )  # fmt: skip
    return routes


def _on_board(problems: Problems) -> NDArray[np.int64]:
    """Return how many orders of each problem are on board."""
    before = np.zeros(len(problems.state) + 1, np.int64)
    np.cumsum(problems.state == ON_BOARD, out=before[1:])
    return np.diff(before[problems.offsets])


@njit(cache=True, nogil=True, error_model="numpy")
def _look_ups(some, offsets, order, node, restaurant_node, customer_node):  # type: ignore[no-untyped-def]  # numba
    """Return origins and destinations of all legs of problems `some`, and where each problem's begin.

    A problem of k orders has places 0, its start, 1 + 2 i, the restaurant of its order i, and 2 + 2 i, the
    customer; its legs are the rows of the matrix of 1 + 2 k origins and 2 k destinations.
    """
    begins = np.zeros(len(some) + 1, np.int64)
    for j in range(len(some)):
        k = offsets[some[j] + 1] - offsets[some[j]]
        begins[j + 1] = begins[j] + (1 + 2 * k) * 2 * k
    origins, destinations = np.empty(begins[-1], np.int32), np.empty(begins[-1], np.int32)
    at = 0
    for p in some:
        mine = order[offsets[p] : offsets[p + 1]]
        for row in range(1 + 2 * len(mine)):
            for column in range(2 * len(mine)):
                to = (
                    restaurant_node[mine[column // 2]]
                    if column % 2 == 0
                    else customer_node[mine[column // 2]]
                )
                if row == 0:
                    origins[at] = node[p] if node[p] >= 0 else to
                elif row % 2 == 1:
                    origins[at] = restaurant_node[mine[(row - 1) // 2]]
                else:
                    origins[at] = customer_node[mine[(row - 1) // 2]]
                destinations[at] = to
                at += 1
    return origins, destinations, begins


@njit(cache=True, nogil=True, error_model="numpy")
def _solve_all(  # type: ignore[no-untyped-def]  # numba
    some, begins, seconds, offsets, order, state, node, begin, shift_end,
    restaurant, customer_node, ready, due, latest, now, pickup_service, dropoff_service, by_trips, weights,
    cost, stops, stop_order, stop_kind,
):  # fmt: skip
    for j in range(len(some)):
        p = some[j]
        mine, states = order[offsets[p] : offsets[p + 1]], state[offsets[p] : offsets[p + 1]]
        k = len(mine)
        legs = seconds[begins[j] : begins[j + 1]].reshape(1 + 2 * k, 2 * k)
        first = -1
        for i in range(k):
            if states[i] == ON_BOARD and customer_node[mine[i]] == node[p] and first < 0:
                first = 2 * i + 1
        chosen = np.empty(stops[p + 1] - stops[p], np.int64)
        cost[p] = _search(
            legs, mine, states, first, begin[p] - now, shift_end[p] - now,
            restaurant, ready, due, latest, now, pickup_service, dropoff_service, by_trips, weights, chosen,
        )  # fmt: skip
        for s in range(len(chosen)):
            if cost[p] < np.inf:
                stop_order[stops[p] + s] = mine[chosen[s] // 2]
                stop_kind[stops[p] + s] = PICKUP if chosen[s] % 2 == 0 else DROPOFF


@njit(cache=True, nogil=True, error_model="numpy")
def _search(  # type: ignore[no-untyped-def]  # numba
    legs, mine, states, first, begin, shift_end,
    restaurant, ready, due, latest, now, pickup_service, dropoff_service, by_trips, weights, chosen,
):  # fmt: skip
    """Return the least cost and fill `chosen` with its stops, 2 i + kind for order i of the problem."""
    click_to_door, lateness, freshness, driver_time, driving = weights
    k, size = len(mine), len(chosen)
    if size == 0:
        return driver_time * begin
    is_in, is_out = states == ON_BOARD, np.zeros(k, np.bool_)
    t, drive, cost = np.zeros(size + 1), np.zeros(size + 1), np.zeros(size + 1)
    stop, tried = np.full(size + 1, -1, np.int64), np.full(size + 1, -1, np.int64)
    t[0], best, depth = begin, np.inf, 0
    while depth >= 0:
        if depth < size and tried[depth] < 2 * k - 1:
            tried[depth] += 1
            s = tried[depth]
            i, o = s // 2, mine[s // 2]
            if depth == 0 and first >= 0 and s != first:
                continue
            if not _may_follow(s, stop[depth], mine, states, is_in, is_out, restaurant, by_trips):
                continue
            leg = legs[stop[depth] + 1, s]
            if s % 2 == PICKUP:
                is_joint = (
                    by_trips and depth > 0 and stop[depth] % 2 == PICKUP
                    and restaurant[mine[stop[depth] // 2]] == restaurant[o]
                )  # fmt: skip
                start = max(t[depth] - pickup_service if is_joint else t[depth] + leg, ready[o] - now)
                if states[i] == FREE and start > shift_end:
                    continue
                t[depth + 1], cost[depth + 1] = start + pickup_service, cost[depth]
            else:
                moment = t[depth] + leg + dropoff_service
                if states[i] == FREE and moment + now > latest[o]:
                    continue
                added = click_to_door * moment + lateness * max(0.0, moment + now - due[o])
                if freshness > 0.0:
                    added += freshness * (moment + now - ready[o]) ** 2 / (2.0 * FRESH_S)
                t[depth + 1], cost[depth + 1] = moment, cost[depth] + added
            drive[depth + 1] = drive[depth] + leg
            total = cost[depth + 1] + driver_time * t[depth + 1] + driving * drive[depth + 1]
            if total >= best:
                continue
            if s % 2 == PICKUP:
                is_in[i] = True
            else:
                is_out[i] = True
            depth += 1
            stop[depth] = s
            if depth == size:
                best = total
                for at in range(size):
                    chosen[at] = stop[at + 1]
            else:
                tried[depth] = -1
        else:
            if depth > 0:
                i = stop[depth] // 2
                if stop[depth] % 2 == PICKUP:
                    is_in[i] = False
                else:
                    is_out[i] = False
            depth -= 1
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def _may_follow(s, before, mine, states, is_in, is_out, restaurant, by_trips):  # type: ignore[no-untyped-def]  # numba
    """Tell whether stop `s` may come after stop `before` (-1: the start)."""
    i = s // 2
    if s % 2 == PICKUP:
        if is_in[i]:
            return False
        if not by_trips:
            return True
        for j in range(len(mine)):
            if is_in[j] and not is_out[j]:
                return (
                    before >= 0 and before % 2 == PICKUP
                    and restaurant[mine[before // 2]] == restaurant[mine[i]]
                )  # fmt: skip
        return before >= 0 or not _bound_waits(states, is_in) or states[i] == BOUND
    if is_out[i] or not is_in[i]:
        return False
    if not by_trips:
        return True
    if states[i] == ON_BOARD:
        return np.all(is_out[:i] | (states[:i] != ON_BOARD))
    return not _bound_waits(states, is_in)


@njit(cache=True, nogil=True, error_model="numpy")
def _bound_waits(states, is_in):  # type: ignore[no-untyped-def]  # numba
    """Tell whether an order for which the driver is bound is not picked up yet."""
    return np.any((states == BOUND) & ~is_in)
