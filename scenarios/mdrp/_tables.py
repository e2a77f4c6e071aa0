"""Small text tables: every refusal names the file, the line, the column and what would be valid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from domain.errors import DataError, did_you_mean
from domain.units import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class Table:
    """Named columns of text cells, and the line of the file that each row stands on."""

    path: Path
    columns: dict[str, list[str]]
    lines: list[int]


def read_rows(path: Path, *, separator: str | None = "\t") -> list[tuple[int, list[str]]]:
    """Return line number and stripped cells of every line that is not blank; None separates at any blanks.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not text in UTF-8") from None
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    return [(number, [cell.strip() for cell in line.split(separator)]) for number, line in lines]


def read_table(path: Path, columns: Sequence[str], *, separator: str | None = "\t") -> Table:
    """Read the named columns of a table whose first line is its header.

    Raises: DataError: unreadable, empty, a column is missing, or a row has another number of cells than the
    header.
    """
    rows = read_rows(path, separator=separator)
    if not rows:
        raise DataError(f"{path}: empty; expected the columns {', '.join(columns)}")
    header = rows[0][1]
    for column in columns:
        if column not in header:
            raise DataError(f"{path}: no column {column!r}{did_you_mean(column, header)}")
    for number, cells in rows[1:]:
        if len(cells) != len(header):
            raise DataError(f"{path}:{number}: {len(cells)} cells, but the header has {len(header)}")
    body = {column: [cells[header.index(column)] for _, cells in rows[1:]] for column in columns}
    return Table(path=path, columns=body, lines=[number for number, _ in rows[1:]])


def refusal(path: Path, line: int, column: str, text: str, expected: str) -> DataError:
    """Return the error that says: this cell is not what its column holds."""
    return DataError(f"{path}:{line}: {column} {text!r} is not {expected}")


def whole_number(path: Path, line: int, column: str, text: str, bounds: tuple[int, int]) -> int:
    """Return a cell as a whole number (``45`` or ``45.0``) within the bounds, both included.

    Raises:
        DataError: it is none.
    """
    value = _float(text)
    if not value.is_integer() or not bounds[0] <= value <= bounds[1]:
        raise refusal(path, line, column, text, f"a whole number from {bounds[0]} to {bounds[1]}")
    return int(value)


def whole(table: Table, column: str, bounds: tuple[int, int]) -> IntArray:
    """Return a column of whole numbers as int64.

    Raises:
        DataError: a cell is not a whole number within the bounds, both included.
    """
    cells = zip(table.lines, table.columns[column], strict=True)
    return np.array([whole_number(table.path, n, column, text, bounds) for n, text in cells], np.int64)


def amounts(table: Table, column: str, high: float) -> FloatArray:
    """Return a column of numbers from 0 to `high` as float64.

    Raises:
        DataError: a cell is not such a number.
    """
    values = np.array([_float(text) for text in table.columns[column]], np.float64)
    is_bad = ~((values >= 0.0) & (values <= high))
    if is_bad.any():
        row = int(np.argmax(is_bad))
        text = table.columns[column][row]
        raise refusal(table.path, table.lines[row], column, text, f"a number from 0 to {high:g}")
    return values


def ids(table: Table, column: str) -> tuple[str, ...]:
    """Return a column of names, each of which stands in it once.

    Raises:
        DataError: a cell is empty or repeats another.
    """
    seen: dict[str, int] = {}
    for line, text in zip(table.lines, table.columns[column], strict=True):
        if not text:
            raise refusal(table.path, line, column, text, "a name")
        if text in seen:
            raise DataError(f"{table.path}:{line}: {column} {text!r} stands already on line {seen[text]}")
        seen[text] = line
    return tuple(seen)


def index_of(path: Path, line: int, column: str, name: str, known: Mapping[str, int]) -> int:
    """Return the index of a name.

    Raises:
        DataError: the name is not known.
    """
    if name not in known:
        raise DataError(f"{path}:{line}: no {column} {name!r} in the instance")
    return known[name]


def _float(text: str) -> float:
    """Return the number, NaN if the text is none."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
