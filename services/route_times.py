"""Believed times along planned routes: legs in one travel-time call per vehicle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from domain.stop_kind import StopKind
from domain.vehicles import Vehicle
from roads.protocols import TravelTimes

VEHICLES = tuple(Vehicle)
Stops = Sequence[tuple[int, int]]
"""(kind, order) per stop, in driving order; the order by any key."""


class Visit(msgspec.Struct, frozen=True, gc=False):
    """When a driver reaches an order's stops, seconds from now.

    `to_restaurant_s` until arrival there (0 if picked up); `to_customer_s` from leaving the restaurant (if
    picked up: from now) until arrival at the customer. Both include handling at stops before.
    """

    to_restaurant_s: float
    to_customer_s: float


def leg_seconds(
    travel: TravelTimes, routes: Sequence[Sequence[int]], vehicles: Sequence[int], at_s: float
) -> list[list[float]]:
    """Return the seconds of each leg of each route; a route is its nodes in driving order."""
    legs: list[list[float]] = [[] for _ in routes]
    for vehicle in sorted(set(vehicles)):
        mine = [i for i, one in enumerate(vehicles) if one == vehicle and len(routes[i]) > 1]
        if not mine:
            continue
        origins = np.array([node for i in mine for node in routes[i][:-1]], np.int64)
        destinations = np.array([node for i in mine for node in routes[i][1:]], np.int64)
        seconds = travel.times(origins, destinations, at_s=at_s, vehicle=VEHICLES[vehicle]).tolist()
        at = 0
        for i in mine:
            legs[i] = seconds[at : at + len(routes[i]) - 1]
            at += len(legs[i])
    return legs


def visits(
    stops: Stops, legs: Iterable[float], *, pickup_service_s: float, dropoff_service_s: float
) -> dict[int, Visit]:
    """Return the visit of every order with a drop-off among the stops."""
    clock_s, reached, left, found, pickup = 0.0, {}, {}, {}, StopKind.PICKUP
    for (kind, order), leg_s in zip(stops, legs, strict=True):
        clock_s += leg_s
        if kind == pickup:
            reached[order] = clock_s
            clock_s += pickup_service_s
            left[order] = clock_s
        else:
            found[order] = Visit(reached.get(order, 0.0), clock_s - left.get(order, 0.0))
            clock_s += dropoff_service_s
    return found
