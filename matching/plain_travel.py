"""Travel times without roads: straight lines, between points of your own or in an imaginary city."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from domain.units import FloatArray, IntArray, haversine_m
from domain.vehicles import Vehicle
from roads.protocols import Path

SOUTH, WEST = 49.20, -123.20
SPAN_LAT, SPAN_LON = 0.09, 0.137  # about 10 km each way


@dataclass(frozen=True, kw_only=True)
class StraightLines(ABC):
    """Travel times of great-circle distance x `detour` / speed; no roads, no traffic.

    Speeds are metres per second by vehicle.
    """

    detour: float = 1.3
    speeds_mps: tuple[float, float, float] = (8.0, 7.0, 4.5)

    @property
    @abstractmethod
    def node_count(self) -> int:
        """Number of nodes."""

    @abstractmethod
    def position(self, nodes: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return latitude and longitude, degrees, of nodes of any shape."""

    def times(
        self,
        origins: IntArray,
        destinations: IntArray,
        *,
        at_s: float,
        vehicle: Vehicle = Vehicle.CAR,
    ) -> FloatArray:
        """Return seconds, pair by pair: shape [n]; the same at any hour."""
        del at_s
        metres = haversine_m(*self.position(origins), *self.position(destinations))
        seconds: FloatArray = metres * (self.detour / self.speeds_mps[vehicle])
        return seconds

    def matrix(
        self,
        origins: IntArray,
        destinations: IntArray,
        *,
        at_s: float,
        vehicle: Vehicle = Vehicle.CAR,
    ) -> FloatArray:
        """Return seconds from each origin to each destination: shape [n, m]."""
        return self.times(np.asarray(origins)[:, None], np.asarray(destinations), at_s=at_s, vehicle=vehicle)

    def path(self, origin: int, destination: int, *, at_s: float, vehicle: Vehicle = Vehicle.CAR) -> Path:
        """Return the straight path."""
        nodes = np.array([origin] if origin == destination else [origin, destination], np.int32)
        seconds = self.times(nodes[:-1], nodes[1:], at_s=at_s, vehicle=vehicle)
        return Path(nodes=nodes, edges=np.full(len(nodes) - 1, -1, np.int32), seconds=seconds)

    def _check(self, nodes: IntArray) -> IntArray:
        nodes = np.asarray(nodes)
        if nodes.size and (nodes.min() < 0 or nodes.max() >= self.node_count):
            raise IndexError(f"nodes must be in [0, {self.node_count})")
        return nodes


@dataclass(frozen=True, kw_only=True)
class PlainTravel(StraightLines):
    """Travel times on an imaginary city of about 10 x 10 km, for tests and examples.

    `side` x `side` nodes on a lattice.
    """

    side: int = 60

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return self.side * self.side

    def position(self, nodes: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return latitude and longitude, degrees, of nodes of any shape."""
        row, column = np.divmod(self._check(nodes), self.side)
        step = max(self.side - 1, 1)
        return SOUTH + row * (SPAN_LAT / step), WEST + column * (SPAN_LON / step)


@dataclass(frozen=True, kw_only=True, eq=False)
class PointTravel(StraightLines):
    """Travel times between points of your own: node i is at ``lat[i], lon[i]``, float64 [n], degrees."""

    lat: FloatArray
    lon: FloatArray

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.lat)

    def position(self, nodes: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return latitude and longitude, degrees, of nodes of any shape."""
        nodes = self._check(nodes)
        return self.lat[nodes], self.lon[nodes]
