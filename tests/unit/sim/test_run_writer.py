import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain.errors import DataError
from domain.run_folder import OFFER_COLUMNS, ORDER_COLUMNS, TABLES
from sim.recorder import Log, Recorder, blank_table, join_tables, table_sha256
from sim.run_writer import write_run


def tables(rows: int = 3) -> dict[str, dict[str, np.ndarray]]:
    return {name: blank_table(columns, rows) for name, columns in TABLES.items()}


def test_a_run_folder_holds_every_table_with_its_columns_and_types(tmp_path: Path) -> None:
    write_run(tmp_path / "run", tables(), {"seed": 1}, [], lambda _: None)
    for name, columns in TABLES.items():
        frame = pd.read_parquet(tmp_path / "run" / f"{name}.parquet")
        assert list(frame.columns) == list(columns)
        for column, spec in columns.items():
            assert spec.dtype == "str" or str(frame[column].dtype) == spec.dtype
    assert json.loads((tmp_path / "run" / "run.json").read_text())["seed"] == 1


def test_a_failed_write_leaves_the_earlier_run_and_no_crumbs(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write_run(folder, tables(), {"seed": 1}, [], lambda _: None)

    def fail(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match="cannot write the run: No space left on device"):
        write_run(folder, tables(), {"seed": 2}, [], fail)
    assert json.loads((folder / "run.json").read_text())["seed"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_the_same_run_again_replaces_the_first(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_run(tmp_path / "run", tables(), {"seed": seed}, [], lambda _: None)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["seed"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_that_is_no_run_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="not a run folder"):
        write_run(tmp_path, tables(), {}, [], lambda _: None)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_the_hash_sees_values_types_names_and_text_but_not_how_nan_is_written() -> None:
    table = blank_table(ORDER_COLUMNS, 4)
    same = {name: column.copy() for name, column in table.items()}
    same["ready_s"][1] = -np.float64("nan")
    assert table_sha256(table) == table_sha256(same)
    for column, value in (("ready_s", 0.0), ("reason", "late"), ("state", 3)):
        other = {name: values.copy() for name, values in table.items()}
        other[column][2] = value
        assert table_sha256(other) != table_sha256(table)
    renamed = {("x" if name == "state" else name): values for name, values in table.items()}
    assert table_sha256(renamed) != table_sha256(table)


def test_logs_grow_and_markets_join() -> None:
    log = Log(OFFER_COLUMNS, size=2)
    for k in range(9):
        log.append(*([k] * len(OFFER_COLUMNS)))
    log.set(3, pay_cents=77)
    assert log.table()["offer"].tolist() == list(range(9))
    assert log.table()["pay_cents"].tolist() == [0, 1, 2, 77, 4, 5, 6, 7, 8]
    joined = join_tables([Recorder(0, 2, 1).tables(), Recorder(1, 3, 0).tables()])
    assert joined["orders"]["market"].tolist() == [0, 0, 1, 1, 1]
    assert joined["drivers"]["market"].tolist() == [0]
