"""The inner loop of the search: ruin, recreate, swap tails, accept or undo."""

from __future__ import annotations

import numpy as np
from numba import njit

from matching.hindsight._insert import cheapest_place, insert
from matching.hindsight._state import FIRST, SIZE, copy_route, drop_trips, position, time_route

BLINK = 0.01
"""Chance to overlook a place (Christiaens and Vanden Berghe 2020, Table 3)."""


@njit(cache=True, nogil=True, error_model="numpy")
def anneal(  # type: ignore[no-untyped-def]  # numba
    day, current, trial, best, totals, related, rng, temperatures, undelivered_cost, mean_removed,
    most_trips, swap_share,
):  # fmt: skip
    """Run one iteration per temperature; `current`, `trial`, `best` and `totals` are changed.

    `current` and `trial` hold the same routes between iterations. `totals` [2]: cost of `current` and of
    `best`, penalties included. `related` [n, a]: orders near each order in time and place, itself first.
    """
    n, drivers = len(day.placed), len(current.length)
    touched, changed = np.zeros(drivers, np.bool_), np.empty(drivers, np.int64)
    everything, is_behind = np.arange(n), np.ones(drivers, np.bool_)  # best lacks what current has there
    removed, loose, fresh = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    bundle, row = np.empty(current.bundles.shape[2] - FIRST, np.int64), np.empty(5)
    missing = _undelivered(current, everything, n, loose)
    for temperature in temperatures:
        seed, gone = int(rng.random() * n), 0
        if rng.random() < swap_share:
            count, is_possible = _swap_tails(day, trial, seed, related, rng, changed, touched)
        else:
            count, gone, is_possible = _ruin(
                day, trial, seed, related, rng, mean_removed, most_trips, changed, touched, removed
            )
            removed[gone : gone + missing] = loose[:missing]
            gone += missing
            if is_possible:
                count = _recreate(day, trial, removed, gone, rng, changed, touched, count, bundle, row)
        total, left = np.inf, missing
        if is_possible:
            if gone > 0:
                left = _undelivered(trial, removed, gone, fresh)
            total = totals[0] + undelivered_cost * (left - missing)
            for d in changed[:count]:
                total += trial.cost[d] - current.cost[d]
        if total < totals[0] - temperature * np.log(1.0 - rng.random()):
            if gone > 0:
                missing = left
                loose[:missing] = fresh[:missing]
                for order in loose[:missing]:
                    current.driver[order] = -1
            totals[0] = total
            _copy(trial, current, changed[:count])
            is_behind[changed[:count]] = True
            if total < totals[1] - 1e-9:
                totals[1] = total
                _copy(current, best, np.flatnonzero(is_behind))
                is_behind[:] = False
        else:
            for order in removed[:gone]:
                trial.driver[order] = -1
            _copy(current, trial, changed[:count])
        touched[changed[:count]] = False


@njit(cache=True, nogil=True, error_model="numpy")
def _undelivered(state, orders, count, out):  # type: ignore[no-untyped-def]  # numba
    """Write those of the first `count` orders that nobody carries; return how many they are."""
    found = 0
    for order in orders[:count]:
        if state.driver[order] < 0:
            out[found] = order
            found += 1
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _copy(source, target, drivers):  # type: ignore[no-untyped-def]  # numba
    for d in drivers:
        copy_route(source, target, d)


