"""Positions as Valkey's GEO commands keep them: a 52-bit geohash, decoded to the centres of its cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidRequest
from domain.units import FloatArray

LAT_MAX = 85.05112878
LON_MAX = 180.0
_CELLS = 1 << 26
_STEPS = float(_CELLS)


def quantise(lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return positions rounded to the centres of geohash cells (about 0.6 m at most), degrees float64 [n].

    Raises:
        InvalidRequest: a position outside latitude +-85.05112878 or longitude +-180, which GEOADD refuses.
    """
    rows, columns = cell_of(lat, LAT_MAX, "latitude"), cell_of(lon, LON_MAX, "longitude")
    return centre_of(rows, LAT_MAX), centre_of(columns, LON_MAX)


def cell_of(degrees: FloatArray, bound: float, name: str) -> NDArray[np.int64]:
    """Return the numbers of the cells of one axis, int64 [n], as geohashEncode counts them (src/geohash.c).

    What lies on the upper bound is put into the last cell: GEOADD would take it one beyond, where GEOSEARCH
    never looks.

    Raises:
        InvalidRequest: something outside +-`bound`; the message says of which axis by `name`.
    """
    degrees = np.asarray(degrees, np.float64)
    if not (np.abs(degrees) <= bound).all():
        raise InvalidRequest(f"a {name} is outside +-{bound}")
    return np.minimum(((degrees + bound) / (2.0 * bound) * _STEPS).astype(np.int64), _CELLS - 1)


def centre_of(cells: NDArray[np.int64], bound: float) -> FloatArray:
    """Return the centres of the cells of an axis, degrees float64 [n], as geohashDecodeAreaToLongLat does."""
    low = -bound + (cells / _STEPS) * (2.0 * bound)
    high = -bound + ((cells + 1.0) / _STEPS) * (2.0 * bound)
    centre: FloatArray = (low + high) / 2.0
    return centre
