"""Bundles per restaurant: parallel insertion into some routes, then each order taken out and put back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from domain.units import BoolArray, FloatArray, IntArray
from matching.contract import Snapshot
from matching.rolling_horizon._work import Rides, Work
from matching.routes import DROPOFF


class Bundles(NamedTuple):
    """b bundles; arrays [b] unless told otherwise.

    `shop` int64: restaurant of `Work`. `driver` int64: whose trip it is that grows, -1 for bundles that no
    driver has. `offsets` int64 [b+1] delimits `member` int64, places among the members of `Work`, in the
    order of delivery. `has_grown` bool: holds an open order.
    """

    shop: IntArray
    driver: IntArray
    offsets: IntArray
    member: IntArray
    has_grown: BoolArray


def free_times(snapshot: Snapshot, work: Work, rides: Rides) -> tuple[FloatArray, FloatArray]:
    """Return when each driver has done the planned stops, and may begin to pick its growing trip up: [m]."""
    free, reach = _free_times(
        snapshot.driver_from_s,
        snapshot.stop_offsets,
        snapshot.stop_order,
        snapshot.stop_kind,
        snapshot.order_restaurant,
        snapshot.order_ready_s_est,
        rides.stops,
        work.grows_at,
        snapshot.pickup_service_s,
        snapshot.dropoff_service_s,
        snapshot.by_trips,
    )
    return free, reach


@njit(cache=True, nogil=True, error_model="numpy")
def _free_times(  # type: ignore[no-untyped-def]  # numba
    begin, offsets, order, kind, restaurant, ready, legs, grows_at, pickup_service, dropoff_service, by_trips
):
    """Drive all plans in thought, as `matching.routes.stop_times` does."""
    free, reach = np.empty(len(begin)), np.full(len(begin), np.inf)
    for d in range(len(begin)):
        t, shop = begin[d], -1
        for s in range(offsets[d], offsets[d + 1]):
            if kind[s] == DROPOFF:
                t, shop = t + legs[s] + dropoff_service, -1
                continue
            i = order[s]
            t = t - pickup_service if by_trips and shop == restaurant[i] else t + legs[s]
            if s == grows_at[d]:
                reach[d] = t
            t, shop = max(t, ready[i]) + pickup_service, restaurant[i]
        free[d] = t
    return free, reach


@njit(cache=True, nogil=True, error_model="numpy")
def make_bundles(  # type: ignore[no-untyped-def]  # numba
    work, legs, reach, now, ready, latest, room, candidate_offsets, candidate_driver,
    target_size, most, beta, pickup_service, dropoff_service,
):  # fmt: skip
    """Return the fields of `Bundles`.

    A restaurant gets as many routes as it has growing trips, or as it takes to hold its orders at
    `target_size` each, whichever is more. Orders go in by ready time, each to where the cost of its route,
    seconds of riding plus `beta` x seconds of service delay, grows least; into a route that has reached the
    target size only if seconds per order get fewer. Then each open order is taken out once and put where it
    costs least now. An order that fits nowhere gets a route of its own. Ties: the earlier route, the earlier
    place; growing trips come first. `most` orders at once; `room` [m]: how many more each driver can take.
    """
    member, member_driver, shop_offsets, _, _, _, block_at = work
    k, count = len(member), 0
    shop, driver, offsets = np.empty(k, np.int64), np.empty(k, np.int64), np.zeros(k + 1, np.int64)
    flat, has_grown = np.empty(k, np.int64), np.zeros(k, np.bool_)
    widest = max(1, room.max()) if len(room) > 0 else 1
    for r in range(len(shop_offsets) - 1):
        first, end = shop_offsets[r], shop_offsets[r + 1]
        n = end - first
        orders = member[first:end]
        rules = (
            legs[block_at[r] : block_at[r] + (n + 1) * n].reshape(n + 1, n),
            ready[orders], latest[orders], orders, candidate_offsets, candidate_driver,
            target_size, beta, pickup_service, dropoff_service,
        )  # fmt: skip
        whose, begin = np.full(n, -1, np.int64), np.full(n, now)
        limit = np.full(n, min(widest, most))
        route, size = np.empty((n, n), np.int64), np.zeros(n, np.int64)
        state = (route, size, whose, begin, limit)
        held, trips = _seat_trips(state, member_driver[first:end], reach, room, most)
        rows = max(trips, -(-n // target_size))
        for i in range(held, n):
            rows = _put(i, state, rows, rules)
        for i in range(held, n):
            _take_out(i, route, size, rows)
            rows = _put(i, state, rows, rules)
        for b in range(rows):
            if size[b] == 0:
                continue
            shop[count], driver[count] = r, whose[b]
            offsets[count + 1] = offsets[count] + size[b]
            for j in range(size[b]):
                flat[offsets[count] + j] = first + route[b, j]
                has_grown[count] |= route[b, j] >= held
            count += 1
    return shop[:count], driver[:count], offsets[: count + 1], flat, has_grown[:count]


@njit(cache=True, nogil=True, error_model="numpy")
def _seat_trips(state, member_driver, reach, room, most):  # type: ignore[no-untyped-def]  # numba
    """Give each growing trip a route; return how many orders and how many trips that makes."""
    route, size, whose, begin, limit = state
    held = trips = 0
    for d in member_driver:
        if d < 0:
            break
        b = 0
        while b < trips and whose[b] != d:
            b += 1
        if b == trips:
            trips += 1
            whose[b], begin[b] = d, reach[d]
        route[b, size[b]] = held
        size[b] += 1
        limit[b] = min(most, size[b] + room[d])
        held += 1
    return held, trips


@njit(cache=True, nogil=True, error_model="numpy")
def _put(i, state, rows, rules):  # type: ignore[no-untyped-def]  # numba
    """Put member `i` where it costs least, into a new route if need be; return the number of routes."""
    route, size, whose, begin, limit = state
    orders, candidate_offsets, candidate_driver, target_size = rules[3], rules[4], rules[5], rules[6]
    best, best_row, best_at, tried_empty = np.inf, -1, 0, False
    for b in range(rows):
        if size[b] >= limit[b] or (size[b] == 0 and tried_empty):
            continue
        if whose[b] >= 0 and not _is_candidate(whose[b], orders[i], candidate_offsets, candidate_driver):
            continue
        tried_empty |= size[b] == 0
        cost, done, _ = _drive(route[b], size[b], -1, 0, begin[b], rules)
        for at in range(size[b] + 1):
            more, later, in_time = _drive(route[b], size[b], i, at, begin[b], rules)
            is_full = size[b] >= target_size and later * size[b] >= done * (size[b] + 1)
            if (in_time or size[b] == 0) and not is_full and more - cost < best:
                best, best_row, best_at = more - cost, b, at
    if best_row < 0:
        best_row, best_at, rows = rows, 0, rows + 1
    for j in range(size[best_row], best_at, -1):
        route[best_row, j] = route[best_row, j - 1]
    route[best_row, best_at] = i
    size[best_row] += 1
    return rows


@njit(cache=True, nogil=True, error_model="numpy")
def _take_out(i, route, size, rows):  # type: ignore[no-untyped-def]  # numba
    for b in range(rows):
        for j in range(size[b]):
            if route[b, j] == i:
                for q in range(j, size[b] - 1):
                    route[b, q] = route[b, q + 1]
                size[b] -= 1
                return


@njit(cache=True, nogil=True, error_model="numpy")
def _is_candidate(driver, order, offsets, candidates):  # type: ignore[no-untyped-def]  # numba
    for c in range(offsets[order], offsets[order + 1]):  # noqa: SIM110  # generators are slow in numba
        if candidates[c] == driver:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _drive(route, size, new, at, begin, rules):  # type: ignore[no-untyped-def]  # numba
    """Return a route's cost, its seconds from pickup to the last customer, and whether all are in time.

    It is picked up when all of it is ready, not before `begin`; an order's service delay is the time from
    being ready to pickup. `new` (-1: nobody) is visited before place `at`.
    """
    times, ready, latest = rules[0], rules[1], rules[2]
    beta, pickup_service, dropoff_service = rules[7], rules[8], rules[9]
    leaves = begin
    for j in range(size):
        leaves = max(leaves, ready[route[j]])
    stops = size
    if new >= 0:
        leaves, stops = max(leaves, ready[new]), size + 1
    t, ride, delay, before, in_time = leaves, 0.0, 0.0, 0, True
    for j in range(stops):
        c = new if new >= 0 and j == at else route[j - 1 if new >= 0 and j > at else j]
        leg = times[before, c]
        if j > 0:
            t += dropoff_service
        t += leg
        ride += leg
        delay += leaves - ready[c]
        in_time &= t + pickup_service <= latest[c]
        before = 1 + c
    return ride + beta * delay, t - leaves, in_time


@njit(cache=True, nogil=True, error_model="numpy")
def target_size(ready, is_picked_up, free, grows_at, ready_by, free_by):  # type: ignore[no-untyped-def]  # numba
    """Return the target bundle size: orders ready by `ready_by` per driver free by `free_by`, rounded up.

    Orders of growing trips count, and so do their drivers: both are still to be decided about.
    """
    orders = drivers = 0
    for i in range(len(ready)):
        orders += not is_picked_up[i] and ready[i] <= ready_by
    for d in range(len(free)):
        drivers += grows_at[d] >= 0 or free[d] <= free_by
    return max(1, -(-orders // max(1, drivers)))