@njit(cache=True, nogil=True, error_model="numpy")
def _touch(d, changed, touched, count):  # type: ignore[no-untyped-def]  # numba
    if not touched[d]:
        touched[d] = True
        changed[count] = d
        return count + 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _ruin(  # type: ignore[no-untyped-def]  # numba
    day, state, seed, related, rng, mean_removed, most_trips, changed, touched, removed
):
    """Take strings of neighbouring trips out of routes near an order; return (routes, orders, possible).

    Christiaens and Vanden Berghe, "Slack Induction by String Removals for Vehicle Routing Problems"
    (Transportation Science 54(2), 2020), section 4.1, on trips in place of customers.
    """
    carried, routes = 0, 0
    for d in range(len(state.length)):
        carried += state.length[d]
        routes += state.length[d] > 0
    longest = min(float(most_trips), max(carried / max(routes, 1), 1.0))
    strings = int(rng.random() * (4.0 * mean_removed / (1.0 + longest) - 1.0) + 1.0)
    count, gone = 0, 0
    for i in range(related.shape[1]):
        if count >= strings:
            break
        order = related[seed, i]
        d = state.driver[order]
        if d < 0 or touched[d]:
            continue
        at, length = position(state, d, order), state.length[d]
        take = 1 + int(rng.random() * min(longest, float(length)))
        take = min(take, length)
        low, high = max(0, at - take + 1), min(at, length - take)
        start = low + int(rng.random() * (high - low + 1))
        count = _touch(d, changed, touched, count)
        for k in range(start, start + take):
            for c in range(FIRST, FIRST + state.bundles[d, k, SIZE]):
                removed[gone] = state.bundles[d, k, c]
                gone += 1
        if not drop_trips(day, state, d, start, take):
            return count, gone, False
    return count, gone, True


@njit(cache=True, nogil=True, error_model="numpy")
def _recreate(  # type: ignore[no-untyped-def]  # numba
    day, state, removed, gone, rng, changed, touched, count, bundle, row
):
    """Insert the removed orders one by one at their cheapest places; return how many routes are changed.

    Sequence: at random, by ready time, by last moment first, or longest ride first (section 4.3 there).
    """
    keys = np.empty(gone)
    kind = rng.random()
    for i in range(gone):
        order = removed[i]
        if kind < 0.4:
            keys[i] = rng.random()
        elif kind < 0.7:
            keys[i] = day.ready[order]
        elif kind < 0.8:
            keys[i] = -day.ready[order]
        else:
            keys[i] = -day.direct[order]
    sequence = np.argsort(keys, kind="mergesort")
    for i in range(gone):
        order = removed[sequence[i]]
        _, d, k, slot = cheapest_place(day, state, order, rng, BLINK, bundle, row)
        if d >= 0:
            count = _touch(d, changed, touched, count)
            insert(day, state, order, d, k, slot, bundle, row)
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _swap_tails(day, state, seed, related, rng, changed, touched):  # type: ignore[no-untyped-def]  # numba
    """Let two drivers exchange what follows one moment of each; return (routes changed, possible).

    What followed the trip of the order `seed` is exchanged for what begins with the trip of a related order
    (or what follows that). Routes are sequences in time, so this is the classical 2-opt*.
    """
    a = state.driver[seed]
    other = related[seed, 1 + int(rng.random() * (related.shape[1] - 1))] if related.shape[1] > 1 else seed
    b = state.driver[other]
    if a < 0 or b < 0 or a == b:
        return 0, False
    from_a = position(state, a, seed) + (rng.random() < 0.75)
    from_b = position(state, b, other) + (rng.random() < 0.25)
    tail_a, tail_b = state.length[a] - from_a, state.length[b] - from_b
    most = state.moments.shape[1]
    if tail_a + tail_b == 0 or from_a + tail_b > most or from_b + tail_a > most:
        return 0, False
    count = _touch(a, changed, touched, 0)
    count = _touch(b, changed, touched, count)
    limits, bundles = state.limits[a, from_a:].copy(), state.bundles[a, from_a:].copy()
    state.limits[a, from_a : from_a + tail_b] = state.limits[b, from_b : from_b + tail_b]
    state.bundles[a, from_a : from_a + tail_b] = state.bundles[b, from_b : from_b + tail_b]
    state.limits[b, from_b : from_b + tail_a] = limits[:tail_a]
    state.bundles[b, from_b : from_b + tail_a] = bundles[:tail_a]
    state.length[a], state.length[b] = from_a + tail_b, from_b + tail_a
    for d in (a, b):
        for k in range(state.length[d]):
            for c in range(FIRST, FIRST + state.bundles[d, k, SIZE]):
                state.driver[state.bundles[d, k, c]] = d
    return count, time_route(day, state, a) and time_route(day, state, b)
