"""What one decision works on: orders by restaurant, trips that may grow, drivers who may come, rides."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from domain.units import DAY_S, FloatArray, IntArray
from domain.vehicles import Vehicle
from matching.contract import Snapshot
from matching.routes import PICKUP


class Work(NamedTuple):
    """The k orders of r restaurants that have an order to be decided, and the m drivers.

    Restaurant i has the members ``shop_offsets[i]:shop_offsets[i + 1]`` of `member` int32 [k], on the order
    axis: first the orders of trips that may still grow, then open orders by ready time. `member_driver` int32
    [k] is the driver of such a trip, -1 for open orders. `grows_at` int64 [m] is the place of the first
    pickup of that trip among the planned stops, -1 for drivers without one. `pair_driver` int32, delimited by
    `pair_offsets` int64 [r+1], are the other drivers who may come to a restaurant, in the order of its
    orders' candidates. `block_at` int64 [r] is where the times of a restaurant with c members begin among the
    travel times of members: row 0 from the restaurant, row 1 + i from customer i, to each of c customers.
    """

    member: IntArray
    member_driver: IntArray
    shop_offsets: IntArray
    grows_at: IntArray
    pair_driver: IntArray
    pair_offsets: IntArray
    block_at: IntArray


class Rides(NamedTuple):
    """Believed travel times in seconds.

    `stops` float64: leg to each planned stop; `pairs`: to the restaurant from where each driver of
    `Work.pair_driver` ends; `members` [v, ...]: the blocks of `Work.block_at` for each vehicle type;
    `vehicle` int64 [m]: row of `members` for each driver; `usual`: the row of the most usual type.
    """

    stops: FloatArray
    pairs: FloatArray
    members: FloatArray
    vehicle: IntArray
    usual: int


def gather(snapshot: Snapshot, *, ready_by_s: float, grows: bool) -> tuple[Work, Rides]:
    """Return the work of a decision on open orders that are ready by `ready_by_s`, and its travel times.

    `grows`: whether trips that are not picked up yet may take up orders. One `travel.times` batch per vehicle
    type; O(candidates + stops + sum of squares of orders per restaurant).
    """
    work, origins, destinations, owner = _gather(
        snapshot.open_orders,
        snapshot.order_restaurant,
        snapshot.order_restaurant_node,
        snapshot.order_customer_node,
        snapshot.order_ready_s_est,
        snapshot.order_driver,
        snapshot.driver_node,
        snapshot.stop_offsets,
        snapshot.stop_order,
        snapshot.stop_kind,
        snapshot.candidate_offsets,
        snapshot.candidate_driver,
        ready_by_s,
        grows,
    )
    return Work(*work), _ride(snapshot, origins, destinations, owner, len(snapshot.stop_order))


def _ride(
    snapshot: Snapshot, origins: IntArray, destinations: IntArray, owner: IntArray, stops: int
) -> Rides:
    """Look the rides up: those that have an owner for its vehicle, the others for every vehicle."""
    counts = np.bincount(snapshot.driver_vehicle)
    vehicles = np.flatnonzero(counts)
    row_of = np.zeros(len(counts), np.int64)
    row_of[vehicles] = np.arange(len(vehicles))
    at_s, size = snapshot.now_s % DAY_S, len(owner)
    own, members = np.empty(size), np.empty((len(vehicles), len(origins) - size))
    for row, vehicle in enumerate(vehicles):
        mine: Any = slice(None)
        starts, ends = origins, destinations
        if len(vehicles) > 1:
            mine = np.flatnonzero(snapshot.driver_vehicle[owner] == vehicle)
            some = np.concatenate((mine, np.arange(size, len(origins))))
            starts, ends = origins[some], destinations[some]
        seconds = snapshot.travel.times(starts, ends, at_s=at_s, vehicle=Vehicle(int(vehicle)))
        split = len(starts) - members.shape[1]
        own[mine], members[row] = seconds[:split], seconds[split:]
    return Rides(
        stops=own[:stops],
        pairs=own[stops:],
        members=members,
        vehicle=row_of[snapshot.driver_vehicle],
        usual=int(counts[vehicles].argmax()),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(  # type: ignore[no-untyped-def]  # numba
    open_orders, restaurant, restaurant_node, customer_node, ready, order_driver, driver_node,
    stop_offsets, stop_order, stop_kind, candidate_offsets, candidate_driver, ready_by, grows,
):  # fmt: skip
    """Return the fields of `Work`, then origins, destinations, and the driver of each ride that has one."""
    m = len(driver_node)
    grows_at = np.full(m, -1, np.int64)
    if grows:
        for d in range(m):
            grows_at[d] = _growing_trip(
                stop_offsets[d], stop_offsets[d + 1], stop_order, stop_kind, restaurant
            )
    member, shop_offsets = _members(
        open_orders, restaurant, ready, order_driver, grows_at, stop_offsets, stop_order, ready_by
    )
    shops = len(shop_offsets) - 1
    pair_driver, pair_offsets = _comers(
        open_orders, member, shop_offsets, grows_at, candidate_offsets, candidate_driver
    )
    block_at, size = np.empty(shops, np.int64), 0
    for r in range(shops):
        count = shop_offsets[r + 1] - shop_offsets[r]
        block_at[r] = size
        size += (count + 1) * count
    owned = len(stop_order) + len(pair_driver)
    origins, destinations = np.empty(owned + size, np.int32), np.empty(owned + size, np.int32)
    owner = np.empty(owned, np.int64)
    ends, at = np.empty(m, np.int32), 0
    for d in range(m):
        node = driver_node[d]
        for s in range(stop_offsets[d], stop_offsets[d + 1]):
            i = stop_order[s]
            origins[at], owner[at] = node, d
            node = restaurant_node[i] if stop_kind[s] == PICKUP else customer_node[i]
            destinations[at] = node
            at += 1
        ends[d] = node
    for r in range(shops):
        for p in range(pair_offsets[r], pair_offsets[r + 1]):
            owner[at] = pair_driver[p]
            origins[at], destinations[at] = ends[pair_driver[p]], restaurant_node[member[shop_offsets[r]]]
            at += 1
    for r in range(shops):
        first, end = shop_offsets[r], shop_offsets[r + 1]
        for i in range(first - 1, end):
            node = restaurant_node[member[first]] if i < first else customer_node[member[i]]
            for j in range(first, end):
                origins[at], destinations[at] = node, customer_node[member[j]]
                at += 1
    work = (member, order_driver[member], shop_offsets, grows_at, pair_driver, pair_offsets, block_at)
    return work, origins, destinations, owner


@njit(cache=True, nogil=True, error_model="numpy")
def _growing_trip(first, end, order, kind, restaurant):  # type: ignore[no-untyped-def]  # numba
    """Return where the last trip of a plan begins, if it is not picked up yet; -1 otherwise.

    A trip: pickups at one restaurant, then their drop-offs and nothing else.
    """
    leave = end
    while leave > first and kind[leave - 1] != PICKUP:
        leave -= 1
    begin = leave
    while (
        begin > first
        and kind[begin - 1] == PICKUP
        and restaurant[order[begin - 1]] == restaurant[order[leave - 1]]
    ):
        begin -= 1
    return begin if end - leave == leave - begin and leave > begin else -1


@njit(cache=True, nogil=True, error_model="numpy")
def _members(  # type: ignore[no-untyped-def]  # numba
    open_orders, restaurant, ready, order_driver, grows_at, stop_offsets, stop_order, ready_by
):
    """Return the members and offsets of restaurants that have an open order ready by `ready_by`."""
    is_in, turn = np.zeros(len(restaurant), np.bool_), np.zeros(len(restaurant), np.int64)
    for d in range(len(grows_at)):
        if grows_at[d] >= 0:
            for s in range(grows_at[d], stop_offsets[d + 1]):
                is_in[stop_order[s]], turn[stop_order[s]] = True, s - grows_at[d]
    for i in range(open_orders):
        is_in[i] = ready[i] <= ready_by
    listed = np.flatnonzero(is_in)
    waiting, taken = listed[listed < open_orders], listed[listed >= open_orders]
    taken = taken[np.argsort(turn[taken], kind="mergesort")]  # as planned: a trip's last stops deliver it
    waiting = waiting[np.argsort(ready[waiting], kind="mergesort")]
    listed = np.concatenate((taken, waiting))
    listed = listed[np.argsort(restaurant[listed], kind="mergesort")]
    member, offsets = np.empty(len(listed), np.int32), np.zeros(len(listed) + 1, np.int64)
    shops, first = 0, 0
    for last in range(len(listed)):
        if last + 1 < len(listed) and restaurant[listed[last + 1]] == restaurant[listed[last]]:
            continue
        if order_driver[listed[last]] < 0:
            size = last + 1 - first
            member[offsets[shops] : offsets[shops] + size] = listed[first : last + 1]
            offsets[shops + 1] = offsets[shops] + size
            shops += 1
        first = last + 1
    return member[: offsets[shops]], offsets[: shops + 1]


@njit(cache=True, nogil=True, error_model="numpy")
def _comers(open_orders, member, shop_offsets, grows_at, candidate_offsets, candidate_driver):  # type: ignore[no-untyped-def]  # numba
    """Return the drivers without a growing trip who are candidates of some open order of a restaurant."""
    most = 0
    for i in member:
        if i < open_orders:
            most += candidate_offsets[i + 1] - candidate_offsets[i]
    drivers, offsets = np.empty(most, np.int32), np.zeros(len(shop_offsets), np.int64)
    seen = np.full(len(grows_at), -1, np.int64)
    size = 0
    for r in range(len(shop_offsets) - 1):
        for i in member[shop_offsets[r] : shop_offsets[r + 1]]:
            if i >= open_orders:
                continue
            for d in candidate_driver[candidate_offsets[i] : candidate_offsets[i + 1]]:
                if grows_at[d] < 0 and seen[d] != r:
                    seen[d] = r
                    drivers[size] = d
                    size += 1
        offsets[r + 1] = size
    return drivers[:size], offsets
