"""Units and geometry shared by all rooms.

One unit per quantity, written in the name: seconds `_s`, metres `_m`, cents `_cents`, per hour `_per_h`.
Times are seconds on the clock port's axis, whose zero is a local midnight.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.integer[Any]]
FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86400.0
EARTH_RADIUS_M = 6_372_797.560856  # the sphere that Valkey's GEO commands use


def haversine_m(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> Any:
    """Great-circle distance in metres between points in degrees; scalars or broadcastable arrays."""
    lat1, lon1, lat2, lon2 = (np.radians(x) for x in (lat1, lon1, lat2, lon2))
    u = np.sin((lat2 - lat1) / 2.0)
    v = np.sin((lon2 - lon1) / 2.0)
    return 2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(u * u + np.cos(lat1) * np.cos(lat2) * v * v))


def clock_text(time_s: float) -> str:
    """Format seconds since midnight as ``HH:MM`` (hours beyond 24 keep counting)."""
    minutes = int(time_s // MINUTE_S)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
