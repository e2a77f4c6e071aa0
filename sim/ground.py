"""The ground that drivers drive on: nodes, believed and true travel times, and the shape of a path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from domain.units import FloatArray, IntArray
from roads.protocols import Path, TravelTimes


class Polyline(Protocol):
    """The points of a path that is driven from `at_s` on: latitude, longitude [deg] and moment of each."""

    def __call__(
        self, path: Path, points: FloatArray, *, first: int, at_s: float
    ) -> tuple[int, float, float]:
        """Write them to rows of `points`, float64 [n, 3], from `first` on.

        Return the row behind the last point, the path's seconds and its metres. If that row is beyond n
        nothing is written.
        """
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """Where a market's world takes place.

    `node_lat`, `node_lon` float64 [nodes]. `believed` is what the platform may know; `true` is what the
    world drives. `polyline` writes the points that a path passes, `length_m` is its length, `snap` the
    nearest nodes (int32 [n]) of positions float64 [n]. `is_road` tells a road graph from straight lines.
    """

    node_lat: FloatArray
    node_lon: FloatArray
    believed: TravelTimes
    true: TravelTimes
    polyline: Polyline
    length_m: Callable[[Path], float]
    snap: Callable[[FloatArray, FloatArray], IntArray]
    is_road: bool
    notes: tuple[str, ...] = ()
