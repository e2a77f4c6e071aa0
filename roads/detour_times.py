"""`DetourTimes`: travel times where no road network is at hand: distance x detour / speed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Self

import numba
import numpy as np

from domain.units import EARTH_RADIUS_M, FloatArray, IntArray
from domain.vehicles import Vehicle
from roads.city import Float64, Int32
from roads.protocols import Path
from roads.queries import checked_nodes

DEFAULT_SPEED_KPH: Mapping[Vehicle, float] = {
    Vehicle.CAR: 26.0,
    Vehicle.SCOOTER: 24.0,
    Vehicle.BICYCLE: 14.0,
}


class DetourTimes:
    """Great-circle distance x `detour` / speed between n points (implements protocols.TravelTimes).

    `lat`, `lon` float64 [n], degrees. `detour`: road distance over distance, at least 1; 1.3 to 1.4 is
    usual in cities. The same at all hours. A path is one leg with edge -1.
    """

    def __init__(
        self,
        lat: FloatArray,
        lon: FloatArray,
        *,
        detour: float = 1.35,
        speed_kph: Mapping[Vehicle, float] = DEFAULT_SPEED_KPH,
    ) -> None:
        self.node_lat: Float64 = np.array(lat, dtype=np.float64)
        self.node_lon: Float64 = np.array(lon, dtype=np.float64)
        if self.node_lat.ndim != 1 or self.node_lat.shape != self.node_lon.shape:
            raise ValueError(
                f"lat {self.node_lat.shape} and lon {self.node_lon.shape} must be equally long vectors"
            )
        if not detour >= 1.0:
            raise ValueError(f"detour {detour} is below 1")
        if not all(speed_kph.get(vehicle, 0.0) > 0.0 for vehicle in Vehicle):
            raise ValueError("speed_kph needs a positive speed for every vehicle")
        self._seconds_per_m = {vehicle: detour / (speed_kph[vehicle] / 3.6) for vehicle in Vehicle}
        phi, theta = np.radians(self.node_lat), np.radians(self.node_lon)
        self._xyz = np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)], axis=1)

    @classmethod
    def on_plane(
        cls,
        x_m: FloatArray,
        y_m: FloatArray,
        *,
        detour: float = 1.0,
        speed_kph: Mapping[Vehicle, float] = DEFAULT_SPEED_KPH,
    ) -> Self:
        """Return times between points in metres on a plane, as benchmark instances give them.

        The plane is laid on the sphere around its middle at latitude 0: distances within 40 km keep their
        length to one part in 100,000.
        """
        metres = math.radians(1.0) * EARTH_RADIUS_M
        x, y = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
        lat = (y - (y.min() + y.max()) / 2.0) / metres
        lon = (x - (x.min() + x.max()) / 2.0) / metres
        return cls(lat, lon, detour=detour, speed_kph=speed_kph)

    @property
    def node_count(self) -> int:
        """Number of points."""
        return len(self.node_lat)

    def times(
        self, origins: IntArray, destinations: IntArray, *, at_s: float, vehicle: Vehicle = Vehicle.CAR
    ) -> FloatArray:
        """Return seconds, pair by pair, float64 [n]; see protocols.TravelTimes."""
        del at_s
        a, b = checked_nodes(origins, self.node_count), checked_nodes(destinations, self.node_count)
        if a.shape != b.shape:
            raise ValueError(f"origins {a.shape} and destinations {b.shape} differ in shape")
        return _pairs(self._xyz, a, b, self._seconds_per_m[vehicle] * EARTH_RADIUS_M)

    def matrix(
        self, origins: IntArray, destinations: IntArray, *, at_s: float, vehicle: Vehicle = Vehicle.CAR
    ) -> FloatArray:
        """Return seconds from each of n origins to each of m destinations, float64 [n, m]."""
        a, b = checked_nodes(origins, self.node_count), checked_nodes(destinations, self.node_count)
        pairs = self.times(np.repeat(a, len(b)), np.tile(b, len(a)), at_s=at_s, vehicle=vehicle)
        return pairs.reshape(len(a), len(b))

    def path(self, origin: int, destination: int, *, at_s: float, vehicle: Vehicle = Vehicle.CAR) -> Path:
        """Return the straight line as one leg, or no leg from a point to itself."""
        seconds = self.times(np.array([origin]), np.array([destination]), at_s=at_s, vehicle=vehicle)
        if origin == destination:
            return Path(
                nodes=np.array([origin], dtype=np.int32),
                edges=np.empty(0, dtype=np.int32),
                seconds=np.empty(0),
            )
        nodes = np.array([origin, destination], dtype=np.int32)
        return Path(nodes=nodes, edges=np.array([-1], dtype=np.int32), seconds=seconds)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _pairs(xyz: Float64, a: Int32, b: Int32, seconds_per_radian: float) -> Float64:
    """Return seconds along the sphere, from the chord between unit vectors."""
    seconds = np.empty(len(a))
    for i in range(len(a)):
        dx = xyz[a[i], 0] - xyz[b[i], 0]
        dy = xyz[a[i], 1] - xyz[b[i], 1]
        dz = xyz[a[i], 2] - xyz[b[i], 2]
        half_chord = 0.5 * np.sqrt(dx * dx + dy * dy + dz * dz)
        seconds[i] = 2.0 * np.arcsin(min(half_chord, 1.0)) * seconds_per_radian
    return seconds
