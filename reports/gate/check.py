"""Runs against a baseline: a row per strategy and metric, and what each says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Literal

from domain.errors import DataError
from reports.gate.baseline import Baseline, Reference
from reports.gate.rows import Row, Status, status_of
from reports.gate.source import (
    RunTable,
    by_label,
    check_world,
    orders_hashes,
    quality_of,
)
from reports.gate.speed import is_other_machine, speed_rows
from reports.metric import Metric
from reports.metrics import METRICS
from reports.run import Run
from reports.statistics import Estimate, estimate

Part = Literal["quality", "speed"]
PARTS: tuple[Part, ...] = ("quality", "speed")
_SAME = 1e-4  # of the value: the baseline's numbers are rounded


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What the gate found.

    `identical`: pairs of strategy and seed whose orders are those of the baseline, byte by byte, of `total`;
    `repeats`: the fewest runs of a pair.
    """

    baseline: Baseline
    quality: tuple[Row, ...]
    speed: tuple[Row, ...]
    identical: int
    total: int
    repeats: int
    is_other_machine: bool

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows."""
        return self.quality + self.speed

    @property
    def passed(self) -> bool:
        """Whether nothing is worse than its tolerance."""
        return not any(row.status.fails for row in self.rows)

    @property
    def improved(self) -> bool:
        """Whether something is better by more than its tolerance: time for `gate update`."""
        return any(row.status is Status.BETTER for row in self.rows)


def check(
    baseline: Baseline,
    runs: Sequence[Run],
    *,
    source: str = "the baseline",
    only: Part | None = None,
) -> Outcome:
    """Compare runs with a baseline: every strategy and seed that it has, each once or several times.

    Args:
        baseline: what to compare with; `source` names it in messages.
        runs: whole runs of its scenario, in any order.
        source: the baseline's file.
        only: quality or speed alone.

    Raises:
        DataError: runs of another world, interrupted or not calibrated; strategies or seeds without
            baseline, or of the baseline without run.
    """
    table = by_label(runs)
    _check_pairs(baseline, table, source)
    for run in runs:
        check_world(baseline.world, run, source=source)
    pairs = {(label, seed): repeats for label, row in table.items() for seed, repeats in row.items()}
    quality = _quality(baseline, table) if only != "speed" else []
    is_other = is_other_machine(baseline, runs, source=source) if only != "quality" else False
    speed = speed_rows(baseline, table, is_other_machine=is_other) if only != "quality" else []
    return Outcome(
        baseline=baseline,
        quality=tuple(quality),
        speed=tuple(speed),
        identical=sum(
            orders_hashes(repeats) == {baseline.runs[label][seed].orders_sha256}
            for (label, seed), repeats in pairs.items()
        ),
        total=len(pairs),
        repeats=min(len(repeats) for repeats in pairs.values()),
        is_other_machine=is_other,
    )


# --- quality


def _quality(baseline: Baseline, table: RunTable) -> list[Row]:
    rows = []
    for label, by_seed in table.items():
        rows += [
            _unstable(label, seed) for seed, repeats in by_seed.items() if len(orders_hashes(repeats)) > 1
        ]
        now = {seed: quality_of(repeats[0]) for seed, repeats in by_seed.items()}
        for name in baseline.tolerances:
            row = _quality_row(baseline, label, METRICS[name], {s: each[name] for s, each in now.items()})
            rows += [row] if row is not None else []
    return rows


def _quality_row(baseline: Baseline, label: str, metric: Metric, now: Mapping[int, float]) -> Row | None:
    """Return the row of a metric, from the seeds of which the baseline has a value; None without any."""
    before = {
        s: value for s, each in baseline.runs[label].items() if (value := _value(each, metric)) is not None
    }
    if not before:
        return None
    mean, mean_now = _mean(before.values()), _mean(now[seed] for seed in before)
    worse = estimate([metric.loss(now[seed]) - metric.loss(value) for seed, value in before.items()])
    allowed = baseline.tolerances[metric.id].allowed(mean)
    is_known = all(isfinite(now[seed]) for seed in before)
    changed = [abs(now[seed] - value) > _SAME * abs(value) for seed, value in before.items()]
    status = status_of(worse.mean, allowed, is_same=not any(changed)) if is_known else Status.MISSING
    return Row(
        label=label, metric=metric, before=mean, now=mean_now, worse=worse, allowed=allowed, status=status
    )


def _unstable(label: str, seed: int) -> Row:
    nothing = Estimate(nan, nan, nan, 0)
    return Row(
        label=f"{label}, seed {seed}",
        metric=None,
        before=nan,
        now=nan,
        worse=nothing,
        allowed=nan,
        status=Status.UNSTABLE,
    )


def _value(reference: Reference, metric: Metric) -> float | None:
    return reference.metrics.get(metric.id)


# --- both


def _check_pairs(baseline: Baseline, table: RunTable, source: str) -> None:
    """Make sure that runs and baseline hold the same strategies and seeds."""
    have = {(label, seed) for label, row in table.items() for seed in row}
    want = {(label, seed) for label, row in baseline.runs.items() for seed in row}
    for label, seed in sorted(have - want):
        known = (
            f"seeds {_listed(baseline.runs[label])}" if label in baseline.runs else ", ".join(baseline.runs)
        )
        path = table[label][seed][0].path
        raise DataError(f"{path}: {label}, seed {seed}: not in {source}, which has {known}")
    for label, seed in sorted(want - have):
        raise DataError(f"no run of {label}, seed {seed}, which {source} has")


def _listed(seeds: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(seeds)))


def _mean(values: Iterable[float]) -> float:
    return estimate(list(values)).mean
