"""Runs against a baseline: a row per strategy and metric, and what each says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import isfinite, nan, sqrt
from statistics import median
from typing import Literal

from domain.errors import DataError
from reports.gate.baseline import Baseline, Reference
from reports.gate.source import (
    RunTable,
    by_label,
    check_world,
    machine_of,
    orders_hashes,
    quality_of,
    units_of,
)
from reports.metric import Metric
from reports.metrics import METRICS
from reports.run import Run
from reports.statistics import Estimate, estimate

Part = Literal["quality", "speed"]
PARTS: tuple[Part, ...] = ("quality", "speed")
ALL = "all strategies"
_SAME = 1e-4  # of the value: the baseline's numbers are rounded


class Status(Enum):
    """What a row says."""

    SAME = "unchanged"
    WITHIN = "within tolerance"
    BETTER = "improved"
    WORSE = "worse"
    MISSING = "not measured any more"
    UNSTABLE = "differs between repeats"

    @property
    def fails(self) -> bool:
        """Whether the gate fails for it."""
        return self in (Status.WORSE, Status.MISSING, Status.UNSTABLE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One comparison. `worse`: by how much it is worse, in the metric's own unit; for speed, in percent.

    `metric` is None for speed (calibration units) and for repeats that differ.
    """

    label: str
    metric: Metric | None
    before: float
    now: float
    worse: Estimate
    allowed: float
    status: Status


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
    is_other = _is_other_machine(baseline, runs, source) if only != "quality" else False
    speed = _speed(baseline, table, is_other_machine=is_other) if only != "quality" else []
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
    status = _status(worse.mean, allowed, is_same=not any(changed)) if is_known else Status.MISSING
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


# --- speed


def _speed(baseline: Baseline, table: RunTable, *, is_other_machine: bool) -> list[Row]:
    """Return a row per strategy, and one of all: the median over runs of their units beside the baseline's.

    Neighbours on the machine disturb single runs by much more than the median of many.
    """
    pairs: dict[str, list[tuple[float, float]]] = {}
    for label, by_seed in table.items():
        for seed, repeats in by_seed.items():
            before = baseline.runs[label][seed].units
            if before is not None:
                pairs.setdefault(label, []).extend((before, units_of(run)) for run in repeats)
    allowed = {
        is_all: baseline.speed.allowed(is_all=is_all, is_other_machine=is_other_machine)
        for is_all in (True, False)
    }
    is_alone = len(pairs) == 1
    rows = [_speed_row(label, own, allowed[is_alone]) for label, own in pairs.items()]
    return (
        rows
        if is_alone
        else [*rows, _speed_row(ALL, [p for own in pairs.values() for p in own], allowed[True])]
    )


def _speed_row(label: str, pairs: Sequence[tuple[float, float]], allowed: float) -> Row:
    slower = sorted(100.0 * (now / before - 1.0) for before, now in pairs)
    middle, before = median(slower), _mean(before for before, _ in pairs)
    return Row(
        label=label,
        metric=None,
        before=before,
        now=before * (1.0 + middle / 100.0),
        worse=Estimate(middle, *_interval(slower), len(slower)),
        allowed=allowed,
        status=_status(middle, allowed, is_same=False),
    )


def _interval(ordered: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the median of sorted values, whatever their distribution; NaN for few.

    The k-th from either end, k from the normal approximation of the sign test (Conover, section 3.2).
    """
    n = len(ordered)
    k = int((n - 1.96 * sqrt(n)) / 2.0)
    return (ordered[k], ordered[n - 1 - k]) if n >= 6 else (nan, nan)


def _is_other_machine(baseline: Baseline, runs: Iterable[Run], source: str) -> bool:
    """Whether some run is not of a machine like the baseline's.

    Raises:
        DataError: the baseline or a run counts in other units, or in none.
    """
    if baseline.machine is None:
        raise DataError(f"{source}: holds no speeds: `gate update` with calibrated runs, or --only quality")
    is_other = False
    for run in runs:
        machine = machine_of(run)
        if machine.unit != baseline.machine.unit:
            raise DataError(
                f"{run.path}: calibrated in units of version {machine.unit}, {source} in version "
                f"{baseline.machine.unit}: `gate update`, or --only quality"
            )
        is_other = is_other or not machine.is_like(baseline.machine)
    return is_other


# --- both


def _status(worse: float, allowed: float, *, is_same: bool) -> Status:
    if is_same:
        return Status.SAME
    if worse > allowed:
        return Status.WORSE
    return Status.BETTER if worse < -allowed else Status.WITHIN


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
