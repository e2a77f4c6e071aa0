"""The ground that drivers drive on: nodes, believed and true travel times, and the shape of a path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from domain.units import FloatArray, IntArray
from roads.protocols import Path, TravelTimes

Polyline = FloatArray
"""Latitude, longitude [deg] and seconds since departure of the k points of a driven path: float64 [3, k]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """Where a market's world takes place.

    `node_lat`, `node_lon` float64 [nodes]. `believed` is what the platform may know; `true` is what the
    world drives. `polyline` gives the points that a path passes, `length_m` its length, `snap` the nearest
    nodes (int32 [n]) of positions float64 [n]. `is_road` tells a road graph from straight lines.
    """

    node_lat: FloatArray
    node_lon: FloatArray
    believed: TravelTimes
    true: TravelTimes
    polyline: Callable[[Path], Polyline]
    length_m: Callable[[Path], float]
    snap: Callable[[FloatArray, FloatArray], IntArray]
    is_road: bool
    notes: tuple[str, ...] = ()
