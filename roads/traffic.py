"""Traffic: how long each edge takes, by period of the day and vehicle."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from domain.units import HOUR_S, FloatArray
from domain.vehicles import PROFILES, Vehicle
from roads.city import City, Float64, RoadClass

JUNCTION_S = 4.0
BICYCLE_ON_FAST_ROADS_KPH = 6.0  # on foot beside a motorway: usable, so that every node stays within reach

# Speed as a share of free flow by hour, for the class that peaks hardest; others feel a part of it.
_PEAK_BY_SIX_HOURS = (
    (0.98, 1.0, 1.0, 1.0, 1.0, 0.97),
    (0.88, 0.66, 0.55, 0.66, 0.74, 0.72),
    (0.68, 0.70, 0.70, 0.64, 0.54, 0.47),
    (0.50, 0.62, 0.74, 0.82, 0.88, 0.94),
)
_PEAK = np.ravel(_PEAK_BY_SIX_HOURS)
_SHARE_OF_PEAK = {
    RoadClass.MOTORWAY: 1.0,
    RoadClass.TRUNK: 1.0,
    RoadClass.PRIMARY: 0.9,
    RoadClass.SECONDARY: 0.75,
    RoadClass.TERTIARY: 0.6,
    RoadClass.UNCLASSIFIED: 0.45,
    RoadClass.RESIDENTIAL: 0.3,
    RoadClass.LIVING_STREET: 0.1,
    RoadClass.SERVICE: 0.15,
}


class Traffic(Protocol):
    """Edge times that are constant within a slot of time."""

    def slot(self, at_s: float) -> int:
        """Return the id of the period that `at_s` (seconds since midnight, may exceed a day) lies in."""
        ...

    def edge_seconds(self, slot: int, vehicle: Vehicle) -> FloatArray:
        """Return each edge's seconds in that period, float64 [e], finite and positive."""
        ...


def fastest_seconds(city: City, vehicle: Vehicle) -> Float64:
    """Return each edge's seconds at the vehicle's own maximum speed, float64 [e]."""
    seconds: Float64 = city.edge_length_m / np.float64(PROFILES[vehicle].max_speed_kph) * 3.6
    return seconds


def free_flow_seconds(city: City, vehicle: Vehicle) -> Float64:
    """Return each edge's seconds on an empty road, float64 [e], at the road's or the vehicle's speed."""
    kph = np.minimum(city.edge_speed_kph.astype(np.float64), PROFILES[vehicle].max_speed_kph)
    if vehicle is Vehicle.BICYCLE:
        kph = np.where(city.edge_class <= RoadClass.TRUNK, BICYCLE_ON_FAST_ROADS_KPH, kph)
    seconds: Float64 = city.edge_length_m / kph * 3.6
    return seconds


def default_hourly_factors() -> Float64:
    """Return speed as a share of free flow, float64 [24, classes]: two peaks, hardest on the main roads."""
    share = np.array([_SHARE_OF_PEAK[road] for road in RoadClass])
    factors: Float64 = 1.0 - (1.0 - _PEAK[:, None]) * share[None, :]
    return factors


class FreeFlow:
    """Empty roads at all times."""

    def __init__(self, city: City) -> None:
        self._city = city

    def slot(self, at_s: float) -> int:
        """Return 0: there is one period."""
        del at_s
        return 0

    def edge_seconds(self, slot: int, vehicle: Vehicle) -> FloatArray:
        """Return free-flow seconds, float64 [e]."""
        del slot
        return free_flow_seconds(self._city, vehicle)


class HourlyTraffic:
    """A speed factor per hour of the day and road class, repeated daily, and time lost at junctions.

    `factors` float64 [24, classes], speed as a share of free flow, positive. A vehicle suffers its
    `congestion_share` of the delay that a car would: free flow + share x (free flow / factor - free flow).
    `junction_s` is lost at the end of every edge that is no motorway, by every vehicle: speed limits alone
    make city traffic 50 % too fast (docs/cities.md).
    """

    def __init__(
        self, city: City, factors: FloatArray | None = None, *, junction_s: float = JUNCTION_S
    ) -> None:
        self._city = city
        table = default_hourly_factors() if factors is None else np.asarray(factors, dtype=np.float64)
        if table.shape != (24, len(RoadClass)):
            raise ValueError(f"factors have shape {table.shape}, expected (24, {len(RoadClass)})")
        if not (np.isfinite(table).all() and (table > 0.0).all()):
            raise ValueError("factors must be finite and positive")
        if not 0.0 <= junction_s < HOUR_S:
            raise ValueError(f"junction_s {junction_s} is not a time lost at a junction")
        self.factors: NDArray[np.float64] = table
        self._junction_s = np.where(city.edge_class == RoadClass.MOTORWAY, 0.0, junction_s)

    def slot(self, at_s: float) -> int:
        """Return the hour of the day, 0..23."""
        return int(at_s // HOUR_S) % 24

    def edge_seconds(self, slot: int, vehicle: Vehicle) -> FloatArray:
        """Return the seconds of hour `slot`, float64 [e]."""
        own = free_flow_seconds(self._city, vehicle) + self._junction_s
        share = PROFILES[vehicle].congestion_share
        if share == 0.0:
            return own
        car = free_flow_seconds(self._city, Vehicle.CAR)
        delay = car * (1.0 / self.factors[slot, self._city.edge_class] - 1.0)
        return np.asarray(own + share * delay)
