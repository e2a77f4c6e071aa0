"""Strategies side by side over the same seeds of one scenario."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan

import numpy as np

from domain.errors import DataError
from reports.metric import Metric
from reports.metrics import METRICS, get_metric, measure
from reports.objectives import targets
from reports.regret import REGRET
from reports.run import Run
from reports.statistics import Estimate, Method, Paired, Winner, estimate, paired, winner
from reports.variant import variant_key, variant_labels, world_hash


@dataclass(eq=False)
class Comparison:
    """Runs by label (strategy, and what else tells variants apart) and seed; made by `compare`.

    Interrupted runs are kept apart in `interrupted`: their numbers are not those of a whole day.
    """

    runs: dict[str, dict[int, Run]]
    values: dict[str, dict[int, dict[str, float]]]
    interrupted: list[Run]
    method: Method = "t"
    baseline_label: str | None = None

    @property
    def labels(self) -> list[str]:
        """The variants, in order of appearance."""
        return list(self.runs)

    @cached_property
    def seeds(self) -> list[int]:
        """All seeds, ascending."""
        return sorted({seed for by_seed in self.runs.values() for seed in by_seed})

    @property
    def first(self) -> Run:
        """Some run, for what all have in common."""
        return next(iter(next(iter(self.runs.values())).values()))

    @cached_property
    def targets(self) -> dict[str, float]:
        """The scenario's objectives: target by metric id."""
        return targets(self.first.scenario, self.first.path / "run.json")

    @cached_property
    def headlines(self) -> list[str]:
        """The ids of the metrics that lead tables: the objectives, then regret where it is known."""
        is_known = REGRET not in self.targets and has_values(self, [REGRET])
        return [*self.targets, *([REGRET] if is_known else [])]

    @property
    def all_runs(self) -> list[Run]:
        """Every run compared, by variant and seed."""
        return [run for by_seed in self.runs.values() for run in by_seed.values()]

    def by_seed(self, label: str, metric: Metric) -> dict[int, float]:
        """Return a metric's value per seed."""
        return {seed: row[metric.id] for seed, row in self.values[label].items()}

    def estimate(self, label: str, metric: Metric) -> Estimate:
        """Return a metric's mean over seeds with its interval."""
        found = estimate(list(self.by_seed(label, metric).values()), method=self.method)
        return found.clipped(0.0, 100.0) if metric.unit == "%" else found

    def passes(self, label: str, metric: Metric) -> bool | None:
        """Return whether the mean meets the metric's target; None without target or value."""
        return metric.meets(self.estimate(label, metric).mean, self.targets.get(metric.id))

    def is_close_call(self, label: str, metric: Metric) -> bool:
        """Return whether the interval of the mean covers the target: more seeds may turn the verdict."""
        found, target = self.estimate(label, metric), self.targets.get(metric.id)
        return target is not None and found.has_interval and found.low < target < found.high

    def passed(self, label: str) -> list[str]:
        """Return the ids of the objectives met."""
        return [name for name in self.targets if self.passes(label, METRICS[name])]

    def difference(self, reference: str, other: str, metric: Metric) -> Paired:
        """Return `other - reference` over common seeds (of magnitudes, where nearer to zero is better)."""
        return paired(self._judged(reference, metric), self._judged(other, metric), method=self.method)

    def winner(self, metric: Metric) -> Winner | None:
        """Return who is best; None where nothing was measured, no direction is better, or it is wall time."""
        if metric.direction == "none" or metric.wall:
            return None
        losses = {
            label: {seed: metric.loss(value) for seed, value in self.by_seed(label, metric).items()}
            for label in self.labels
        }
        return winner(losses, method=self.method)

    def won(self, label: str) -> list[str]:
        """Return the ids of the objectives on which a variant's lead is established."""
        found = {name: self.winner(METRICS[name]) for name in self.targets}
        return [
            name for name, each in found.items() if each and each.is_established and each.names[0] == label
        ]

    @cached_property
    def leader(self) -> str:
        """The variant that meets most objectives; then the one that wins or, failing that, leads on most."""
        first = [found.names[0] for name in self.targets if (found := self.winner(METRICS[name]))]

        def rank(label: str) -> tuple[int, int, int]:
            return len(self.passed(label)), len(self.won(label)), first.count(label)

        return max(self.labels, key=rank)

    @cached_property
    def baseline(self) -> str:
        """The variant that differences are taken from: as asked for, else the leader."""
        return self.baseline_label or self.leader

    @cached_property
    def is_paired(self) -> bool:
        """Whether runs of one seed saw the same orders, so that differences are the strategies' own."""
        return all(self._same_orders(seed) for seed in self.seeds)

    def _same_orders(self, seed: int) -> bool:
        moments = [
            by_seed[seed].column("orders", "placed_s") for by_seed in self.runs.values() if seed in by_seed
        ]
        return all(np.array_equal(moments[0], other, equal_nan=True) for other in moments[1:])

    def _judged(self, label: str, metric: Metric) -> dict[int, float]:
        values = self.by_seed(label, metric)
        return {seed: abs(value) for seed, value in values.items()} if metric.direction == "zero" else values


def compare(runs: Sequence[Run], *, baseline: str | None = None, method: Method = "t") -> Comparison:
    """Measure runs of one scenario and set them side by side; one run is a comparison, too.

    Args:
        runs: variants (strategy, ETA model, parameters) times seeds, in any order.
        baseline: label of the variant that differences are taken from; the leader if not given.
        method: how intervals are made, `t` or `bootstrap`.

    Raises:
        DataError: no runs; of different scenarios; the same variant and seed twice; unknown baseline.
    """
    if not runs:
        raise DataError("nothing to compare: no runs")
    _check_one_world(runs)
    whole = [run for run in runs if run.is_complete]
    chosen = whole or list(runs)
    table = _by_variant(chosen)
    if baseline is not None and baseline not in table:
        raise DataError(f"no runs of baseline {baseline!r}; there are: {', '.join(table)}")
    values = {label: {seed: _measured(run) for seed, run in row.items()} for label, row in table.items()}
    return Comparison(table, values, [run for run in runs if not run.is_complete], method, baseline)


def has_values(comparison: Comparison, names: Iterable[str]) -> bool:
    """Return whether any run has a value of any of these metrics."""
    rows = [row for by_seed in comparison.values.values() for row in by_seed.values()]
    return any(not isnan(row[get_metric(name).id]) for name in names for row in rows)


def _measured(run: Run) -> dict[str, float]:
    values = measure(run)
    run.forget()
    return values


def _check_one_world(runs: Sequence[Run]) -> None:
    first, *others = runs
    for other in others:
        if world_hash(other) != world_hash(first):
            a, b = first.scenario.get("name"), other.scenario.get("name")
            what = f"scenario {b!r} differs from {a!r}" if a != b else f"scenario {a!r} has other settings"
            raise DataError(f"{other.path}: {what} of {first.path}; compare runs of one scenario")


def _by_variant(runs: Sequence[Run]) -> dict[str, dict[int, Run]]:
    labels = variant_labels(runs)
    table: dict[str, dict[int, Run]] = {label: {} for label in labels.values()}
    for run in runs:
        row = table[labels[variant_key(run)]]
        if run.seed in row:
            raise DataError(f"{run.path}: same strategy and seed {run.seed} as {row[run.seed].path}")
        row[run.seed] = run
    return {label: dict(sorted(row.items())) for label, row in table.items()}
