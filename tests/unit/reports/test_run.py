from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from domain.errors import DataError
from domain.run_folder import RUN_KEYS, TABLES
from reports.run import find_runs, open_run
from reports.testing import make_run_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_run_folder(tmp_path / "run", orders=20, drivers=4)


def _edit(folder: Path, **changes: Any) -> None:
    path = folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        open_run(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_synthetic_folder_has_the_whole_layout(folder: Path) -> None:
    run = open_run(folder)
    assert run.info.keys() == RUN_KEYS.keys()
    for name, columns in TABLES.items():
        frame = run.table(name)
        assert list(frame.columns) == list(columns)
        for column, about in columns.items():
            assert about.dtype == "str" or str(frame[column].dtype) == about.dtype


def test_tables_and_columns_agree(folder: Path) -> None:
    run = open_run(folder)
    assert len(run.orders) == 20
    assert run.column("orders", "placed_s").tolist() == run.orders["placed_s"].tolist()
    assert len(run.drivers) == 4
    assert {len(run.offers), len(run.windows), len(run.series)}.isdisjoint({0})
    assert run.map["markets"][0]["name"] == "riverton"


def test_a_missing_folder(tmp_path: Path) -> None:
    assert "nowhere: no such run folder" in _refusal(tmp_path / "nowhere")


def test_a_half_written_folder(folder: Path) -> None:
    (folder / "run.json").unlink()
    assert "run.json: missing" in _refusal(folder)
    with pytest.raises(DataError, match=r"run\.json: missing"):
        find_runs(folder.parent)


def test_a_missing_table(folder: Path) -> None:
    (folder / "offers.parquet").unlink()
    assert "offers.parquet: missing" in _refusal(folder)


def test_a_damaged_table(folder: Path) -> None:
    (folder / "orders.parquet").write_bytes(b"PAR1 no more")
    assert "orders.parquet: not readable" in _refusal(folder)


def test_a_table_without_a_column(folder: Path) -> None:
    path = folder / "drivers.parquet"
    pd.read_parquet(path).drop(columns="busy_s").to_parquet(path)
    assert "drivers.parquet: column 'busy_s' is missing" in _refusal(folder)


def test_another_version(folder: Path) -> None:
    _edit(folder, format=99)
    assert "run.json: format 99" in _refusal(folder)


def test_damaged_json(folder: Path) -> None:
    (folder / "run.json").write_text('{"format": 1,')
    assert "run.json: not readable as JSON" in _refusal(folder)


def test_a_missing_key(folder: Path) -> None:
    path = folder / "run.json"
    info = json.loads(path.read_text())
    del info["seed"]
    path.write_text(json.dumps(info))
    assert "key 'seed' is missing" in _refusal(folder)


def test_find_runs_takes_a_run_or_a_folder_of_runs(compare_folder: Path) -> None:
    assert len(find_runs(compare_folder / "batch-1")) == 1
    found = find_runs(compare_folder)
    assert [run.path.name for run in found] == sorted(run.path.name for run in found)
    assert len(found) == 9


def test_find_runs_skips_runs_being_written(folder: Path) -> None:
    shutil.copytree(folder, folder.parent / ".run.part")
    (folder.parent / ".run.part" / "run.json").unlink()
    assert [run.path for run in find_runs(folder.parent)] == [folder]


def test_a_folder_without_runs(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"run\.json: missing"):
        find_runs(tmp_path)


def test_a_run_without_a_map(folder: Path) -> None:
    (folder / "map.json").unlink()
    assert open_run(folder).map == {"markets": []}


def test_what_the_world_draws_depends_on_the_seed_only(tmp_path: Path) -> None:
    runs = [
        open_run(make_run_folder(tmp_path / name, strategy=name, seed=4)) for name in ("batch", "nearest")
    ]
    for name in ("orders", "drivers"):
        drawn = [column for column, about in TABLES[name].items() if about.drawn]
        pd.testing.assert_frame_equal(runs[0].table(name)[drawn], runs[1].table(name)[drawn])
