"""Compile every kernel before anything is measured or served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from roads.city import City
from roads.compiling import compile_city
from roads.detour_times import DetourTimes
from roads.geometry import path_length_m, polyline
from roads.queries import pairs_seconds
from roads.road_times import RoadTimes
from roads.snap import Snapper
from roads.sources.builtin import read_builtin


def warm_up(city: City | None = None, *, progress: Callable[[str], None] | None = None) -> None:
    """Run every kernel of this room once, on a tiny city and, when given, on `city`.

    The first call on a machine compiles (some twenty seconds; `progress` is told so beforehand); later ones
    read numba's disk cache (under a second).
    """
    if progress is not None and not is_compiled():
        progress("compiling the road kernels (once on this machine, some 20 s)")
    tiny = compile_city(read_builtin(size=12), name="warm-up")
    for place in (tiny,) if city is None else (tiny, city):
        _use(place)


def is_compiled() -> bool:
    """Return whether numba's disk cache holds the kernels of an earlier run."""
    folder = Path(pairs_seconds.stats.cache_path or "")
    return any(folder.glob("queries.pairs_seconds-*.nbi"))


def _use(city: City) -> None:
    times, detour = RoadTimes(city), DetourTimes(city.node_lat, city.node_lon)
    narrow = np.array([0, city.node_count - 1], dtype=np.int32)
    for nodes in (narrow, narrow.astype(np.int64)):
        times.times(nodes, nodes[::-1], at_s=0.0)
        times.matrix(nodes, nodes, at_s=0.0)
        detour.times(nodes, nodes[::-1], at_s=0.0)
    for place, travel in ((city, times), (detour, detour)):
        path = travel.path(0, city.node_count - 1, at_s=0.0)
        polyline(place, path)
        path_length_m(place, path)
    snapper = Snapper.of(city)
    snapper.nearest(city.node_lat[:2], city.node_lon[:2])
