"""Where a driver is along a path: the polyline of its edges, with times."""

from __future__ import annotations

import math

import numba
import numpy as np

from domain.units import EARTH_RADIUS_M, FloatArray, IntArray
from roads.city import City, Float32, Float64, Int32
from roads.detour_times import DetourTimes
from roads.protocols import Path

_NO_GEOMETRY = (np.zeros(1, dtype=np.int32), np.empty(0), np.empty(0), np.empty(0, dtype=np.float32))


def polyline(place: City | DetourTimes, path: Path) -> Float64:
    """Return the points of a path as rows latitude, longitude (degrees), seconds since its start: [3, k].

    Time runs evenly with distance within an edge. The first time is 0, the last one the path's sum, and
    times never fall. A path from a node to itself is one point. `place` is what the path's travel times
    were made of.
    """
    count, _, _ = write_polyline(place, path, np.empty((0, 3)), first=0, at_s=0.0)
    points = np.empty((count, 3))
    write_polyline(place, path, points, first=0, at_s=0.0)
    return points.T


def write_polyline(
    place: City | DetourTimes, path: Path, points: FloatArray, *, first: int, at_s: float
) -> tuple[int, float, float]:
    """Write `polyline` to `points`, float64 [n, 3], from row `first` on, with moments of a start at `at_s`.

    Return the row behind the last point, the path's seconds and its `path_length_m`. If that row is beyond n
    nothing is written.
    """
    if isinstance(place, City):
        geometry = (place.geom_offsets, place.geom_lat, place.geom_lon, place.edge_length_m)
    else:
        geometry = _NO_GEOMETRY
    written: tuple[int, float, float] = _polyline(
        path.nodes, path.edges, path.seconds, place.node_lat, place.node_lon, *geometry, points, first, at_s
    )
    return written


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
        total += _line_m(nodes[i], nodes[i + 1], node_lat, node_lon)
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _line_m(a: int, b: int, node_lat: Float64, node_lon: Float64) -> float:
    lat1, lat2 = math.radians(node_lat[a]), math.radians(node_lat[b])
    lon1, lon2 = math.radians(node_lon[a]), math.radians(node_lon[b])
    u, v = math.sin((lat2 - lat1) / 2.0), math.sin((lon2 - lon1) / 2.0)
    h = u * u + math.cos(lat1) * math.cos(lat2) * v * v
    return 2.0 * EARTH_RADIUS_M * math.asin(math.sqrt(h))


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
    edge_length_m: Float32,
    points: FloatArray,
    first: int,
    at_s: float,
) -> tuple[int, float, float]:
    end = first + 1
    for e in edges:
        end += 1 if e < 0 else offsets[e + 1] - offsets[e] - 1
    if end > len(points):
        return end, 0.0, 0.0
    points[first, 0], points[first, 1], points[first, 2] = node_lat[nodes[0]], node_lon[nodes[0]], 0.0
    shrink = math.cos(math.radians(points[first, 0]))
    last, length_m = first, 0.0
    for leg in range(len(edges)):
        begin, e = last, edges[leg]
        if e < 0:
            last += 1
            points[last, 0], points[last, 1] = node_lat[nodes[leg + 1]], node_lon[nodes[leg + 1]]
            length_m += _line_m(nodes[leg], nodes[leg + 1], node_lat, node_lon)
        else:
            for i in range(offsets[e] + 1, offsets[e + 1]):
                last += 1
                points[last, 0], points[last, 1] = geom_lat[i], geom_lon[i]
            length_m += edge_length_m[e]
        _spread(points, begin, last, seconds[leg], shrink)
    taken_s = points[last, 2]
    for i in range(first, end):
        points[i, 2] += at_s
    return end, taken_s, length_m


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _spread(points: FloatArray, first: int, last: int, seconds: float, shrink: float) -> None:
    """Fill the times of points first+1..last, in proportion to distance."""
    total = 0.0
    for i in range(first + 1, last + 1):
        total += math.hypot(points[i, 0] - points[i - 1, 0], (points[i, 1] - points[i - 1, 1]) * shrink)
        points[i, 2] = total
    begin = points[first, 2]
    end = begin + seconds
    for i in range(first + 1, last):
        points[i, 2] = min(begin + seconds * (points[i, 2] / total if total > 0.0 else 1.0), end)
    points[last, 2] = end
