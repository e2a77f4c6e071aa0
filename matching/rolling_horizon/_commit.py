"""What becomes of the matched bundles: which drivers are sent now, and the stops they get."""

from __future__ import annotations

import numpy as np
from numba import njit

from matching.routes import DROPOFF, PICKUP


@njit(cache=True, nogil=True, error_model="numpy")
def commit(  # type: ignore[no-untyped-def]  # numba
    work, bundles, pairs, edge, free, ready, order_driver, stop_offsets, stop_order, stop_kind, terms
):
    """Return the fields of `Decision`: driver, route drivers, route offsets, route orders, route kinds.

    `edge` int64 [b]: the pair that each bundle takes, -1 for none. `terms`: see `_is_sent`. Routes are
    given where they are not what the driver would do without one.
    """
    member, grows_at = work[0], work[3]
    _, holder, starts, flat, has_grown = bundles
    driver, count = order_driver.copy(), len(holder)
    route_driver, route_offsets = np.empty(count, np.int32), np.zeros(count + 1, np.int64)
    room = len(stop_order) + 2 * len(member)
    route_order, route_kind = np.empty(room, np.int32), np.empty(room, np.int8)
    routes, at = 0, 0
    for b in range(count):
        if holder[b] >= 0:
            d, orders = holder[b], member[flat[starts[b] : starts[b + 1]]]
            if not has_grown[b]:
                continue
        else:
            orders = member[flat[starts[b] : starts[b] + pairs[5][b]]]
            if edge[b] < 0 or not _is_sent(free[pairs[1][edge[b]]], pairs[3][edge[b]], ready[orders], terms):
                continue
            d = pairs[1][edge[b]]
        driver[orders] = d
        first, end = stop_offsets[d], stop_offsets[d + 1]
        if holder[b] < 0 and _is_usual(orders, stop_kind[first:end]):
            continue
        last = grows_at[d] if holder[b] >= 0 else end
        for s in range(first, end):
            if s < last or stop_kind[s] == PICKUP:
                route_order[at], route_kind[at] = stop_order[s], stop_kind[s]
                at += 1
        for i in orders:
            if order_driver[i] < 0:
                route_order[at], route_kind[at] = i, PICKUP
                at += 1
        for i in orders:
            route_order[at], route_kind[at] = i, DROPOFF
            at += 1
        route_driver[routes] = d
        routes += 1
        route_offsets[routes] = at
    return driver, route_driver[:routes], route_offsets[: routes + 1], route_order[:at], route_kind[:at]


@njit(cache=True, nogil=True, error_model="numpy")
def _is_sent(free, reach, ready, terms):  # type: ignore[no-untyped-def]  # numba
    """Tell whether a bundle goes to its driver now. `terms`: until, overdue before, waits for food.

    It does if an order has been ready since `overdue before`, or the driver is free by `until`, the next
    decision, and cannot be there by then or finds everything ready; with `waits for food`, also where not.
    """
    until, overdue_before, waits_for_food = terms
    if ready.min() <= overdue_before:
        return True
    return free <= until and (waits_for_food or reach > until or ready.max() <= until)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_usual(orders, kinds):  # type: ignore[no-untyped-def]  # numba
    """Tell whether a driver with planned stops of these kinds takes these orders on so without a route."""
    for kind in kinds:
        if kind == PICKUP:
            return False
    for j in range(1, len(orders)):  # noqa: SIM110  # generators are slow in numba
        if orders[j] < orders[j - 1]:
            return False
    return True
