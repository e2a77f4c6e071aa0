"""A grid of buckets over moving drivers: one step per move.

Buckets are doubly linked lists threaded through arrays, so a driver changes cells in constant time. Drivers
outside the box that the grid was laid for sit in its border cells: searches stay exact, and the grid is laid
anew when there are many of them.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from domain.drivers import DriverStatus
from domain.units import EARTH_RADIUS_M, FloatArray

NONE = -1
Frame = tuple[float, float, float, float, float, int, int]
Array = NDArray[Any]
_MAX_CELLS = 1 << 22
_MARGIN = 0.1
_DEGREE_M = math.radians(1.0) * EARTH_RADIUS_M
_OFFLINE = int(DriverStatus.OFFLINE)


class Grid:
    """Cells of 250-500 m (more where an area is vast) that hold rows of the driver table.

    `frame` is (south, west, reference longitude, 1/cell height, 1/cell width, rows, columns), degrees;
    longitudes are counted from the reference so that a market across the 180th meridian is one piece.
    """

    def __init__(self) -> None:
        self.cell: NDArray[np.int32] = np.empty(0, np.int32)
        self.next: NDArray[np.int32] = np.empty(0, np.int32)
        self.previous: NDArray[np.int32] = np.empty(0, np.int32)
        self.head: NDArray[np.int32] = np.full(1, NONE, np.int32)
        self.frame: Frame = (0.0, 0.0, 0.0, 1.0, 1.0, 1, 1)
        self._held = 0
        self._laid_for = 0
        self._strays = 0

    def reserve(self, rows: int) -> None:
        """Make room for `rows` rows."""
        missing = rows - len(self.cell)
        if missing > 0:
            filler = np.full(missing, NONE, np.int32)
            self.cell = np.concatenate([self.cell, filler])
            self.next = np.concatenate([self.next, filler])
            self.previous = np.concatenate([self.previous, filler])

    def move(
        self, drivers: Array, rows: NDArray[np.int32], lat: FloatArray, lon: FloatArray, at_s: float
    ) -> None:
        """Write positions seen at `at_s` and move drivers between cells; later positions known stay."""
        links = (self.cell, self.next, self.previous, self.head)
        self._strays += _move(drivers, rows, lat, lon, at_s, *links, self.frame)
        if self._strays > 64 + self._laid_for // 16:
            self.lay(drivers)

    def add(self, drivers: Array, rows: NDArray[np.int32]) -> None:
        """Put drivers who have signed on into their cells; lay the grid anew if they have multiplied."""
        links = (self.cell, self.next, self.previous, self.head)
        entered, strays = _place(drivers, rows, *links, self.frame)
        self._held += entered
        self._strays += strays
        if self._strays > 64 + self._laid_for // 16 or self._held > 2 * self._laid_for:
            self.lay(drivers)

    def remove(self, rows: NDArray[np.int32]) -> None:
        """Take drivers out; those not in it stay so."""
        self._held -= _remove(rows, self.cell, self.next, self.previous, self.head)

    def lay(self, drivers: Array) -> None:
        """Choose the box and the cells anew for the drivers in the grid."""
        rows = np.flatnonzero(self.cell != NONE).astype(np.int32)
        if len(rows):
            self.frame = _frame(drivers["lat"][rows], drivers["lon"][rows])
        self.head = np.full(self.frame[5] * self.frame[6], NONE, np.int32)
        self.cell[rows] = NONE
        _place(drivers, rows, self.cell, self.next, self.previous, self.head, self.frame)
        self._laid_for, self._strays = len(rows), 0


def _frame(lat: FloatArray, lon: FloatArray) -> Frame:
    """Return the frame of a box around positions, its cells sized to hold a few each."""
    reference = float(lon[0])
    x = (lon - reference + 180.0) % 360.0 - 180.0
    south, north, west, east = (float(v) for v in (lat.min(), lat.max(), x.min(), x.max()))
    metres_x = _DEGREE_M * max(math.cos(math.radians(0.5 * (south + north))), 0.05)
    height, width = (max(span, 0.01) * (1 + 2 * _MARGIN) for span in (north - south, east - west))
    area = height * _DEGREE_M * width * metres_x
    cell_m = min(max(math.sqrt(2.5 * area / len(lat)), 250.0), 500.0)
    cell_m = max(cell_m, math.sqrt(area / _MAX_CELLS))
    rows, columns = math.ceil(height * _DEGREE_M / cell_m), math.ceil(width * metres_x / cell_m)
    low = (south - height * _MARGIN, west - width * _MARGIN)
    return *low, reference, _DEGREE_M / cell_m, metres_x / cell_m, rows, columns


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _unlink(row: int, cell: Array, after: Array, before: Array, head: Array) -> None:
    if before[row] == NONE:
        head[cell[row]] = after[row]
    else:
        after[before[row]] = after[row]
    if after[row] != NONE:
        before[after[row]] = before[row]


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _cell_of(lat: float, lon: float, frame: Frame) -> tuple[int, int]:
    """Return the cell of a position, and 1 if it is outside the box."""
    south, west, reference, per_lat, per_lon, n_rows, n_columns = frame
    x = lon - reference
    if x >= 180.0:
        x -= 360.0
    elif x < -180.0:
        x += 360.0
    r = math.floor((lat - south) * per_lat)
    c = math.floor((x - west) * per_lon)
    r_in = min(max(r, 0), n_rows - 1)
    c_in = min(max(c, 0), n_columns - 1)
    return r_in * n_columns + c_in, int(r != r_in or c != c_in)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _enter(row: int, to: int, cell: Array, after: Array, before: Array, head: Array) -> None:
    """Put a row first into a cell, out of the one it is in."""
    if cell[row] != NONE:
        _unlink(row, cell, after, before, head)
    cell[row] = to
    before[row] = NONE
    after[row] = head[to]
    if head[to] != NONE:
        before[head[to]] = row
    head[to] = row


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _place(
    drivers: Array, rows: Array, cell: Array, after: Array, before: Array, head: Array, frame: Frame
) -> tuple[int, int]:
    """Put rows into their cells; return how many were in none, and how many went outside the box."""
    entered = strays = 0
    for row in rows:
        to, is_outside = _cell_of(drivers[row].lat, drivers[row].lon, frame)
        if cell[row] != to:
            entered += int(cell[row] == NONE)
            _enter(row, to, cell, after, before, head)
            strays += is_outside
    return entered, strays


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _move(
    drivers: Array,
    rows: Array,
    lat: Array,
    lon: Array,
    at_s: float,
    cell: Array,
    after: Array,
    before: Array,
    head: Array,
    frame: Frame,
) -> int:
    strays = 0
    for i in range(len(rows)):
        row = rows[i]
        driver = drivers[row]
        if driver.seen_at_s > at_s:
            continue
        driver.lat = lat[i]
        driver.lon = lon[i]
        driver.cos_lat = math.cos(math.radians(lat[i]))
        driver.seen_at_s = at_s
        if driver.status != _OFFLINE:
            to, is_outside = _cell_of(lat[i], lon[i], frame)
            if cell[row] != to:  # a call in numba passes all its arrays: only when it has work
                _enter(row, to, cell, after, before, head)
                strays += is_outside
    return strays


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _remove(rows: Array, cell: Array, after: Array, before: Array, head: Array) -> int:
    """Take rows out of their cells; return how many were in one."""
    left = 0
    for row in rows:
        if cell[row] != NONE:
            _unlink(row, cell, after, before, head)
            cell[row] = NONE
            left += 1
    return left
