"""Write a run folder, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import DataError
from domain.run_folder import FORMAT_VERSION, TABLES
from roads.city import City, RoadClass
from sim.recorder import Table

_MAP_CLASSES = frozenset({RoadClass.MOTORWAY, RoadClass.TRUNK, RoadClass.PRIMARY, RoadClass.SECONDARY})
_CHUNK_ROWS = 131_072


def write_run(
    folder: Path,
    tables: Mapping[str, Table],
    run: Mapping[str, Any],
    maps: list[dict[str, Any]],
    finish: Callable[[Path], object],
) -> None:
    """Write a run folder, replacing an earlier run there; `finish` may add files before it takes its place.

    The time that the tables take joins the stage "recording" of the run.

    Raises:
        DataError: `folder` holds something that is not a run, or cannot be written.
    """
    check_run_folder(folder)
    with _replaced(folder) as work:
        began_s = perf_counter()
        for name in TABLES:
            write_table(work / f"{name}.parquet", tables[name])
        _write_json(work / "map.json", {"markets": maps})
        stages_s = dict(run.get("stages_s", {}))
        stages_s["recording"] = stages_s.get("recording", 0.0) + perf_counter() - began_s
        _write_json(work / "run.json", {"format": FORMAT_VERSION, **run, "stages_s": stages_s})
        finish(work)


def check_run_folder(folder: Path) -> None:
    """Make sure, before a long run, that it may be written to `folder`.

    Raises:
        DataError: `folder` holds something that is not a run, or lies where nothing may be written.
    """
    if folder.exists() and not (folder / "run.json").exists():
        raise DataError(f"{folder}: exists and is not a run folder; nothing was written")
    parent = next(place for place in folder.absolute().parents if place.exists())
    if not (parent.is_dir() and os.access(parent, os.W_OK)):
        raise DataError(f"{folder}: cannot write there: {parent} is not a folder that may be written to")


def city_map(name: str, city: City) -> dict[str, Any]:
    """Return a city's main roads and restaurants for drawing; every road where it has few main ones."""
    main = np.isin(city.edge_class, list(_MAP_CLASSES))
    edges = np.flatnonzero(main if main.sum() > 200 else np.ones(city.edge_count, bool))
    edges = edges[(city.edge_from < city.edge_to)[edges] | ~_has_twin(city)[edges]]
    roads = []
    for e in edges:
        points = slice(city.geom_offsets[e], city.geom_offsets[e + 1])
        roads.append(
            {
                "class": int(city.edge_class[e]),
                "lat": np.round(city.geom_lat[points], 5).tolist(),
                "lon": np.round(city.geom_lon[points], 5).tolist(),
            }
        )
    attribution = str(city.provenance.get("attribution", ""))
    return {"name": name, "attribution": attribution, "roads": roads, "restaurants": _points(city)}


def plain_map(name: str) -> dict[str, Any]:
    """Return the map of a market without a road graph."""
    return {"name": name, "attribution": "", "roads": [], "restaurants": {"lat": [], "lon": []}}


def _points(city: City) -> dict[str, list[float]]:
    return {
        "lat": np.round(city.restaurant_lat, 5).tolist(),
        "lon": np.round(city.restaurant_lon, 5).tolist(),
    }


def _has_twin(city: City) -> np.ndarray:
    """Tell which edges have one the other way: drawn once is enough."""
    n = city.node_count
    there = city.edge_from.astype(np.int64) * n + city.edge_to
    back = city.edge_to.astype(np.int64) * n + city.edge_from
    return np.isin(there, back)


def write_table(path: Path, table: Table) -> None:
    """Write a table as a Parquet file; `object` columns are text."""
    columns = {
        name: pa.array(column, pa.string()) if column.dtype == object else pa.array(column)
        for name, column in table.items()
    }
    pq.write_table(pa.table(columns), path, row_group_size=_CHUNK_ROWS, compression="zstd")


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """Yield a work folder that takes the place of `folder` at the end, or vanishes if anything fails."""
    work = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    try:
        work.mkdir(parents=True)
        yield work
        if folder.exists():
            folder.rename(old)
        work.rename(folder)
    except OSError as error:
        raise DataError(f"{folder}: cannot write the run: {error.strerror or error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
