"""Travel times of an instance: exact whole minutes on a plane, as a strategy's snapshot needs them."""

from __future__ import annotations

import numpy as np
from numba import njit

from domain.units import MINUTE_S, FloatArray, IntArray
from domain.vehicles import Vehicle
from matching.snapshot import frozen
from roads.protocols import Path
from scenarios.mdrp import Instance

DEGREES_PER_M = 1.0 / 111_194.926_6
"""On a sphere of the Earth's mean radius; used at the equator, where both axes are alike."""

_NO_NODE = "nodes must be in [0, node_count)"


class PlaneTravel:
    """Rides between the places of an instance, seconds: exact whole minutes, plus half a service on arrival.

    Nodes are the restaurants, the customers by order, the drivers' starts, and the restaurants once more, for
    drivers who stand there and must still begin the service: from there to the restaurant itself it takes
    the half service. With ``pickup_service_s = dropoff_service_s =`` the other half, the stop times of
    `matching.routes` are those of the problem. Both services must be equally long, so that one half fits all.

    `xy_m` int64 [nodes, 2]; `waiting_nodes` int32 [restaurants], of drivers who stand at restaurants.
    """

    def __init__(self, instance: Instance) -> None:
        self.xy_m: IntArray = np.concatenate(
            [instance.restaurant_xy_m, instance.order_xy_m, instance.driver_xy_m, instance.restaurant_xy_m]
        ).astype(np.int64)
        self.half_service_s = instance.pickup_service_min // 2 * MINUTE_S
        self._speed = instance.speed_m_per_min
        self.waiting_nodes: IntArray = frozen(
            np.arange(len(self.xy_m) - len(instance.restaurant_ids), len(self.xy_m)), np.int32
        )
        self._between_waiting: FloatArray | None = None

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.xy_m)

    def degrees(self) -> tuple[FloatArray, FloatArray]:
        """Return latitude and longitude of every node, with the plane laid on the equator."""
        return self.xy_m[:, 1] * DEGREES_PER_M, self.xy_m[:, 0] * DEGREES_PER_M

    def times(
        self, origins: IntArray, destinations: IntArray, *, at_s: float, vehicle: Vehicle = Vehicle.CAR
    ) -> FloatArray:
        """Return seconds, pair by pair: shape [n]; the same at any hour and for any vehicle."""
        del at_s, vehicle
        pairs = np.asarray(origins, np.int64), np.asarray(destinations, np.int64)
        seconds: FloatArray = _times(*pairs, self.xy_m, self._speed, self.half_service_s)
        return seconds

    def matrix(
        self, origins: IntArray, destinations: IntArray, *, at_s: float, vehicle: Vehicle = Vehicle.CAR
    ) -> FloatArray:
        """Return seconds from each origin to each destination: shape [n, m]."""
        del at_s, vehicle
        if origins is destinations is self.waiting_nodes:  # asked for at every decision
            if self._between_waiting is None:
                self._between_waiting = frozen(self._matrix(origins, destinations), np.float64)
            return self._between_waiting
        return self._matrix(origins, destinations)

    def _matrix(self, origins: IntArray, destinations: IntArray) -> FloatArray:
        ends = np.asarray(origins, np.int64), np.asarray(destinations, np.int64)
        seconds: FloatArray = _matrix(*ends, self.xy_m, self._speed, self.half_service_s)
        return seconds

    def path(self, origin: int, destination: int, *, at_s: float, vehicle: Vehicle = Vehicle.CAR) -> Path:
        """Return the straight ride."""
        nodes = np.array([origin] if origin == destination else [origin, destination], np.int32)
        seconds = self.times(nodes[:-1], nodes[1:], at_s=at_s, vehicle=vehicle)
        return Path(nodes=nodes, edges=np.full(len(nodes) - 1, -1, np.int32), seconds=seconds)


@njit(cache=True, nogil=True, error_model="numpy")
def _check(nodes, count):  # type: ignore[no-untyped-def]  # numba
    for node in nodes:
        if not 0 <= node < count:
            raise IndexError(_NO_NODE)


@njit(cache=True, nogil=True, error_model="numpy")
def ride_min(xy, a, b, speed):  # type: ignore[no-untyped-def]  # numba
    """Return the whole minutes of a ride: the least t with (t x speed)^2 >= dx^2 + dy^2."""
    dx, dy = xy[b, 0] - xy[a, 0], xy[b, 1] - xy[a, 1]
    square = dx * dx + dy * dy
    minutes = int(np.ceil(np.sqrt(float(square)) / speed))
    if minutes > 0 and ((minutes - 1) * speed) ** 2 >= square:
        minutes -= 1
    if (minutes * speed) ** 2 < square:
        minutes += 1
    return minutes


@njit(cache=True, nogil=True, error_model="numpy")
def _times(origins, destinations, xy, speed, half):  # type: ignore[no-untyped-def]  # numba
    _check(origins, len(xy))
    _check(destinations, len(xy))
    seconds = np.empty(len(origins))
    for i in range(len(origins)):
        a, b = origins[i], destinations[i]
        seconds[i] = 0.0 if a == b else 60.0 * ride_min(xy, a, b, speed) + half
    return seconds


@njit(cache=True, nogil=True, error_model="numpy")
def _matrix(origins, destinations, xy, speed, half):  # type: ignore[no-untyped-def]  # numba
    _check(origins, len(xy))
    _check(destinations, len(xy))
    seconds = np.empty((len(origins), len(destinations)))
    for i in range(len(origins)):
        for j in range(len(destinations)):
            a, b = origins[i], destinations[j]
            seconds[i, j] = 0.0 if a == b else 60.0 * ride_min(xy, a, b, speed) + half
    return seconds
