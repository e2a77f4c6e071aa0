"""A run, read lazily from its folder; the layout is `domain.run_folder`'s."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from domain.errors import DataError
from domain.run_folder import FORMAT_VERSION, RUN_KEYS, TABLES

if TYPE_CHECKING:
    import pandas as pd

Column = NDArray[np.float64]
_OPTIONAL_KEYS = {
    *("asked", "lost_demand", "setup_s", "stages_s", "markets", "stores", "incidents", "unanswered"),
    *("events", "pings", "peak_rss_bytes", "notes", "workers", "cpu_s", "calibration", "peak_rss_sum_bytes"),
}


@dataclass(eq=False)
class Run:
    """One run folder: `info` is its `run.json`; tables and columns are read when first asked for."""

    path: Path
    info: dict[str, Any]
    _columns: dict[tuple[str, str], Column] = field(default_factory=dict, repr=False)

    @property
    def strategy(self) -> str:
        """Id of the strategy."""
        return _identity(self.info["strategy"])

    @property
    def eta(self) -> str:
        """Id of the ETA model."""
        return _identity(self.info["eta"])

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.info["seed"])

    @property
    def is_complete(self) -> bool:
        """False where the run was interrupted: its tables end early."""
        return bool(self.info["complete"])

    @property
    def scenario(self) -> dict[str, Any]:
        """The whole scenario, every default filled in."""
        return dict(self.info["scenario"])

    @cached_property
    def orders(self) -> pd.DataFrame:
        """The orders table, `ORDER_COLUMNS`."""
        return self.table("orders")

    @cached_property
    def offers(self) -> pd.DataFrame:
        """The offers table, `OFFER_COLUMNS`."""
        return self.table("offers")

    @cached_property
    def drivers(self) -> pd.DataFrame:
        """The drivers table, `DRIVER_COLUMNS`."""
        return self.table("drivers")

    @cached_property
    def windows(self) -> pd.DataFrame:
        """The dispatch decisions, `WINDOW_COLUMNS`."""
        return self.table("windows")

    @cached_property
    def series(self) -> pd.DataFrame:
        """The minutes, `SERIES_COLUMNS`."""
        return self.table("series")

    @cached_property
    def map(self) -> dict[str, Any]:
        """Roads and restaurants per market; no markets where the folder has no `map.json`."""
        path = self.path / "map.json"
        return _read_json(path) if path.is_file() else {"markets": []}

    def table(self, name: str) -> pd.DataFrame:
        """Return a whole table.

        Raises:
            DataError: the file is missing or damaged.
        """
        frame: pd.DataFrame = _read_table(self.path / f"{name}.parquet", None).to_pandas()
        return frame

    def column(self, table: str, name: str) -> Column:
        """Return one column as float64 [rows], not to be modified; kept until `forget`.

        Raises:
            DataError: the file is missing or damaged.
        """
        key = table, name
        if key not in self._columns:
            read = _read_table(self.path / f"{table}.parquet", [name])
            self._columns[key] = np.asarray(read.column(name).to_numpy(), dtype=np.float64)
        return self._columns[key]

    def forget(self) -> None:
        """Free the columns read so far; they are read again when asked for."""
        self._columns.clear()


def open_run(path: str | Path) -> Run:
    """Open a run folder; its columns are checked now, its rows are read later.

    Raises:
        DataError: the folder is missing, half-written or of another version; the message names the file.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such run folder")
    if not (folder / "run.json").is_file():
        raise DataError(
            f"{folder / 'run.json'}: missing, so this is not a run folder or its run did not finish"
        )
    info = _read_json(folder / "run.json")
    _check_info(folder / "run.json", info)
    for table in TABLES:
        _check_table(folder / f"{table}.parquet", table)
    return Run(folder, info)


def find_runs(path: str | Path) -> list[Run]:
    """Open a run folder, or all run folders one or two levels below a compare folder, in order of name.

    Hidden folders are skipped: a run being written is one.

    Raises:
        DataError: there is no run, or one of the folders holds a half-written one.
    """
    root = Path(path)
    if (root / "run.json").is_file():
        return [open_run(root)]
    if not root.is_dir():
        raise DataError(f"{root}: no such run folder or folder of run folders")
    marks = [*root.glob("*/orders.parquet"), *root.glob("*/*/orders.parquet")]
    marks += [*root.glob("*/run.json"), *root.glob("*/*/run.json")]
    folders = {mark.parent for mark in marks if not _is_hidden(mark.parent, root)}
    if not folders:
        return [open_run(root)]
    return [open_run(folder) for folder in sorted(folders)]


def _is_hidden(folder: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in folder.relative_to(root).parts)


def _identity(value: object) -> str:
    return str(value["id"]) if isinstance(value, dict) else str(value)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not readable as JSON ({error})") from None
    if not isinstance(value, dict):
        raise DataError(f"{path}: should hold a JSON object")
    return value


def _check_info(path: Path, info: dict[str, Any]) -> None:
    version = info.get("format")
    if version != FORMAT_VERSION:
        raise DataError(f"{path}: format {version!r}, but this version reads format {FORMAT_VERSION}")
    for key in RUN_KEYS.keys() - _OPTIONAL_KEYS:
        if key not in info:
            raise DataError(f"{path}: key {key!r} is missing")


def _check_table(path: Path, table: str) -> None:
    if not path.is_file():
        raise DataError(f"{path}: missing, the run folder is incomplete")
    try:
        names = pq.read_schema(path).names
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: not readable as Parquet ({_first_line(error)})") from None
    for column in TABLES[table]:
        if column not in names:
            raise DataError(f"{path}: column {column!r} is missing")


def _read_table(path: Path, columns: list[str] | None) -> Any:
    try:
        return pq.read_table(path, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: not readable as Parquet ({_first_line(error)})") from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
