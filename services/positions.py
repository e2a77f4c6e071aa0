"""Kernels over positions in degrees, float64 [n], C order: a batch of one costs microseconds.

The types of the arguments are always the same: nothing compiles late once `warm_up` has run.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from domain.units import EARTH_RADIUS_M, FloatArray, IntArray

_MARGIN = 1.0 + 1e-6
MAX_LAT = 85.05112878
"""Positions beyond are refused: a web-Mercator geohash cannot hold them."""


def degrees(values: Any) -> NDArray[np.float64]:
    """Return values as a contiguous, writeable float64 vector: themselves where they are one."""
    return np.require(values, np.float64, ("C", "W"))


@njit(cache=True, nogil=True, error_model="numpy")
def are_on_the_map(lat: FloatArray, lon: FloatArray) -> bool:
    """Return whether all positions are finite, within +-MAX_LAT and +-180."""
    outside = 0
    for i in range(len(lat)):  # a NaN makes every comparison false
        outside += int(not (abs(lat[i]) <= MAX_LAT and abs(lon[i]) <= 180.0))
    return outside == 0


@njit(cache=True, nogil=True, error_model="numpy")
def nearest_within(
    here_lat: float, here_lon: float, lat: FloatArray, lon: FloatArray, radius_m: float, limit: int
) -> IntArray:
    """Return the positions within `radius_m`, at most `limit`, nearest first, ties by index: int64 [k].

    Distances are haversines, as in `domain.units.haversine_m`.
    """
    near, metres, count = np.empty(len(lat), np.int64), np.empty(len(lat)), 0
    y, cos_y = math.radians(here_lat), math.cos(math.radians(here_lat))
    north_deg = math.degrees(radius_m / EARTH_RADIUS_M) * _MARGIN
    narrow = math.cos(math.radians(min(abs(here_lat) + north_deg, 90.0)))
    east_deg = north_deg / narrow if narrow > north_deg / 90.0 else 360.0
    for i in range(len(lat)):
        away_deg = abs(lon[i] - here_lon)
        if abs(lat[i] - here_lat) > north_deg or east_deg < away_deg < 360.0 - east_deg:
            continue  # most are outside the box around the circle, which takes no trigonometry to tell
        other = math.radians(lat[i])
        u, v = math.sin((other - y) / 2.0), math.sin(math.radians(lon[i] - here_lon) / 2.0)
        h = u * u + cos_y * math.cos(other) * v * v
        away = 2.0 * EARTH_RADIUS_M * math.asin(min(math.sqrt(h), 1.0))
        if away <= radius_m:
            near[count], metres[count] = i, away
            count += 1
    return near[np.argsort(metres[:count], kind="mergesort")[:limit]]


def warm_up() -> None:
    """Run the kernels once: seconds the first time, then from the disk cache."""
    place = np.zeros(1)
    are_on_the_map(place, place)
    nearest_within(0.0, 0.0, place, place, 1.0, 1)
