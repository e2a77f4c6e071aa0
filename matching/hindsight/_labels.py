"""The cheapest route of every driver at given prices of the orders, by recursion over place and time."""

from __future__ import annotations

import numpy as np
from numba import njit

FAR = 1 << 60
"""Cost of what cannot be."""


@njit(cache=True, nogil=True, error_model="numpy")
def later_costs(grid, trips, prices, scale, off, ahead, choice, free):  # type: ignore[no-untyped-def]  # numba
    """Fill the least reduced cost from each restaurant and moment on, for drivers who sign off at `off`.

    ``ahead[r, t]``: the best rest of a route whose next pickup is at restaurant r at t or later, FAR if none;
    ``choice[r, t]``: its trip. ``free[i, t - free_from[i]]``: the same for a driver free at customer i, 0 to
    end there. A trip picked up at p costs ``scale * (size * p + base)`` minus the prices of its orders.
    All int64: exact. O(horizon (trips open at once + customers open at once x restaurants)).
    """
    ahead[:] = FAR
    choice[:] = -1
    restaurants, n = ahead.shape[0], len(grid.free_from)
    is_open = np.empty(len(trips.size), np.int64)
    open_count, coming = 0, 0
    worth = np.zeros(len(trips.size), np.int64)
    for b in range(len(trips.size)):
        for i in range(trips.size[b]):
            worth[b] += prices[trips.orders[b, i]]
    for t in range(off, -1, -1):
        for r in range(restaurants):
            ahead[r, t], choice[r, t] = ahead[r, t + 1], choice[r, t + 1]
        while coming < len(trips.size) and trips.closes[coming] >= t:
            is_open[open_count] = coming
            open_count += 1
            coming += 1
        j = 0
        while j < open_count:
            b = is_open[j]
            if trips.opens[b] > t:
                open_count -= 1
                is_open[j] = is_open[open_count]
                continue
            j += 1
            last = trips.last[b]
            at = t + trips.takes[b]
            cost = scale * (trips.size[b] * t + trips.base[b]) - worth[b]
            if at <= off:
                cost += free[last, at - grid.free_from[last]]
            if cost < ahead[trips.restaurant[b], t]:
                ahead[trips.restaurant[b], t] = cost
                choice[trips.restaurant[b], t] = b * (off + 2) + t
        for i in range(n):
            if grid.free_from[i] <= t <= grid.free_to[i]:
                least = 0
                for r in range(restaurants):
                    cost = ahead[r, min(t + grid.arrival[i, r], off + 1)]
                    if cost < least:
                        least = cost
                free[i, t - grid.free_from[i]] = least


@njit(cache=True, nogil=True, error_model="numpy")
def follow(grid, trips, d, off, ahead, choice, route):  # type: ignore[no-untyped-def]  # numba
    """Write the trips of a driver's cheapest route; return (reduced cost, number of trips); none: (0, 0)."""
    total, count, t, last = 0, 0, grid.on[d], -1
    while True:
        least, at = 0, -1
        for r in range(ahead.shape[0]):
            ride = grid.first_arrival[d, r] if last < 0 else grid.arrival[last, r]
            moment = min(t + ride, off + 1)
            if ahead[r, moment] < least:
                least, at = ahead[r, moment], choice[r, moment]
        if count == 0:
            total = least
        if at < 0 or count == len(route):
            return total, count
        b, pickup = at // (off + 2), at % (off + 2)
        route[count] = b
        count += 1
        t, last = pickup + trips.takes[b], trips.last[b]


@njit(cache=True, nogil=True, error_model="numpy")
def cheapest_routes(grid, trips, prices, scale, routes, lengths, costs):  # type: ignore[no-untyped-def]  # numba
    """Write each driver's cheapest route at these prices: `routes` [d, k], `lengths` [d], `costs` [d].

    Orders may recur in a route: its cost is then lower than any true route's, which a lower bound may use.
    """
    restaurants, n = grid.arrival.shape[1], len(grid.free_from)
    width = max(int((grid.free_to - grid.free_from).max()) + 1, 1)
    ahead = np.empty((restaurants, grid.horizon + 2), np.int64)
    choice = np.empty((restaurants, grid.horizon + 2), np.int64)
    free = np.zeros((n, width), np.int64)
    is_done = np.zeros(len(grid.on), np.bool_)
    for first in range(len(grid.on)):
        if is_done[first]:
            continue
        off = grid.off[first]
        later_costs(grid, trips, prices, scale, off, ahead, choice, free)
        for d in range(first, len(grid.on)):
            if grid.off[d] == off:
                is_done[d] = True
                costs[d], lengths[d] = follow(grid, trips, d, off, ahead, choice, routes[d])
