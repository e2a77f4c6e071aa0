"""How good a day could have been: perfect foresight on what a simulated market drew.

The day is that of a seed: its orders, when their food was ready, its drivers' shifts, the true travel times.
The plan is the best that a search finds knowing all of it; trips are to one restaurant each, drivers never
decline, take no breaks, and ride whatever of the fleet's vehicles is fastest there. It is the same for all
strategies of a seed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from domain.run_folder import HINDSIGHT, HINDSIGHT_FORMAT
from domain.units import FloatArray, IntArray
from domain.vehicles import Vehicle
from matching.hindsight import Day, Search, build_day
from roads.protocols import TravelTimes
from sim.ground import Ground
from sim.workload import Workload

SLOT_S = 900.0
"""Rides take as long as at the beginning of the quarter of an hour at which the order is ready."""
ITERATIONS = 5_000
"""Of the search, per market and seed: see docs/reports.md for what they are worth."""


def foresee(
    workload: Workload, ground: Ground, ready_s: FloatArray, *, iterations: int = ITERATIONS
) -> list[float | None]:
    """Return the click-to-door, seconds, of every order of a market in a plan with perfect foresight.

    `ready_s` float64 [n], NaN for orders that no kitchen finished: these, and those for which the plan has
    no driver, are None. The same arguments give the same plan.
    """
    orders = np.flatnonzero(np.isfinite(ready_s))
    taken: list[float | None] = [None] * len(ready_s)
    if len(orders) == 0 or len(workload.shifts) == 0:
        return taken
    day = market_day(workload, ground, orders, ready_s[orders])
    *_, plan = Search(iterations=iterations).plans(day)
    for order, seconds in zip(orders.tolist(), plan.click_to_door(day).tolist(), strict=True):
        taken[order] = None if np.isnan(seconds) else round(seconds, 3)
    return taken


def market_day(workload: Workload, ground: Ground, orders: IntArray, ready_s: FloatArray) -> Day:
    """Return the day of some orders [k] of a market, ready at `ready_s` [k], in seconds since midnight."""
    drawn, shifts = workload.orders, workload.shifts
    used, restaurant = np.unique(drawn.restaurant[orders], return_inverse=True)
    kitchen, customer = workload.restaurants.node[used], drawn.node[orders]
    placed = drawn.placed_s[orders]
    slot = np.floor(ready_s / SLOT_S) * SLOT_S
    rides = _Rides(ground.true, slot, [Vehicle(int(each)) for each in np.unique(shifts.vehicle)])
    return build_day(
        placed=placed,
        ready=np.maximum(ready_s, placed),
        latest=np.full(len(orders), np.inf),
        restaurant=restaurant,
        direct=rides.pairs(np.arange(len(orders)), kitchen[restaurant], customer),
        on=shifts.start_s,
        off=np.maximum(shifts.end_s, shifts.start_s),
        start_to_restaurant=rides.at(float(slot.min()), shifts.node, kitchen),
        customer_to_restaurant=rides.matrix(customer, kitchen),
        between=lambda i, j: rides.pairs(i, customer[i], customer[j]),
        pickup_after=float(drawn.pickup_service_s[orders].mean()),
        dropoff_before=float(drawn.dropoff_service_s[orders].mean()),
    )


def write_hindsight(
    folder: Path, world_sha256: str, click_to_door_s: Mapping[int, Sequence[Sequence[float | None]]]
) -> Path:
    """Write what was foreseen, by seed and market, beside the runs, whole or not at all; return the path."""
    said = {
        "format": HINDSIGHT_FORMAT,
        "world_sha256": world_sha256,
        "iterations": ITERATIONS,
        "click_to_door_s": {str(seed): list(markets) for seed, markets in click_to_door_s.items()},
    }
    draft = folder / f".{HINDSIGHT}.{os.getpid()}.part"
    draft.write_text(json.dumps(said, allow_nan=False) + "\n", encoding="utf-8")
    return draft.replace(folder / HINDSIGHT)


class _Rides:
    """Rides at the quarter of an hour of an order, `slot` float64 [k], by the fastest of some vehicles."""

    def __init__(self, travel: TravelTimes, slot: FloatArray, vehicles: Sequence[Vehicle]) -> None:
        self._travel, self._slot, self._vehicles = travel, slot, vehicles

    def pairs(self, orders: IntArray, origins: IntArray, destinations: IntArray) -> FloatArray:
        """Return seconds from origin to destination [p], at the slots of `orders` [p]."""
        seconds = np.empty(len(origins))
        for at_s in np.unique(self._slot[orders]):
            now = self._slot[orders] == at_s
            ends = origins[now], destinations[now]
            seconds[now] = np.min(
                [self._travel.times(*ends, at_s=float(at_s), vehicle=each) for each in self._vehicles], axis=0
            )
        return seconds

    def matrix(self, origins: IntArray, destinations: IntArray) -> FloatArray:
        """Return seconds from the origins [k], at their orders' slots, to destinations: [k, r]."""
        seconds = np.empty((len(origins), len(destinations)))
        for at_s in np.unique(self._slot):
            now = self._slot == at_s
            seconds[now] = self.at(float(at_s), origins[now], destinations)
        return seconds

    def at(self, at_s: float, origins: IntArray, destinations: IntArray) -> FloatArray:
        """Return seconds from each origin [n] to each destination [m] at a moment: [n, m]."""
        ways = [self._travel.matrix(origins, destinations, at_s=at_s, vehicle=v) for v in self._vehicles]
        fastest: FloatArray = np.min(ways, axis=0)
        return fastest
