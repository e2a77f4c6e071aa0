"""Drivers as the marketplace knows them, in columns: profiles, status, planned stops."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import msgspec
import numpy as np

from domain.stop_kind import StopKind
from domain.units import FloatArray, IntArray


class DriverStatus(IntEnum):
    """What the marketplace may do with a driver; the integer is the column value."""

    OFFLINE = 0
    AVAILABLE = 1
    OFFERED = 2
    ON_BREAK = 3


class Stop(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One planned stop of a driver."""

    kind: StopKind
    order_id: int
    lat: float
    lon: float


_STOP_KINDS = tuple(StopKind)
Plan = tuple[Stop, ...]
"""What a driver will do next, in driving order."""


@dataclass(frozen=True, kw_only=True)
class DriverProfiles:
    """What drivers tell the marketplace when they sign on; arrays [n].

    `id` int64; `vehicle` int8 (`Vehicle`); `capacity` int16, orders carried at once; `rating` float64 (1-5);
    `goal_deliveries` int32, deliveries they want this shift; `shift_end_s` float64;
    `lat`, `lon` float64, where they are.
    """

    id: IntArray
    vehicle: IntArray
    capacity: IntArray
    rating: FloatArray
    goal_deliveries: IntArray
    shift_end_s: FloatArray
    lat: FloatArray
    lon: FloatArray


class DriverStates(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the marketplace knows of n drivers now; arrays [n], planned stops as CSR.

    `status` int8 (`DriverStatus`); `load` int16, orders assigned and not delivered; `deliveries` int32 this
    shift; `seen_at_s` float64, the latest ping. `stop_offsets` int64 [n+1] delimits each driver's planned
    stops in `stop_kind` int8, `stop_order_id` int64, `stop_lat`, `stop_lon` float64. The rest as in
    `DriverProfiles`.
    """

    id: IntArray
    lat: FloatArray
    lon: FloatArray
    seen_at_s: FloatArray
    status: IntArray
    load: IntArray
    vehicle: IntArray
    capacity: IntArray
    rating: FloatArray
    deliveries: IntArray
    goal_deliveries: IntArray
    shift_end_s: FloatArray
    stop_offsets: IntArray
    stop_kind: IntArray
    stop_order_id: IntArray
    stop_lat: FloatArray
    stop_lon: FloatArray

    def plan(self, row: int = 0) -> Plan:
        """Return the planned stops of one of the drivers."""
        first, end = self.stop_offsets[row : row + 2].tolist()
        columns = (self.stop_kind, self.stop_order_id, self.stop_lat, self.stop_lon)
        stops = zip(*[column[first:end].tolist() for column in columns], strict=True)
        return tuple([Stop(kind=_STOP_KINDS[k], order_id=o, lat=y, lon=x) for k, o, y, x in stops])


class Candidates(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Nearest drivers of n points, as CSR: point i has entries ``offsets[i]:offsets[i+1]``, nearest first.

    `offsets` int64 [n+1]; `driver_id` int64 [k]; `distance_m` float64 [k], great-circle. Ties by driver id.
    """

    offsets: IntArray
    driver_id: IntArray
    distance_m: FloatArray

    @staticmethod
    def none(points: int) -> Candidates:
        """Return the candidates of points that have no driver near."""
        return Candidates(
            offsets=np.zeros(points + 1, np.int64),
            driver_id=np.empty(0, np.int64),
            distance_m=np.empty(0, np.float64),
        )
