"""The cheapest place for an order in all routes, and putting it there."""

from __future__ import annotations

import numpy as np
from numba import njit

from matching.hindsight._state import (
    BASE,
    CLOSES,
    FIRST,
    FREE,
    LEAVES,
    OPENS,
    PICKUP,
    SIZE,
    TAKES,
    delayed,
    describe,
    reach,
    time_route,
)

OWN_TRIP = -1


@njit(cache=True, nogil=True, error_model="numpy")
def cheapest_place(day, state, order, rng, blink, bundle, row):  # type: ignore[no-untyped-def]  # numba
    """Return (growth of cost, driver, trip, slot) of the cheapest insertion; growth inf: there is none.

    Slot `OWN_TRIP`: a trip of its own before trip `trip`; else it joins that trip as its slot-th drop-off.
    Each place is overlooked with probability `blink` (Christiaens and Vanden Berghe 2020, section 4.3).
    `bundle` [b] and `row` [5] are scratch. Ties: the first driver from a random one on, its first place. An
    order that is picked up as it is ready and delays nobody cannot do better: then the rest is not looked at.
    """
    best, at, trip, slot = np.inf, -1, -1, OWN_TRIP
    bundle[0] = order
    describe(day, bundle, 1, row)
    opens, closes, takes, base, leaves = row[OPENS], row[CLOSES], row[TAKES], row[BASE], row[LEAVES]
    # arrays by name: reading them from the tuples in the loop costs more than the loop
    on, off, start_to, customer_to = day.on, day.off, day.start_to, day.customer_to
    moments, limits, bundles, lengths = state.moments, state.limits, state.bundles, state.length
    kitchens, before = day.restaurant, day.pickup_before
    restaurant, drivers, room = kitchens[order], len(lengths), moments.shape[1]
    d = int(rng.random() * drivers)
    for _ in range(drivers):
        d = d + 1 if d + 1 < drivers else 0
        if best <= opens + base:
            break
        last_pickup, length = min(closes, off[d]), lengths[d]
        if last_pickup < opens or on[d] > last_pickup:
            continue
        k, free = 0, on[d]
        # ahead of such a trip the delay alone, its pickup to `opens` at least, would cost too much
        while k < length and 2.0 * opens + base - moments[d, k, PICKUP] >= best:
            free = moments[d, k, FREE]
            k += 1
        while free + base < best and free <= last_pickup:
            is_seen = blink <= 0.0 or rng.random() >= blink
            if is_seen and k < length and kitchens[bundles[d, k, FIRST]] == restaurant:
                cost, place = _cheapest_slot(day, state, order, d, k, best, bundle, row)
                if cost < best:
                    best, at, trip, slot = cost, d, k, place
            if is_seen and length < room:
                ride = start_to[d, restaurant]
                if k > 0:
                    ride = customer_to[bundles[d, k - 1, bundles[d, k - 1, SIZE]], restaurant]
                p = max(max(free, leaves) + ride + before, opens)
                cost = p + base
                if p <= last_pickup and cost < best:
                    cost += delayed(
                        moments, limits, bundles, length, kitchens, customer_to, off[d], before,
                        d, k, p + takes, order, best - cost,
                    )  # fmt: skip
                    if cost < best:
                        best, at, trip, slot = cost, d, k, OWN_TRIP
            if k == length:
                break
            free = moments[d, k, FREE]
            k += 1
    return best, at, trip, slot


@njit(cache=True, nogil=True, error_model="numpy")
def _cheapest_slot(day, state, order, d, k, bound, bundle, row):  # type: ignore[no-untyped-def]  # numba
    """Return (growth, slot) of the cheapest way for an order to join a trip; inf if none is below `bound`."""
    size = state.bundles[d, k, SIZE]
    best, slot = bound, OWN_TRIP
    if size >= len(bundle):
        return np.inf, slot
    before = size * state.moments[d, k, PICKUP] + state.limits[d, k, BASE]
    for q in range(size + 1):
        _joined(state, order, d, k, q, bundle)
        describe(day, bundle, size + 1, row)
        p = max(reach(day, state, d, k, day.restaurant[order], row[LEAVES]), row[OPENS])
        if p > row[CLOSES] or p > day.off[d]:
            continue
        cost = (size + 1) * p + row[BASE] - before
        if cost >= best and row[TAKES] >= state.limits[d, k, TAKES]:
            continue
        cost += delayed(
            state.moments, state.limits, state.bundles, state.length[d], day.restaurant, day.customer_to,
            day.off[d], day.pickup_before, d, k + 1, p + row[TAKES], bundle[size], best - cost,
        )  # fmt: skip
        if cost < best:
            best, slot = cost, q
    return (best, slot) if slot >= 0 else (np.inf, slot)


@njit(cache=True, nogil=True, error_model="numpy")
def _joined(state, order, d, k, slot, bundle):  # type: ignore[no-untyped-def]  # numba
    """Write the bundle of a trip with an order put in at `slot`."""
    size = state.bundles[d, k, SIZE]
    for i in range(slot):
        bundle[i] = state.bundles[d, k, FIRST + i]
    bundle[slot] = order
    for i in range(slot, size):
        bundle[i + 1] = state.bundles[d, k, FIRST + i]


@njit(cache=True, nogil=True, error_model="numpy")
def insert(day, state, order, d, k, slot, bundle, row):  # type: ignore[no-untyped-def]  # numba
    """Put an order where `cheapest_place` said, and time the route again."""
    size = 1
    if slot == OWN_TRIP:
        for j in range(state.length[d], k, -1):
            state.limits[d, j] = state.limits[d, j - 1]
            state.bundles[d, j] = state.bundles[d, j - 1]
        state.length[d] += 1
        bundle[0] = order
    else:
        size = state.bundles[d, k, SIZE] + 1
        _joined(state, order, d, k, slot, bundle)
    describe(day, bundle, size, row)
    for c in range(5):
        state.limits[d, k, c] = row[c]
    state.bundles[d, k, SIZE] = size
    for i in range(size):
        state.bundles[d, k, FIRST + i] = bundle[i]
    state.driver[order] = d
    return time_route(day, state, d)
