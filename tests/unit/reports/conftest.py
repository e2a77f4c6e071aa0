from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from reports.comparison import Comparison, compare
from reports.run import Run, find_runs, open_run
from reports.testing import make_run_folder

STRATEGIES = ("batch", "nearest", "score")


@pytest.fixture(scope="session")
def compare_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three strategies times three seeds."""
    root = tmp_path_factory.mktemp("compare")
    for strategy in STRATEGIES:
        for seed in (1, 2, 3):
            make_run_folder(root / f"{strategy}-{seed}", strategy=strategy, seed=seed, orders=400, drivers=40)
    return root


@pytest.fixture(scope="session")
def comparison(compare_folder: Path) -> Comparison:
    return compare(find_runs(compare_folder))


@pytest.fixture
def empty_run(tmp_path: Path) -> Run:
    return open_run(make_run_folder(tmp_path / "empty", orders=0, drivers=0))


MakeRun = Callable[..., Run]


@pytest.fixture
def tiny(tmp_path: Path) -> MakeRun:
    """Return a maker of runs with hand-written columns: `tiny(orders={...}, drivers={...})`."""

    def make(**tables: dict[str, list[float]]) -> Run:
        rows = {name: len(next(iter(columns.values()))) for name, columns in tables.items()}
        folder = make_run_folder(
            tmp_path / "tiny", orders=rows.get("orders", 2), drivers=rows.get("drivers", 2)
        )
        for name, columns in tables.items():
            path = folder / f"{name}.parquet"
            frame = pd.read_parquet(path)
            if name in ("offers", "windows"):
                frame = pd.concat([frame] * rows[name], ignore_index=True).head(rows[name])
            frame.assign(**columns).to_parquet(path, index=False)
        return open_run(folder)

    return make
