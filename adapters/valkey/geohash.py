"""Positions as the server keeps them: 52-bit geohashes, in the scores of its sorted sets.

The bits of a latitude's and a longitude's cell number (26 each, see `adapters.quantise`) alternate, longitude
first. Their ten leading bits each name the grid cell that a geo set covers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.quantise import LAT_MAX, LON_MAX, cell_of, centre_of
from domain.units import FloatArray

GRID_STEPS = 10
"""Bits per axis of a grid cell: 0.35 x 0.17 degrees, 39 x 18 km at the equator, 26 x 18 km at 49 degrees."""

_BITS = 26
_HALF = 13
_LOW = (1 << _HALF) - 1
_SHIFT = _BITS - GRID_STEPS
_Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Places:
    """Positions [n]: geohash float64, grid cell int64; `lat`, `lon` degrees float64, as `quantise` rounds."""

    score: FloatArray
    cell: _Integers
    lat: FloatArray
    lon: FloatArray


def locate(lat: FloatArray, lon: FloatArray) -> Places:
    """Return how the server keeps positions, degrees [n].

    Raises:
        InvalidRequest: a position that the server refuses, see `adapters.quantise`.
    """
    row, column = cell_of(lat, LAT_MAX, "latitude"), cell_of(lon, LON_MAX, "longitude")
    score, cell = _hashed(row, column)
    return Places(score=score, cell=cell, lat=centre_of(row, LAT_MAX), lon=centre_of(column, LON_MAX))


def hashes(lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, _Integers]:
    """Return the geohashes and the grid cells of positions. Raises as `locate`."""
    return _hashed(cell_of(lat, LAT_MAX, "latitude"), cell_of(lon, LON_MAX, "longitude"))


def _hashed(row: _Integers, column: _Integers) -> tuple[FloatArray, _Integers]:
    high = _SPREAD[row >> _HALF] | (_SPREAD[column >> _HALF] << 1)
    low = _SPREAD[row & _LOW] | (_SPREAD[column & _LOW] << 1)
    cell = ((row >> _SHIFT) << GRID_STEPS) | (column >> _SHIFT)
    return ((high << _BITS) | low).astype(np.float64), cell


def _spread(numbers: _Integers) -> _Integers:
    """Put a zero before each of the low 16 bits."""
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        numbers = (numbers | (numbers << shift)) & mask
    return numbers


_SPREAD = _spread(np.arange(1 << _HALF, dtype=np.int64))
