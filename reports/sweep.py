"""A sweep: runs of strategies times varied keys times seeds, as one table with a row per run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import nan
from typing import TYPE_CHECKING, Any

from reports.metric import Metric
from reports.metrics import METRICS, measure
from reports.objectives import targets
from reports.run import Run
from reports.statistics import Estimate, estimate

if TYPE_CHECKING:
    import pandas as pd

Spot = tuple[tuple[str, str], ...]
"""Where on the grid: the varied keys that the strategy has, each with its value as written."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SweptRun:
    """A finished run of a sweep.

    `strategy` is as it was asked for, `varied` the value of each varied key that the run has, `sha256` the
    hash of all that decides it.
    """

    run: Run
    strategy: str
    varied: Mapping[str, str]
    sha256: str

    @property
    def spot(self) -> Spot:
        """Its place on the grid."""
        return tuple(self.varied.items())

    @cached_property
    def values(self) -> dict[str, float]:
        """Every metric by id, from its `slo.json`; NaN where there was nothing to measure."""
        return _saved(self.run) or measure(self.run)


@dataclass(eq=False, kw_only=True)
class Sweep:
    """Finished runs of a sweep, in the order of its grid.

    `asked` is what the sweep is, keys `ASKED_KEYS` of `reports.sweep_files`. `failed` are the errors of runs
    by name, `missing` the names of runs that an interrupt kept from being made; `skipped` counts those that
    an earlier sweep made.
    """

    runs: list[SweptRun]
    asked: dict[str, Any]
    failed: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    skipped: int = 0

    @property
    def varied(self) -> dict[str, tuple[str, ...]]:
        """The varied keys, and the values of each as written."""
        return dict(self.asked["varied"])

    @property
    def is_complete(self) -> bool:
        """Whether every run of the grid is there."""
        return not self.failed and not self.missing

    @property
    def first(self) -> Run:
        """Some run, for what all have in common."""
        return self.runs[0].run

    @cached_property
    def targets(self) -> dict[str, float]:
        """Targets by metric id; those that are varied themselves are left out."""
        found = targets(self.first.scenario, self.first.path / "run.json")
        return {name: target for name, target in found.items() if f"slo.{name}" not in self.varied}

    @cached_property
    def seeds(self) -> list[int]:
        """All seeds, ascending."""
        return sorted({each.run.seed for each in self.runs})

    @cached_property
    def spots(self) -> dict[str, list[Spot]]:
        """The places of each strategy, in the order of the grid."""
        found: dict[str, dict[Spot, None]] = {}
        for each in self.runs:
            found.setdefault(each.strategy, {})[each.spot] = None
        return {strategy: list(spots) for strategy, spots in found.items()}

    def estimate(self, strategy: str, spot: Spot, metric: Metric) -> Estimate:
        """Return a metric's mean over seeds at a place, with its interval."""
        values = [
            each.values[metric.id] for each in self.runs if (each.strategy, each.spot) == (strategy, spot)
        ]
        found = estimate(values)
        return found.clipped(0.0, 100.0) if metric.unit == "%" else found

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row per run: `run`, `strategy`, the varied keys, `seed`, `orders_sha256`, then every metric.

        Varied values are numbers where all values of a key are; empty where the strategy has no such key.
        """
        import pandas as pd

        rows = [
            {
                "run": each.run.path.name,
                "strategy": each.strategy,
                **{name: each.varied.get(name) for name in self.varied},
                "seed": each.run.seed,
                "orders_sha256": each.run.info["orders_sha256"],
                **each.values,
            }
            for each in self.runs
        ]
        table = pd.DataFrame(rows)
        for name, values in self.varied.items():
            if numbers(values) is not None:
                table[name] = pd.to_numeric(table[name])
        return table


def numbers(values: Sequence[str]) -> list[float] | None:
    """Return texts as numbers; None unless all are."""
    try:
        return [float(value) for value in values]
    except ValueError:
        return None


def _saved(run: Run) -> dict[str, float] | None:
    """Return the metrics that were measured when the run was made; None where they are not today's."""
    try:
        said: dict[str, Any] = json.loads((run.path / "slo.json").read_text("utf-8"))["metrics"]
        values = {name: row["value"] for name, row in said.items()}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if list(values) != list(METRICS):
        return None
    return {name: nan if value is None else float(value) for name, value in values.items()}
