"""Compiles the kernels of this room, so that nothing compiles within a request."""

from __future__ import annotations

import numpy as np

from services.layout import nearest_allowed, order_columns, planned_stops, ranked
from services.order_book import ROW
from services.positions import warm_up as warm_up_positions


def warm_up() -> None:
    """Run every kernel once: seconds the first time, then from the disk cache."""
    ids, offsets = np.array([1, 2], np.int64), np.array([0, 0, 1], np.int64)
    _, place = ranked(ids)
    live = planned_stops(ids, offsets, np.zeros(1, np.int8), place[:1], ids, 0)[0]
    order_columns(np.zeros(2, ROW), np.zeros(2, ROW), live, 0.0)
    nearest_allowed(offsets, ids, np.zeros(2), offsets, ids, 1)
    warm_up_positions()
