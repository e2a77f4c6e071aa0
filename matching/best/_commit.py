"""Which of the planned orders must be given away now, and which can wait for the next decision."""

from __future__ import annotations

import numpy as np
from numba import njit

from matching.routes import DROPOFF, PICKUP


@njit(cache=True, nogil=True, error_model="numpy")
def going(  # type: ignore[no-untyped-def]  # numba
    open_orders, offsets, order, kind, arrival, start, depart, begin, restaurant, must_go, next_s, by_trips
):
    """Tell which open orders go now: bool [open_orders].

    One goes if its driver must set out for it before `next_s`, lest it be picked up later than planned; or
    joins a trip that holds accepted orders; or is of one trip with such an order. By trips, nothing goes that
    comes after a trip which can wait. `must_go` bool [open_orders] adds others.
    """
    goes = must_go.copy()
    for d in range(len(offsets) - 1):
        s = offsets[d]
        while s < offsets[d + 1]:
            if kind[s] == DROPOFF:
                s += 1
                continue
            end = s + 1
            if by_trips:
                while (
                    end < offsets[d + 1]
                    and kind[end] == PICKUP
                    and restaurant[order[end]] == restaurant[order[s]]
                ):
                    end += 1
            left = begin[d] if s == offsets[d] else depart[s - 1]
            waits = start[s] - (arrival[s] - left) >= next_s
            for x in range(s, end):
                waits &= order[x] < open_orders and not must_go[order[x]]
            if not waits:
                for x in range(s, end):
                    if order[x] < open_orders:
                        goes[order[x]] = True
            elif by_trips:
                break
            s = end
    return goes


@njit(cache=True, nogil=True, error_model="numpy")
def decided(offsets, order, kind, goes, old_driver):  # type: ignore[no-untyped-def]  # numba
    """Return every order's driver, and the routes of drivers who get something, less what waits, as CSR."""
    open_orders, m = len(goes), len(offsets) - 1
    driver = old_driver.copy()
    route_driver, route_offsets = np.empty(m, np.int32), np.zeros(m + 1, np.int64)
    route_order, route_kind = np.empty(len(order), np.int32), np.empty(len(order), np.int8)
    count = size = 0
    for d in range(m):
        gets = False
        for s in range(offsets[d], offsets[d + 1]):
            gets |= order[s] < open_orders and goes[order[s]]
        if not gets:
            continue
        for s in range(offsets[d], offsets[d + 1]):
            if order[s] < open_orders:
                if not goes[order[s]]:
                    continue
                driver[order[s]] = d
            route_order[size], route_kind[size] = order[s], kind[s]
            size += 1
        route_driver[count] = d
        count += 1
        route_offsets[count] = size
    return driver, route_driver[:count], route_offsets[: count + 1], route_order[:size], route_kind[:size]
