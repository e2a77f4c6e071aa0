"""Which driver a bundle gets: pairs and their worth, three groups of urgency, an assignment of each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from domain.units import FloatArray, IntArray
from matching.assignment import assign
from matching.objective import FAIR_S, FRESH_S

NEVER = 1e9
"""Cost of a bundle without a driver: more than any pair costs, so that only a shortage leaves one out."""
LATE, WAITING, CALM = range(3)
"""Groups: cannot be delivered when promised; cannot be picked up when ready; neither."""


class Pairs(NamedTuple):
    """Bundles and the drivers who may take them, as CSR over b bundles.

    `offsets` int64 [b+1]; per pair `driver` int32, `cost` float64, `reach` float64, moment from which the
    driver could pick up. Per bundle `group` int64 (LATE, WAITING, CALM) and `size` int64: for how many of its
    orders, by delivery, the pairs are; fewer than it has only where nobody may take all.
    """

    offsets: IntArray
    driver: IntArray
    cost: FloatArray
    reach: FloatArray
    group: IntArray
    size: IntArray


def match(pairs: Pairs, drivers: int, *, by_groups: bool) -> IntArray:
    """Return the pair that each bundle takes, -1 for none: int64 [b].

    Groups are solved one after the other, each exactly; drivers taken are gone for the next. All at once
    if not `by_groups`.
    """
    edge = np.full(len(pairs.group), -1, np.int64)
    is_taken = np.zeros(drivers, np.bool_)
    group = pairs.group if by_groups else np.full_like(pairs.group, LATE)
    for wanted in (LATE, WAITING, CALM):
        rows, offsets, some = _pairs_of(wanted, group, pairs.offsets, pairs.driver, is_taken)
        if not len(some):
            continue
        taken = assign(
            offsets,
            pairs.driver[some],
            pairs.cost[some],
            np.full(len(rows), NEVER),
            column_count=drivers,
        )
        got = np.flatnonzero(taken >= 0)
        edge[rows[got]] = some[taken[got]]
        is_taken[pairs.driver[edge[rows[got]]]] = True
    return edge


@njit(cache=True, nogil=True, error_model="numpy")
def _pairs_of(wanted, group, offsets, driver, is_taken):  # type: ignore[no-untyped-def]  # numba
    """Return the bundles of a group, their pairs with drivers not taken as CSR offsets, and these pairs."""
    rows = np.flatnonzero(group == wanted)
    own, some, size = np.zeros(len(rows) + 1, np.int64), np.empty(len(driver), np.int64), 0
    for i in range(len(rows)):
        for p in range(offsets[rows[i]], offsets[rows[i] + 1]):
            if not is_taken[driver[p]]:
                some[size] = p
                size += 1
        own[i + 1] = size
    return rows, own, some[:size]


@njit(cache=True, nogil=True, error_model="numpy")
def list_pairs(  # type: ignore[no-untyped-def]  # numba
    work, bundles, rides, order_columns, driver_columns, candidate_offsets, candidate_driver, terms
):
    """Return the fields of `Pairs` for the bundles that no driver has; the others have no pairs.

    A bundle that nobody may take loses orders until somebody may: these are moved to its end, in place.

    `order_columns`: ready, due, latest. `driver_columns`: free, room, shift end, short orders. `terms`: now,
    pickup service, drop-off service, theta per minute, weights of an objective, whether these count.
    """
    member, _, _, _, pair_driver, pair_offsets, block_at = work
    shop, holder, starts, flat, _ = bundles
    shop_offsets, room = work[2], driver_columns[1]
    offsets, size = np.zeros(len(shop) + 1, np.int64), np.zeros(len(shop), np.int64)
    group, most = np.full(len(shop), CALM), 0
    for b in range(len(shop)):
        if holder[b] < 0:
            most += pair_offsets[shop[b] + 1] - pair_offsets[shop[b]]
    driver, cost, reach = np.empty(most, np.int32), np.empty(most), np.empty(most)
    votes, at = np.zeros(len(room), np.int64), 0
    for b in range(len(shop)):
        offsets[b + 1] = at
        if holder[b] >= 0:
            continue
        r = shop[b]
        first, n = shop_offsets[r], shop_offsets[r + 1] - shop_offsets[r]
        block = slice(block_at[r], block_at[r] + (n + 1) * n)
        size[b] = starts[b + 1] - starts[b]
        while size[b] > 0 and at == offsets[b]:
            places = flat[starts[b] : starts[b] + size[b]]
            orders, soonest = member[places], np.inf
            _vote(votes, orders, candidate_offsets, candidate_driver, 1)
            for p in range(pair_offsets[r], pair_offsets[r + 1]):
                d = pair_driver[p]
                if votes[d] < len(orders) or room[d] < len(orders):
                    continue
                times = rides[2][rides[3][d]][block].reshape(n + 1, n)
                price = _price(
                    d, orders, places - first, times, rides[1][p], order_columns, driver_columns, terms
                )
                if price < NEVER:
                    driver[at], cost[at], reach[at] = d, price, driver_columns[0][d] + rides[1][p]
                    soonest = min(soonest, reach[at])
                    at += 1
            _vote(votes, orders, candidate_offsets, candidate_driver, -1)
            if at > offsets[b]:
                times = rides[2][rides[4]][block].reshape(n + 1, n)
                group[b] = _group(soonest, orders, places - first, times, order_columns, terms)
            else:
                size[b] -= 1
                _put_last(flat[starts[b] : starts[b] + size[b] + 1], member, candidate_offsets)
        offsets[b + 1] = at
    return offsets, driver[:at], cost[:at], reach[:at], group, size


@njit(cache=True, nogil=True, error_model="numpy")
def _put_last(places, member, offsets):  # type: ignore[no-untyped-def]  # numba
    """Move the order with the fewest candidates, the last of these, to the end of a bundle."""
    rarest = 0
    for j in range(1, len(places)):
        i, least = member[places[j]], member[places[rarest]]
        if offsets[i + 1] - offsets[i] <= offsets[least + 1] - offsets[least]:
            rarest = j
    place = places[rarest]
    for j in range(rarest, len(places) - 1):
        places[j] = places[j + 1]
    places[-1] = place


@njit(cache=True, nogil=True, error_model="numpy")
def _vote(votes, orders, offsets, candidates, vote):  # type: ignore[no-untyped-def]  # numba
    """Count for each driver of how many of the orders it is a candidate (`vote` 1), or forget it (-1)."""
    for i in orders:
        for c in range(offsets[i], offsets[i + 1]):
            votes[candidates[c]] += vote


@njit(cache=True, nogil=True, error_model="numpy")
def _group(soonest, orders, places, times, order_columns, terms):  # type: ignore[no-untyped-def]  # numba
    """Return a bundle's group if nobody can pick up before `soonest`."""
    ready, due, _ = order_columns
    group = CALM
    for j in range(len(orders)):
        i = orders[j]
        if max(soonest, ready[i]) + terms[1] + times[0, places[j]] > due[i]:
            return LATE
        if soonest > ready[i]:
            group = WAITING
    return group


