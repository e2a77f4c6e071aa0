"""Kernels over positions, float64, C order: a batch of one costs microseconds.

The types of the arguments are always the same: nothing compiles late once `warm_up` has run.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from domain.units import EARTH_RADIUS_M, FloatArray, IntArray

_RINGS = 64
MAX_LAT = 85.05112878
"""Positions beyond are refused: a web-Mercator geohash cannot hold them."""


def degrees(values: Any) -> NDArray[np.float64]:
    """Return values as a contiguous, writeable float64 vector: themselves where they are one."""
    if isinstance(values, np.ndarray) and values.dtype == np.float64 and values.flags.carray:
        return values  # in a tenth of the time that `require` takes to see it
    return np.require(values, np.float64, ("C", "W"))


@njit(cache=True, nogil=True, error_model="numpy")
def are_on_the_map(lat: FloatArray, lon: FloatArray) -> bool:
    """Return whether all positions are finite, within +-MAX_LAT and +-180."""
    outside = 0
    for i in range(len(lat)):  # a NaN makes every comparison false
        outside += int(not (abs(lat[i]) <= MAX_LAT and abs(lon[i]) <= 180.0))
    return outside == 0


def unit_vectors(lat: FloatArray, lon: FloatArray) -> NDArray[np.float64]:
    """Return positions in degrees as points on the unit sphere, float64 [3, n]."""
    y, x = np.radians(lat), np.radians(lon)
    return np.array([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)], np.float64)


@njit(cache=True, nogil=True, error_model="numpy")
def nearest_within(
    here_lat: float, here_lon: float, places: FloatArray, radius_m: float, limit: int
) -> IntArray:
    """Return the `unit_vectors` within `radius_m`, at most `limit`, nearest first, ties by index: int64 [k].

    Distances are great circles, as in `domain.units.haversine_m`. They are compared by the squares of their
    chords, which take no trigonometry per place. O(n + k log k) for places spread over the circle.
    """
    y, x = math.radians(here_lat), math.radians(here_lon)
    here_0, here_1, here_2 = math.cos(y) * math.cos(x), math.cos(y) * math.sin(x), math.sin(y)
    longest = (2.0 * math.sin(min(radius_m / (2.0 * EARTH_RADIUS_M), math.pi / 2.0))) ** 2
    near, chords, count = np.empty(places.shape[1], np.int64), np.empty(places.shape[1]), 0
    for i in range(places.shape[1]):
        u, v, w = places[0, i] - here_0, places[1, i] - here_1, places[2, i] - here_2
        near[count], chords[count] = i, u * u + v * v + w * w
        count += int(chords[count] <= longest)  # no branch: nobody can foretell it
    if count > limit and longest > 0.0:
        count = _in_inner_rings(near, chords, count, limit, _RINGS / longest)
    return near[np.argsort(chords[:count], kind="mergesort")[:limit]]


@njit(cache=True, nogil=True, error_model="numpy")
def _in_inner_rings(near: IntArray, chords: FloatArray, count: int, enough: int, per_chord: float) -> int:
    """Move places of the innermost rings with `enough` of them to the front; return how many there are.

    Rings of equal width in squared chords have equal areas. What is left need only be sorted.
    """
    held = np.zeros(_RINGS + 1, np.int64)
    for i in range(count):
        held[int(chords[i] * per_chord)] += 1
    ring, inside = 0, held[0]
    while inside < enough:
        ring += 1
        inside += held[ring]
    kept = 0
    for i in range(count):
        near[kept], chords[kept] = near[i], chords[i]
        kept += int(int(chords[i] * per_chord) <= ring)
    return kept


def warm_up() -> None:
    """Run the kernels once: seconds the first time, then from the disk cache."""
    place = np.zeros(1)
    are_on_the_map(place, place)
    nearest_within(0.0, 0.0, unit_vectors(place, place), 1.0, 1)
