"""What other rooms may know of roads: travel times over integer node ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from domain.units import FloatArray, IntArray
from domain.vehicles import Vehicle


@dataclass(frozen=True, kw_only=True)
class Path:
    """One driven path: k nodes, k-1 legs between them.

    `nodes` int32 [k]; `edges` int32 [k-1], the road edge of each leg (-1 where the travel model has no road
    graph); `seconds` float64 [k-1], the time of each leg. A path from a node to itself has k = 1.
    """

    nodes: IntArray
    edges: IntArray
    seconds: FloatArray


class TravelTimes(Protocol):
    """Travel times and paths between integer node ids.

    `at_s` is seconds since local midnight; the traffic of that moment holds for the whole trip.
    Times are float64 seconds, finite and non-negative, 0 from a node to itself. Nodes outside
    ``[0, node_count)`` raise IndexError.
    """

    @property
    def node_count(self) -> int:
        """Number of nodes; ids are 0..node_count-1."""
        ...

    def times(
        self, origins: IntArray, destinations: IntArray, *, at_s: float, vehicle: Vehicle = Vehicle.CAR
    ) -> FloatArray:
        """Return seconds, pair by pair: shape [n] for origins [n] and destinations [n]."""
        ...

    def matrix(
        self, origins: IntArray, destinations: IntArray, *, at_s: float, vehicle: Vehicle = Vehicle.CAR
    ) -> FloatArray:
        """Return seconds from each of n origins to each of m destinations: shape [n, m]."""
        ...

    def path(self, origin: int, destination: int, *, at_s: float, vehicle: Vehicle = Vehicle.CAR) -> Path:
        """Return a fastest path; its seconds sum to what `times` says (within a millisecond a leg)."""
        ...
