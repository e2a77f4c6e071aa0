"""The tables of one market as files: how a process hands them to the one that joins the markets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

from domain.run_folder import TABLES
from sim.recorder import Table
from sim.run_writer import write_table


def save_tables(folder: Path, tables: Mapping[str, Table]) -> None:
    """Write every table of a market into a new folder."""
    folder.mkdir()
    for name in TABLES:
        write_table(folder / f"{name}.parquet", tables[name])


def load_tables(folder: Path) -> dict[str, Table]:
    """Return what `save_tables` wrote: the same columns, types and values."""
    return {name: _load(folder / f"{name}.parquet") for name in TABLES}


def _load(path: Path) -> Table:
    read = pq.read_table(path)
    return {name: read.column(name).to_numpy() for name in read.column_names}
