"""Reading the text columns of a CSV file: every refusal names the file, the line and what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from domain.errors import DataError, did_you_mean
from domain.units import BoolArray, FloatArray


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV file as stripped text; empty cells stay empty.

    Raises:
        DataError: unreadable, empty, ragged, or without one of the columns.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, skip_blank_lines=False)
    except pd.errors.EmptyDataError:
        raise DataError(f"{path}: empty; expected the columns {', '.join(columns)}") from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise DataError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
    for column in columns:
        if column not in table.columns:
            raise DataError(f"{path}: no column {column!r}{did_you_mean(column, list(table.columns))}")
    return pd.DataFrame({column: table[column].str.strip() for column in columns})


def numbers(path: Path, table: pd.DataFrame, column: str, low: float, high: float) -> FloatArray:
    """Return a column as float64, NaN where empty.

    Raises:
        DataError: a cell is not a number from `low` to `high`.
    """
    texts = table[column]
    values = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
    is_bad = (texts != "").to_numpy() & ~((values >= low) & (values <= high))
    _refuse(path, texts, is_bad, f"a number from {low:g} to {high:g}")
    return values


def clock_seconds(path: Path, table: pd.DataFrame, column: str) -> FloatArray:
    """Return a column of 24-hour HH:MM:SS as float64 seconds since midnight, NaN where empty.

    Raises:
        DataError: a cell is not such a time.
    """
    texts = table[column]
    parts = texts.str.extract(r"^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)$").astype(np.float64)
    values = parts[0] * 3600.0 + parts[1] * 60.0 + parts[2]
    _refuse(path, texts, ((texts != "") & values.isna()).to_numpy(), "a 24-hour time HH:MM:SS")
    return values.to_numpy(np.float64)


def _refuse(path: Path, texts: pd.Series[str], is_bad: BoolArray, expected: str) -> None:
    if is_bad.any():
        row = int(np.argmax(is_bad))
        raise DataError(f"{path}:{row + 2}: {texts.name} {texts.iloc[row]!r} is not {expected}")
