"""Where drivers who have nothing to do wait best: where demand is, and nobody else near."""

from __future__ import annotations

import numpy as np
from numba import njit

from domain.units import DAY_S, BoolArray, FloatArray, IntArray
from domain.vehicles import Vehicle
from matching.contract import Snapshot

_PRIOR = 0.25
"""Orders that every restaurant is taken to have had before the day began."""


def waiting_places(
    snapshot: Snapshot, is_busy: BoolArray, *, most_s: float, gain_s: float
) -> tuple[IntArray, IntArray]:
    """Return the drivers to be moved and the nodes where they wait, int32 [k] each.

    A restaurant is covered by the idle driver who could be there soonest; a demand-weighted mean of that is
    what the next order waits for at least. Each idle driver who is not at a waiting place already goes, one
    by one, where that mean falls most, if by at least `gain_s` and no longer away than `most_s`. (Greedy
    maximal covering: Church and ReVelle, Papers of the Regional Science Association 32, 1974.)
    """
    idle, movers = _idle(snapshot.driver_load, is_busy, snapshot.driver_node, snapshot.wait_node)
    if not len(movers):
        return np.empty(0, np.int32), np.empty(0, np.int32)
    places = snapshot.wait_node
    between = snapshot.travel.matrix(places, places, at_s=snapshot.now_s % DAY_S)
    weight = snapshot.wait_demand + _PRIOR
    rows, goals = _greedy(
        np.searchsorted(idle, movers),
        _reach(snapshot, idle),
        between,
        weight / weight.sum(),
        float(most_s),
        float(gain_s),
    )
    return idle[rows].astype(np.int32), places[goals]


@njit(cache=True, nogil=True, error_model="numpy")
def _greedy(movers, reach, between, weight, most_s, gain_s):  # type: ignore[no-untyped-def]  # numba
    """Return the rows of `reach` [idle, w] that go, and to which places, int64 [k] each; `movers` are rows.

    Drivers are taken one by one, in the order given; who goes covers all places from the new one.
    """
    places = len(weight)
    rows, goals, count = np.empty(len(movers), np.int64), np.empty(len(movers), np.int64), 0
    cover = np.empty(places)
    for row in movers:
        now = 0.0
        for p in range(places):
            cover[p] = most_s
            for other in range(len(reach)):
                if other != row:
                    cover[p] = min(cover[p], reach[other, p])
            now += weight[p] * min(cover[p], reach[row, p])
        best, least = -1, np.inf
        for goal in range(places):
            if reach[row, goal] > most_s:
                continue
            then = 0.0
            for p in range(places):
                then += weight[p] * min(cover[p], between[goal, p])
            if then < least:
                best, least = goal, then
        if now - least >= gain_s:
            rows[count], goals[count] = row, best
            count += 1
            reach[row] = between[best]
    return rows[:count], goals[:count]


@njit(cache=True, nogil=True, error_model="numpy")
def _idle(load, is_busy, node, places):  # type: ignore[no-untyped-def]  # numba
    """Return the drivers without work, and those among them who are at no waiting place."""
    idle = np.flatnonzero((load == 0) & ~is_busy)
    is_out = np.ones(len(idle), np.bool_)
    for k in range(len(idle)):
        for place in places:
            is_out[k] &= node[idle[k]] != place
    return idle, idle[is_out]


def _reach(snapshot: Snapshot, idle: IntArray) -> FloatArray:
    """Return the seconds from now until each idle driver could be at each waiting place [idle, w]."""
    reach = np.empty((len(idle), len(snapshot.wait_node)))
    vehicles = snapshot.driver_vehicle[idle]
    for vehicle in np.unique(vehicles).tolist():
        some = vehicles == vehicle
        reach[some] = snapshot.travel.matrix(
            snapshot.driver_node[idle[some]],
            snapshot.wait_node,
            at_s=snapshot.now_s % DAY_S,
            vehicle=Vehicle(vehicle),
        )
    return reach + (snapshot.driver_from_s[idle] - snapshot.now_s)[:, None]
