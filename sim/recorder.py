"""The run recorder: appends to preallocated columns, one table per kind of row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.run_folder import (
    DRIVER_COLUMNS,
    OFFER_COLUMNS,
    ORDER_COLUMNS,
    SERIES_COLUMNS,
    WINDOW_COLUMNS,
    Column,
)

Table = dict[str, NDArray[Any]]
Cells = dict[str, Any]
"""A table's columns, to read and write value by value."""


class Log:
    """Rows appended one at a time to columns that double when full."""

    def __init__(self, columns: Mapping[str, Column], size: int = 1024) -> None:
        self._columns = {name: np.empty(size, _dtype(column)) for name, column in columns.items()}
        self._names = tuple(columns)
        self._rows = 0

    def append(self, *values: Any) -> int:
        """Add a row, values in column order; return its number."""
        row = self._rows
        if row == len(self._columns[self._names[0]]):
            self._columns = {name: np.concatenate([c, np.empty_like(c)]) for name, c in self._columns.items()}
        for name, value in zip(self._names, values, strict=True):
            self._columns[name][row] = value
        self._rows = row + 1
        return row

    def set(self, row: int, **values: Any) -> None:
        """Change fields of a row."""
        for name, value in values.items():
            self._columns[name][row] = value

    def table(self) -> Table:
        """Return the columns, as long as there are rows."""
        return {name: column[: self._rows] for name, column in self._columns.items()}


def blank_table(columns: Mapping[str, Column], rows: int) -> Table:
    """Return columns of `rows` rows that say "did not happen": NaN, -1, 0 for counts, empty text."""
    table: Table = {}
    for name, column in columns.items():
        dtype = _dtype(column)
        if dtype.kind == "O":
            table[name] = np.full(rows, "", dtype)
        elif dtype.kind == "f":
            table[name] = np.full(rows, np.nan, dtype)
        else:
            table[name] = np.full(rows, -1 if name in _ABSENT_IS_MINUS_ONE else 0, dtype)
    return table


def cells(table: Table) -> Cells:
    """Return views of a table's columns that give and take single values as Python's own numbers.

    An element of a memoryview costs half of an array's, and does not know numpy's slow comparison with enums.
    Text stays as it is.
    """
    return {name: one if one.dtype.kind == "O" else one.data for name, one in table.items()}


_ABSENT_IS_MINUS_ONE = frozenset({"state", "driver_id", "vehicle"})
_SUMS = (
    "online_s",
    "busy_s",
    "driving_s",
    "waiting_s",
    "break_s",
    "distance_m",
    "idle_distance_m",
)


class Recorder:
    """All tables of one market's run. Orders and drivers are written by row number, the rest appended.

    `order_cells` and `driver_cells` are for single values of the two.
    """

    def __init__(self, market: int, orders: int, drivers: int) -> None:
        self.market = market
        self.orders = blank_table(ORDER_COLUMNS, orders)
        self.drivers = blank_table(DRIVER_COLUMNS, drivers)
        for name in _SUMS:
            self.drivers[name][:] = 0
        self.orders["market"][:] = market
        self.drivers["market"][:] = market
        self.order_cells, self.driver_cells = cells(self.orders), cells(self.drivers)
        self.offers = Log(OFFER_COLUMNS)
        self.windows = Log(WINDOW_COLUMNS)
        self.series = Log(SERIES_COLUMNS)

    def end_early(self, orders: int) -> None:
        """Keep the first `orders` orders only: the run was interrupted before the others came."""
        self.orders = {name: column[:orders] for name, column in self.orders.items()}

    def tables(self) -> dict[str, Table]:
        """Return every table by name."""
        return {
            "orders": self.orders,
            "offers": self.offers.table(),
            "drivers": self.drivers,
            "windows": self.windows.table(),
            "series": self.series.table(),
        }


def join_tables(parts: Iterable[dict[str, Table]]) -> dict[str, Table]:
    """Return the tables of several markets, one below the other."""
    all_parts = list(parts)
    return {
        name: {
            column: np.concatenate([part[name][column] for part in all_parts])
            for column in all_parts[0][name]
        }
        for name in all_parts[0]
    }


def table_sha256(table: Table) -> str:
    """Return a hash of a table's names, types and values (text as UTF-8, NaN as one bit pattern)."""
    digest = hashlib.sha256()
    for name, column in table.items():
        digest.update(f"{name}:{column.dtype.str}:{len(column)};".encode())
        if column.dtype.kind == "O":
            digest.update("\x1f".join(column).encode())
        elif column.dtype.kind == "f":
            digest.update(np.where(np.isnan(column), np.nan, column).tobytes())
        else:
            digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _dtype(column: Column) -> np.dtype[Any]:
    return np.dtype(object) if column.dtype == "str" else np.dtype(column.dtype)
