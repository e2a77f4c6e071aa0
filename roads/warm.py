"""Compile every kernel before anything is measured or served."""

from __future__ import annotations

import numpy as np

from roads.city import City
from roads.compiling import compile_city
from roads.detour_times import DetourTimes
from roads.geometry import polyline
from roads.road_times import RoadTimes
from roads.snap import Snapper
from roads.sources.builtin import read_builtin


def warm_up(city: City | None = None) -> None:
    """Run every kernel of this room once, on a tiny city or on `city` as well.

    The first call on a machine compiles (about ten seconds); later ones read numba's disk cache (under a
    second).
    """
    tiny = compile_city(read_builtin(size=12), name="warm-up")
    for place in (tiny,) if city is None else (tiny, city):
        _use(place)


def _use(city: City) -> None:
    times = RoadTimes(city)
    narrow = np.array([0, city.node_count - 1], dtype=np.int32)
    for nodes in (narrow, narrow.astype(np.int64)):
        times.times(nodes, nodes[::-1], at_s=0.0)
        times.matrix(nodes, nodes, at_s=0.0)
        DetourTimes(city.node_lat, city.node_lon).times(nodes, nodes[::-1], at_s=0.0)
    detour = DetourTimes(city.node_lat, city.node_lon)
    polyline(city, times.path(0, city.node_count - 1, at_s=0.0))
    polyline(detour, detour.path(0, city.node_count - 1, at_s=0.0))
    snapper = Snapper.of(city)
    snapper.nearest(city.node_lat[:2], city.node_lon[:2])
