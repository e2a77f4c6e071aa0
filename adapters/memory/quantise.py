"""Positions as Valkey's GEO commands keep them: a 52-bit geohash, decoded to the centres of its cells."""

from __future__ import annotations

import numpy as np

from domain.errors import InvalidRequest
from domain.units import FloatArray

LAT_MAX = 85.05112878
LON_MAX = 180.0
_STEPS = float(1 << 26)


def quantise(lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return positions rounded to the centres of geohash cells (about 0.6 m at most), degrees float64 [n].

    Raises:
        InvalidRequest: a position outside latitude +-85.05112878 or longitude +-180, which GEOADD refuses.
    """
    return _axis(lat, LAT_MAX, "latitude"), _axis(lon, LON_MAX, "longitude")


def _axis(degrees: FloatArray, bound: float, name: str) -> FloatArray:
    """Encode as geohashEncode does, decode as geohashDecodeAreaToLongLat does (Valkey, src/geohash.c)."""
    degrees = np.asarray(degrees, np.float64)
    if not (np.abs(degrees) <= bound).all():
        raise InvalidRequest(f"a {name} is outside +-{bound}")
    cell = np.floor((degrees + bound) / (2.0 * bound) * _STEPS)
    low = -bound + (cell / _STEPS) * (2.0 * bound)
    high = -bound + ((cell + 1.0) / _STEPS) * (2.0 * bound)
    centre: FloatArray = np.clip((low + high) / 2.0, -bound, bound)
    return centre
