"""The tables of a growing fleet: one record per driver, and a row of planned stops beside it."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from domain.drivers import DriverStatus, Plan

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
_pack_stop = Struct("@qddb7x").pack_into  # a STOP with its padding
_OFFLINE = int(DriverStatus.OFFLINE)
_INITIAL = 64
_WIDTH = 8


def grown(table: Table, shape: tuple[int, ...]) -> Table:
    """Return a copy of a table in a larger shape, zeros beyond."""
    larger: Table = np.zeros(shape, table.dtype)
    larger[tuple(slice(0, n) for n in table.shape)] = table
    return larger


class DriverTable:
    """`drivers` [rows] of DRIVER, `stops` [rows, width] of STOP, `stop_count` [rows]; room doubles.

    `status`, `load`, `deliveries` and `rating` are the drivers' columns to read and write value by value.
    """

    def __init__(self) -> None:
        self.drivers: Table = np.zeros(_INITIAL, DRIVER)
        self.stops: Table = np.zeros((_INITIAL, _WIDTH), STOP)
        self.stop_count: NDArray[np.int32] = np.zeros(_INITIAL, np.int32)
        self._open_cells()

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
            self._open_cells()

    def write_plan(self, row: int, plan: Plan) -> None:
        """Replace the planned stops of a row."""
        count, width = len(plan), self.stops.shape[1]
        if count > width:
            while width < count:
                width *= 2
            self.stops = grown(self.stops, (self.rows, width))
            self._open_cells()
        self._stop_counts[row] = count
        at = row * width * STOP.itemsize
        for stop in plan:
            _pack_stop(self._stop_bytes, at, stop.order_id, stop.lat, stop.lon, stop.kind)
            at += STOP.itemsize

    def set_status(self, rows: Iterable[int], status: int, expected: int | None) -> list[int]:
        """Set the status of rows, of those who have the `expected` one unless that is None.

        Return the rows that went offline or came back from it.
        """
        cells, turned = self.status, []
        for row in rows:
            before = cells[row]
            if expected is None or before == expected:
                cells[row] = status
                if (before == _OFFLINE) != (status == _OFFLINE):
                    turned.append(row)
        return turned

    def read(self, rows: NDArray[np.int32]) -> tuple[Table, NDArray[np.int64], Table]:
        """Return rows as DRIVER records [n], and their planned stops as CSR: offsets [n+1], STOP records."""
        known, offsets = np.empty(len(rows), DRIVER), np.empty(len(rows) + 1, np.int64)
        count = _read(rows, self.drivers, self.stop_count, known, offsets)
        stops = np.empty(count, STOP)
        if count:
            _read_stops(rows, self.stops, offsets, stops)
        return known, offsets, stops

    def _open_cells(self) -> None:
        """Look at the tables through memoryviews: a value costs a third of what it does by way of numpy."""
        cells: dict[str, Any] = {
            name: self.drivers[name].data for name in ("status", "load", "deliveries", "rating")
        }
        self.status, self.load = cells["status"], cells["load"]
        self.deliveries, self.rating = cells["deliveries"], cells["rating"]
        self._stop_counts = self.stop_count.data
        self._stop_bytes = self.stops.view(np.uint8).reshape(-1).data


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _read(
    rows: NDArray[np.int32],
    drivers: Table,
    counts: NDArray[np.int32],
    known: Table,
    offsets: NDArray[np.int64],
) -> int:
    """Copy rows to `known`, fill the offsets of their stops, return how many stops there are."""
    offsets[0] = 0
    for i in range(len(rows)):
        known[i] = drivers[rows[i]]
        offsets[i + 1] = offsets[i] + counts[rows[i]]
    return int(offsets[-1])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _read_stops(rows: NDArray[np.int32], stops: Table, offsets: NDArray[np.int64], out: Table) -> None:
    """Copy the stops of rows one after the other."""
    for i in range(len(rows)):
        for at in range(offsets[i], offsets[i + 1]):
            out[at] = stops[rows[i], at - offsets[i]]
