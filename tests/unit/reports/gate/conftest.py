from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.gate import Baseline, baseline_of
from reports.run import Run, open_run
from reports.testing import make_run_folder

MakeRuns = Callable[..., list[Run]]
SEEDS = (1, 2, 3)


@pytest.fixture
def make(tmp_path: Path) -> MakeRuns:
    """Return a maker of runs: `make("batch", seeds=(1, 2), repeats=2, units=...)`."""
    made = [0]

    def runs(
        strategy: str = "batch", seeds: tuple[int, ...] = SEEDS, repeats: int = 1, **wanted: Any
    ) -> list[Run]:
        found = []
        for seed in seeds * repeats:
            made[0] += 1
            folder = tmp_path / "runs" / str(made[0])
            asked = {"orders": 150, "drivers": 20, **wanted}
            found.append(open_run(make_run_folder(folder, strategy=strategy, seed=seed, **asked)))
        return found

    return runs


@pytest.fixture
def baseline(make: MakeRuns) -> Baseline:
    return baseline_of(make())
