"""Where a driver is along a path: the polyline of its edges, with times."""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from domain.units import EARTH_RADIUS_M, FloatArray, IntArray
from roads.city import City, Float32, Float64, Int32
from roads.detour_times import DetourTimes
from roads.protocols import Path

_NO_GEOMETRY = (np.zeros(1, dtype=np.int32), np.empty(0), np.empty(0))


def polyline(place: City | DetourTimes, path: Path) -> Float64:
    """Return the points of a path as rows latitude, longitude (degrees), seconds since its start: [3, k].

    Time runs evenly with distance within an edge. The first time is 0, the last one the path's sum, and
    times never fall. A path from a node to itself is one point. `place` is what the path's travel times
    were made of.
    """
    if isinstance(place, City):
        geometry = (place.geom_offsets, place.geom_lat, place.geom_lon)
    else:
        geometry = _NO_GEOMETRY
    line: Float64 = _polyline(path.nodes, path.edges, path.seconds, place.node_lat, place.node_lon, *geometry)
    return line


def path_length_m(place: City | DetourTimes, path: Path) -> float:
    """Return the metres of a path along its edges; straight lines where it has no road graph."""
    if isinstance(place, City):
        return float(_edges_m(path.edges, place.edge_length_m))
    return float(_lines_m(path.nodes, place.node_lat, place.node_lon))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _edges_m(edges: IntArray, length_m: Float32) -> float:
    total = 0.0
    for e in edges:
        total += length_m[e]
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _lines_m(nodes: IntArray, node_lat: Float64, node_lon: Float64) -> float:
    """Return the sum of `domain.units.haversine_m` from node to node."""
    total = 0.0
    for i in range(len(nodes) - 1):
        lat1, lat2 = math.radians(node_lat[nodes[i]]), math.radians(node_lat[nodes[i + 1]])
        lon1, lon2 = math.radians(node_lon[nodes[i]]), math.radians(node_lon[nodes[i + 1]])
        u, v = math.sin((lat2 - lat1) / 2.0), math.sin((lon2 - lon1) / 2.0)
        h = u * u + math.cos(lat1) * math.cos(lat2) * v * v
        total += 2.0 * EARTH_RADIUS_M * math.asin(math.sqrt(h))
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _polyline(
    nodes: IntArray,
    edges: IntArray,
    seconds: FloatArray,
    node_lat: Float64,
    node_lon: Float64,
    offsets: Int32,
    geom_lat: Float64,
    geom_lon: Float64,
) -> Float64:
    size = 1
    for e in edges:
        size += 1 if e < 0 else offsets[e + 1] - offsets[e] - 1
    line = np.empty((3, size))
    lat, lon, t = line[0], line[1], line[2]
    lat[0], lon[0], t[0] = node_lat[nodes[0]], node_lon[nodes[0]], 0.0
    shrink = math.cos(math.radians(lat[0]))
    last = 0
    for leg in range(len(edges)):
        first, e = last, edges[leg]
        if e < 0:
            last += 1
            lat[last], lon[last] = node_lat[nodes[leg + 1]], node_lon[nodes[leg + 1]]
        else:
            for i in range(offsets[e] + 1, offsets[e + 1]):
                last += 1
                lat[last], lon[last] = geom_lat[i], geom_lon[i]
        _spread(lat, lon, t, first, last, seconds[leg], shrink)
    return line


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _spread(
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    t: NDArray[np.float64],
    first: int,
    last: int,
    seconds: float,
    shrink: float,
) -> None:
    """Fill the times of points first+1..last, in proportion to distance."""
    total = 0.0
    for i in range(first + 1, last + 1):
        total += math.hypot(lat[i] - lat[i - 1], (lon[i] - lon[i - 1]) * shrink)
        t[i] = total
    end = t[first] + seconds
    for i in range(first + 1, last):
        t[i] = min(t[first] + seconds * (t[i] / total if total > 0.0 else 1.0), end)
    t[last] = end
