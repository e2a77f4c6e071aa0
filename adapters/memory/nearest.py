"""Exact k nearest drivers of many points on the grid, filters inside the kernel.

Distances are compared as haversines h = sin^2(d / 2R), which grow with d; the arcsine is taken of results
only. A point's cells are visited in growing square rings until the next ring cannot hold anything nearer.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from adapters.memory.grid import NONE, Frame
from domain.drivers import DriverStatus
from domain.units import EARTH_RADIUS_M

_SLACK = 1.0 - 1e-9
_FAR = 1 << 24
_AVAILABLE = int(DriverStatus.AVAILABLE)
Array = NDArray[Any]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _sine(x: float) -> float:
    """Sine, by its series where that is exact to the last bit or so."""
    if abs(x) > 0.01:
        return math.sin(x)
    y = x * x
    return x * (1.0 - y * (1.0 / 6.0 - y * (1.0 / 120.0 - y / 5040.0)))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _beyond_parallel(gap_deg: float) -> float:
    """Least haversine from a point to points `gap_deg` of latitude away."""
    s = _sine(math.radians(max(gap_deg, 0.0)) / 2.0)
    return s * s


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _beyond_meridian(gap_deg: float, around_deg: float, cos_lat: float) -> float:
    """Least haversine to points whose longitude differs by `gap_deg` or more; `around_deg` the other way.

    The distance to a meridian's great circle is asin(sin(gap) cos(lat)); from 90 degrees on the way over the
    pole is shorter. (1 - sqrt(1 - s^2)) / 2 >= s^2 / 4 turns its sine s into a haversine.
    """
    gap = min(gap_deg, around_deg)
    if gap <= 0.0:
        return 0.0
    s = cos_lat if gap >= 90.0 else _sine(math.radians(gap)) * cos_lat
    return s * s / 4.0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _ring_bound(ring: int, r: int, c: int, lat: float, x: float, cos_lat: float, frame: Frame) -> float:
    """Least haversine to anything outside the rings before `ring`; inf when they cover the grid.

    A border cell holds strays beyond the box too: seen from outside, it is no farther than the point itself.
    """
    south, west, _, per_lat, per_lon, rows, columns = frame
    bound = math.inf
    if r + ring <= 0 or r - ring >= rows - 1 or c + ring <= 0 or c - ring >= columns - 1:
        return 0.0
    if r + ring < rows:
        bound = min(bound, _beyond_parallel(south + (r + ring) / per_lat - lat))
    if r - ring >= 0:
        bound = min(bound, _beyond_parallel(lat - (south + (r - ring + 1) / per_lat)))
    if c + ring < columns:
        bound = min(bound, _beyond_meridian(west + (c + ring) / per_lon - x, 180.0 + x, cos_lat))
    if c - ring >= 0:
        bound = min(bound, _beyond_meridian(x - (west + (c - ring + 1) / per_lon), 180.0 - x, cos_lat))
    return bound * _SLACK


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _is_worse(h1: float, row1: int, h2: float, row2: int, drivers: Array) -> bool:
    if h1 != h2:
        return h1 > h2
    return bool(drivers[row1].id > drivers[row2].id)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _sink(at: int, size: int, h: Array, row: Array, drivers: Array) -> None:
    """Restore a heap whose worst entry is on top, from `at` downwards."""
    while True:
        child = 2 * at + 1
        if child >= size:
            return
        right = child + 1
        if right < size and _is_worse(h[right], row[right], h[child], row[child], drivers):
            child = right
        if not _is_worse(h[child], row[child], h[at], row[at], drivers):
            return
        h[at], h[child] = h[child], h[at]
        row[at], row[child] = row[child], row[at]
        at = child


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _rise(at: int, h: Array, row: Array, drivers: Array) -> None:
    """Restore the heap from a new last entry upwards."""
    while at > 0:
        parent = (at - 1) // 2
        if not _is_worse(h[at], row[at], h[parent], row[parent], drivers):
            return
        h[at], h[parent] = h[parent], h[at]
        row[at], row[parent] = row[parent], row[at]
        at = parent


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _sort(size: int, h: Array, row: Array, drivers: Array) -> None:
    """Turn the heap into ascending order."""
    for last in range(size - 1, 0, -1):
        h[0], h[last] = h[last], h[0]
        row[0], row[last] = row[last], row[0]
        _sink(0, last, h, row, drivers)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _scan(
    row: int,
    size: int,
    lat: float,
    lon: float,
    cos_lat: float,
    radius_h: float,
    seen_since_s: float,
    max_load: int,
    drivers: Array,
    after: Array,
    h: Array,
    rows: Array,
) -> int:
    """Offer the admissible drivers of one cell, from its first row on, to the heap; return its new size."""
    half = math.pi / 360.0
    while row != NONE:
        driver = drivers[row]
        if (
            driver.status == _AVAILABLE
            and driver.load <= max_load
            and driver.load < driver.capacity
            and driver.seen_at_s >= seen_since_s
        ):
            u = _sine((driver.lat - lat) * half)
            v = _sine((driver.lon - lon) * half)
            found = u * u + cos_lat * driver.cos_lat * v * v
            if found <= radius_h:
                if size < len(h):
                    h[size], rows[size] = found, row
                    _rise(size, h, rows, drivers)
                    size += 1
                elif _is_worse(h[0], rows[0], found, row, drivers):
                    h[0], rows[0] = found, row
                    _sink(0, size, h, rows, drivers)
        row = after[row]
    return size


@numba.njit(cache=True, nogil=True, error_model="numpy")
def nearest_rows(
    lat: Array,
    lon: Array,
    k: int,
    radius_m: float,
    seen_since_s: float,
    max_load: int,
    frame: Frame,
    head: Array,
    after: Array,
    drivers: Array,
    out_id: Array,
    out_m: Array,
) -> Array:
    """Write the ids of up to `k` nearest admissible drivers per point and their distances, points one after
    the other, to `out_id`, `out_m` [n * k]; return the offsets of the points, int64 [n + 1].
    """
    south, west, reference, per_lat, per_lon, rows, columns = frame
    h, row = np.empty(k, np.float64), np.empty(k, np.int32)
    s = math.sin(min(radius_m / (2.0 * EARTH_RADIUS_M), math.pi / 2.0))
    radius_h = s * s * (1.0 + 1e-9)
    offsets = np.zeros(len(lat) + 1, np.int64)
    for i in range(len(lat)):
        x = (lon[i] - reference + 180.0) % 360.0 - 180.0
        cos_lat = math.cos(math.radians(lat[i]))
        r = int(min(max(math.floor((lat[i] - south) * per_lat), -_FAR), _FAR))
        c = int(min(max(math.floor((x - west) * per_lon), -_FAR), _FAR))
        size = 0
        ring = max(0, -r, r - rows + 1, -c, c - columns + 1)
        while _ring_bound(ring, r, c, lat[i], x, cos_lat, frame) <= (h[0] if size == k else radius_h):
            for r2 in range(max(r - ring, 0), min(r + ring, rows - 1) + 1):
                # the ring's top and bottom rows whole, of the others the two end cells
                step = 1 if abs(r2 - r) == ring else 2 * ring
                for c2 in range(
                    c - ring if step > 1 else max(c - ring, 0), min(c + ring, columns - 1) + 1, step
                ):
                    if c2 >= 0:
                        first = head[r2 * columns + c2]
                        size = _scan(
                            first, size, lat[i], lon[i], cos_lat, radius_h, seen_since_s, max_load,
                            drivers, after, h, row,
                        )  # fmt: skip
            ring += 1
        _sort(size, h, row, drivers)
        to = offsets[i]
        for j in range(size):
            metres = 2.0 * EARTH_RADIUS_M * math.asin(min(math.sqrt(h[j]), 1.0))
            if metres <= radius_m:
                out_id[to] = drivers[row[j]].id
                out_m[to] = metres
                to += 1
        offsets[i + 1] = to
    return offsets
