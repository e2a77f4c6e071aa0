"""The tables of a growing fleet: one record per driver, and a row of planned stops beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.drivers import Plan

Table = NDArray[Any]

DRIVER = np.dtype(
    [
        ("lat", np.float64),
        ("lon", np.float64),
        ("cos_lat", np.float64),
        ("seen_at_s", np.float64),
        ("id", np.int64),
        ("load", np.int16),
        ("capacity", np.int16),
        ("status", np.int8),
        ("vehicle", np.int8),
        ("deliveries", np.int32),
        ("goal_deliveries", np.int32),
        ("rating", np.float64),
        ("shift_end_s", np.float64),
    ],
    align=True,
)
"""What the index keeps of a driver. What a search reads comes first, within one cache line."""

STOP = np.dtype(
    [("order_id", np.int64), ("lat", np.float64), ("lon", np.float64), ("kind", np.int8)], align=True
)
_INITIAL = 64
_WIDTH = 8


def grown(table: Table, shape: tuple[int, ...]) -> Table:
    """Return a copy of a table in a larger shape, zeros beyond."""
    larger: Table = np.zeros(shape, table.dtype)
    larger[tuple(slice(0, n) for n in table.shape)] = table
    return larger


class DriverTable:
    """`drivers` [rows] of DRIVER, `stops` [rows, width] of STOP, `stop_count` [rows]; room doubles."""

    def __init__(self) -> None:
        self.drivers: Table = np.zeros(_INITIAL, DRIVER)
        self.stops: Table = np.zeros((_INITIAL, _WIDTH), STOP)
        self.stop_count: NDArray[np.int32] = np.zeros(_INITIAL, np.int32)

    @property
    def rows(self) -> int:
        """Number of rows there is room for."""
        return len(self.drivers)

    def reserve(self, rows: int) -> None:
        """Make room for at least `rows` rows."""
        if rows > self.rows:
            size = self.rows
            while size < rows:
                size *= 2
            self.drivers = grown(self.drivers, (size,))
            self.stops = grown(self.stops, (size, self.stops.shape[1]))
            self.stop_count = grown(self.stop_count, (size,))

    def write_plan(self, row: int, plan: Plan) -> None:
        """Replace the planned stops of a row."""
        count, width = len(plan), self.stops.shape[1]
        if count > width:
            while width < count:
                width *= 2
            self.stops = grown(self.stops, (self.rows, width))
        self.stop_count[row] = count
        if count:
            self.stops[row, :count] = [(stop.order_id, stop.lat, stop.lon, stop.kind) for stop in plan]

    def plans(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int64], Table]:
        """Return the planned stops of rows as CSR: offsets int64 [n+1] and STOP records."""
        if len(rows) == 1:
            count = int(self.stop_count[rows[0]])
            return np.array([0, count], np.int64), self.stops[rows[0], :count].copy()
        counts = self.stop_count[rows]
        offsets = np.zeros(len(rows) + 1, np.int64)
        counts.cumsum(out=offsets[1:])
        if not offsets[-1]:
            return offsets, self.stops[0, :0]
        busy = counts > 0
        planned = np.arange(self.stops.shape[1]) < counts[busy, None]
        return offsets, self.stops[rows[busy]][planned]
