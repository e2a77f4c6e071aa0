"""Where drivers who have nothing to do wait best: where demand is, and nobody else near."""

from __future__ import annotations

import numpy as np
from numba import njit

from domain.units import DAY_S, BoolArray, IntArray
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
    weight = snapshot.wait_demand + _PRIOR
    weight = weight / weight.sum()
    reach = _reach(snapshot, idle)
    between = snapshot.travel.matrix(places, places, at_s=snapshot.now_s % DAY_S)
    drivers, nodes = [], []
    for driver in movers.tolist():
        row = int(np.searchsorted(idle, driver))
        others = np.delete(reach, row, axis=0)
        cover = others.min(axis=0, initial=most_s)
        now = weight @ np.minimum(cover, reach[row])
        then = np.minimum(cover, between) @ weight
        then[reach[row] > most_s] = np.inf
        best = int(then.argmin())
        if now - then[best] >= gain_s:
            drivers.append(driver)
            nodes.append(places[best])
            reach[row] = between[best]
    return np.array(drivers, np.int32), np.array(nodes, np.int32)


@njit(cache=True, nogil=True, error_model="numpy")
def _idle(load, is_busy, node, places):  # type: ignore[no-untyped-def]  # numba
    """Return the drivers without work, and those among them who are at no waiting place."""
    idle = np.flatnonzero((load == 0) & ~is_busy)
    is_out = np.ones(len(idle), np.bool_)
    for k in range(len(idle)):
        for place in places:
            is_out[k] &= node[idle[k]] != place
    return idle, idle[is_out]


def _reach(snapshot: Snapshot, idle: IntArray) -> IntArray:
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