@njit(cache=True, nogil=True, error_model="numpy")
def _price(d, orders, places, times, approach, order_columns, driver_columns, terms):  # type: ignore[no-untyped-def]  # numba
    """Return what it costs if driver `d` takes a bundle; NEVER if its shift or an order ends too early."""
    ready, due, latest = order_columns
    free, _, shift_end, short_orders = driver_columns
    now, pickup_service, dropoff_service, theta, weights, weighs = terms
    click_to_door, lateness, freshness, driver_time, driving, fairness = weights
    last_ready = -np.inf
    for i in orders:
        last_ready = max(last_ready, ready[i])
    picked = max(free[d] + approach, last_ready)
    if picked > shift_end[d]:
        return NEVER
    t, ride, cost, before = picked + pickup_service, approach, 0.0, 0
    for j in range(len(orders)):
        i, leg = orders[j], times[before, places[j]]
        t += leg
        if t > latest[i]:
            return NEVER
        ride += leg
        cost += click_to_door * (t - now) + lateness * max(0.0, t - due[i])
        cost += freshness * (t - ready[i]) ** 2 / (2.0 * FRESH_S)
        cost += fairness * FAIR_S * (1.0 - min(max(short_orders[d] - j, 0.0), 1.0))
        t += dropoff_service
        before = 1 + places[j]
    if weighs:
        return cost + driver_time * (t - now) + driving * ride
    minutes = max(t - dropoff_service - free[d], 1.0) / 60.0
    return theta * (picked - last_ready) / 60.0 - len(orders) / minutes
