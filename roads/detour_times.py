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
from roads.labels import Int64
from roads.protocols import Path
from roads.queries import are_within, node_vector, outside

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
        self._seconds_per_radian = {
            vehicle: detour / (speed_kph[vehicle] / 3.6) * EARTH_RADIUS_M for vehicle in Vehicle
        }
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
        a, b = node_vector(origins), node_vector(destinations)
        if a.shape != b.shape:
            raise ValueError(f"origins {a.shape} and destinations {b.shape} differ in shape")
        seconds: FloatArray = _pairs(self._xyz, a, b, self._seconds_per_radian[vehicle])
        if len(seconds) < len(a):
            raise outside(self.node_count, a, b)
        return seconds

    def matrix(
        self, origins: IntArray, destinations: IntArray, *, at_s: float, vehicle: Vehicle = Vehicle.CAR
    ) -> FloatArray:
        """Return seconds from each of n origins to each of m destinations, float64 [n, m]."""
        a, b = node_vector(origins), node_vector(destinations)
        pairs = self.times(np.repeat(a, len(b)), np.tile(b, len(a)), at_s=at_s, vehicle=vehicle)
        return pairs.reshape(len(a), len(b))

    def path(self, origin: int, destination: int, *, at_s: float, vehicle: Vehicle = Vehicle.CAR) -> Path:
        """Return the straight line as one leg, or no leg from a point to itself."""
        del at_s
        for node in (origin, destination):
            if not 0 <= node < self.node_count:
                raise IndexError(f"node {node} is outside [0, {self.node_count})")
        per_radian = self._seconds_per_radian[vehicle]
        nodes, edges, seconds = _leg(self._xyz, int(origin), int(destination), per_radian)
        return Path(nodes=nodes, edges=edges, seconds=seconds)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _seconds(xyz: Float64, a: int, b: int, seconds_per_radian: float) -> float:
    """Return seconds along the sphere, from the chord between unit vectors."""
    dx = xyz[a, 0] - xyz[b, 0]
    dy = xyz[a, 1] - xyz[b, 1]
    dz = xyz[a, 2] - xyz[b, 2]
    half_chord = 0.5 * math.sqrt(dx * dx + dy * dy + dz * dz)
    return 2.0 * math.asin(min(half_chord, 1.0)) * seconds_per_radian


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _pairs(xyz: Float64, a: Int64, b: Int64, seconds_per_radian: float) -> Float64:
    """Return seconds pair by pair, float64 [n]; float64 [0] when a node is outside."""
    if not (are_within(a, len(xyz)) and are_within(b, len(xyz))):
        return np.empty(0)
    seconds = np.empty(len(a))
    for i in range(len(a)):
        seconds[i] = _seconds(xyz, a[i], b[i], seconds_per_radian)
    return seconds


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _leg(xyz: Float64, a: int, b: int, seconds_per_radian: float) -> tuple[Int32, Int32, Float64]:
    """Return nodes, edges and seconds of the straight line from a to b; no leg where they are the same."""
    legs = int(a != b)
    nodes, edges, seconds = np.empty(legs + 1, np.int32), np.full(legs, -1, np.int32), np.empty(legs)
    nodes[0], nodes[legs] = a, b
    for leg in range(legs):
        seconds[leg] = _seconds(xyz, a, b, seconds_per_radian)
    return nodes, edges, seconds
