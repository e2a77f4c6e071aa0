"""Kernels that lay a decision's orders, drivers and planned stops out in the snapshot's columns.

Each takes whole arrays and makes all its columns in one call, so that a batch of one order costs little more
than its arithmetic; rows of a returned block are contiguous columns. The types of the arguments are always
the same: nothing compiles late once `services.warm.warm_up` has run.
"""

from __future__ import annotations

import numpy as np
from numba import njit

PLACES = ("order_restaurant", "order_restaurant_node", "order_customer_node")
"""Rows of the int32 block of `order_columns`; the restaurant is a rank."""
TIMES = (
    "order_restaurant_lat",
    "order_restaurant_lon",
    "order_customer_lat",
    "order_customer_lon",
    "order_placed_s",
    "order_ready_s_est",
    "order_due_s",
    "order_since_s",
    "order_latest_s",
)
"""Rows of the float64 block of `order_columns`."""
FLAGS = ("order_is_ready", "order_is_picked_up", "order_is_pinned")
"""Rows of the bool block of `order_columns`."""
_DENSE = 16
"""Up to so many numbers between least and greatest, per id, a table of them is cheaper than sorting."""


@njit(cache=True, nogil=True, error_model="numpy")
def ranked(ids):  # type: ignore[no-untyped-def]  # numba
    """Return the distinct ids, ascending int64 [u], and each one's place among them, int32 [n]."""
    n, found = len(ids), 0
    distinct, place = np.empty(n, np.int64), np.empty(n, np.int32)
    low = ids.min() if n > 0 else 0
    span = ids.max() - low + 1 if n > 0 else 0
    if 0 < span <= _DENSE * n:
        rank = np.full(span, -1, np.int32)
        for one in ids:
            rank[one - low] = 0
        for at in range(span):
            if rank[at] == 0:
                rank[at], distinct[found] = found, low + at
                found += 1
        for i in range(n):
            place[i] = rank[ids[i] - low]
        return distinct[:found], place
    for i in np.argsort(ids):
        if found == 0 or distinct[found - 1] != ids[i]:
            distinct[found] = ids[i]
            found += 1
        place[i] = found - 1
    return distinct[:found], place


@njit(cache=True, nogil=True, error_model="numpy")
def order_columns(waiting, accepted, live, now_s):  # type: ignore[no-untyped-def]  # numba
    """Lay out n orders: book rows `waiting`, then the rows of `accepted` at places `live`.

    Returns the blocks `PLACES` int32 [3, n], `TIMES` float64 [9, n], `FLAGS` bool [3, n], and what is behind
    them: ids and restaurants' ids, int64 [2, n], and the quoted ready moments, float64 [n]. An accepted order
    may change drivers until it is picked up; none is ever unwanted.
    """
    opens = len(waiting)
    n = opens + len(live)
    places, times, flags = np.empty((3, n), np.int32), np.empty((9, n)), np.empty((3, n), np.bool_)
    behind, ready_s = np.empty((2, n), np.int64), np.empty(n)
    for i in range(n):
        row = waiting[i] if i < opens else accepted[live[i - opens]]
        behind[0, i], behind[1, i] = row["id"], row["restaurant"]
        ready_s[i] = row["ready_s"]
        places[1, i], places[2, i] = row["restaurant_node"], row["customer_node"]
        times[0, i], times[1, i] = row["restaurant_lat"], row["restaurant_lon"]
        times[2, i], times[3, i] = row["customer_lat"], row["customer_lon"]
        times[4, i] = row["placed_s"]
        times[5, i] = row["ready_s"] if row["is_ready"] else max(row["ready_s"], now_s)
        times[6, i], times[7, i] = row["due_s"], row["since_s"]
        times[8, i] = np.inf
        flags[0, i], flags[1, i], flags[2, i] = row["is_ready"], row["is_picked_up"], row["is_picked_up"]
    places[0] = ranked(behind[1])[1]
    return places, times, flags, behind, ready_s


@njit(cache=True, nogil=True, error_model="numpy")
def planned_stops(driver_id, offsets, kind, place, order_driver_id, open_orders):  # type: ignore[no-untyped-def]  # numba
    """Lay out the planned stops of m drivers (ascending ids); stops of others' orders drop out.

    Stop s is of the order at `place` [s] among u orders, whose drivers are `order_driver_id` [u], negative
    for none. Returns the places of the orders that are a driver's here, int64 [a]; `order_driver` int32
    [open_orders + a], -1 for open orders; the CSR columns `stop_offsets` int64 [m+1], `stop_order` int32,
    `stop_kind` int8; `load` int16 [m].
    """
    m, u = len(driver_id), len(order_driver_id)
    owner, axis = np.full(u, -1, np.int32), np.full(u, -1, np.int32)
    live, load = np.empty(u, np.int64), np.zeros(m, np.int16)
    lives = 0
    for order in range(u):
        d = np.searchsorted(driver_id, order_driver_id[order])
        if order_driver_id[order] >= 0 and d < m and driver_id[d] == order_driver_id[order]:
            owner[order], axis[order], live[lives] = d, open_orders + lives, order
            load[d] += 1
            lives += 1
    stop_offsets = np.zeros(m + 1, np.int64)
    stop_order, stop_kind = np.empty(len(kind), np.int32), np.empty(len(kind), np.int8)
    kept = 0
    for d in range(m):
        for stop in range(offsets[d], offsets[d + 1]):
            if owner[place[stop]] == d:
                stop_order[kept], stop_kind[kept] = axis[place[stop]], kind[stop]
                kept += 1
        stop_offsets[d + 1] = kept
    live, order_driver = live[:lives], np.full(open_orders + lives, -1, np.int32)
    order_driver[open_orders:] = owner[live]
    return live, order_driver, stop_offsets, stop_order[:kept], stop_kind[:kept], load


@njit(cache=True, nogil=True, error_model="numpy")
def nearest_allowed(offsets, driver_id, distance_m, out_offsets, out_driver_id, k):  # type: ignore[no-untyped-def]  # numba
    """Return the first k candidates of each of n orders, less those ruled out for it; both are CSR by order.

    `offsets`, `out_offsets` int64 [n+1]; `driver_id`, `out_driver_id` int64; `distance_m` float64.
    """
    kept_offsets, kept = np.zeros(len(offsets), np.int64), 0
    kept_id, kept_m = np.empty(len(driver_id), np.int64), np.empty(len(driver_id))
    for i in range(len(offsets) - 1):
        out = out_driver_id[out_offsets[i] : out_offsets[i + 1]]
        for pair in range(offsets[i], offsets[i + 1]):
            if kept - kept_offsets[i] < k and not np.any(out == driver_id[pair]):
                kept_id[kept], kept_m[kept] = driver_id[pair], distance_m[pair]
                kept += 1
        kept_offsets[i + 1] = kept
    return kept_offsets, kept_id[:kept], kept_m[:kept]
