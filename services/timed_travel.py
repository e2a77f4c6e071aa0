"""Travel times that count what they cost."""

from __future__ import annotations

from time import perf_counter

from domain.units import FloatArray, IntArray
from domain.vehicles import Vehicle
from roads.protocols import Path, TravelTimes


class TimedTravel:
    """Passes everything on to `inner` and adds up the wall seconds in `seconds` (implements TravelTimes)."""

    def __init__(self, inner: TravelTimes) -> None:
        self.inner = inner
        self.seconds = 0.0

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return self.inner.node_count

    def times(
        self, origins: IntArray, destinations: IntArray, *, at_s: float, vehicle: Vehicle = Vehicle.CAR
    ) -> FloatArray:
        """Return seconds, pair by pair."""
        began = perf_counter()
        seconds = self.inner.times(origins, destinations, at_s=at_s, vehicle=vehicle)
        self.seconds += perf_counter() - began
        return seconds

    def matrix(
        self, origins: IntArray, destinations: IntArray, *, at_s: float, vehicle: Vehicle = Vehicle.CAR
    ) -> FloatArray:
        """Return seconds from each origin to each destination."""
        began = perf_counter()
        seconds = self.inner.matrix(origins, destinations, at_s=at_s, vehicle=vehicle)
        self.seconds += perf_counter() - began
        return seconds

    def path(self, origin: int, destination: int, *, at_s: float, vehicle: Vehicle = Vehicle.CAR) -> Path:
        """Return a fastest path."""
        return self.inner.path(origin, destination, at_s=at_s, vehicle=vehicle)
