"""What rows say, the same in the terminal and in Markdown."""

from __future__ import annotations

from reports.formats import NOTHING, number, plural, signed, value_text, with_unit
from reports.gate.check import Outcome
from reports.gate.rows import Row, Status

SPEED = "CPU time"
COLUMNS = ("strategy", "metric", "baseline", "now", "worse by", "tolerance", "")


def headline(outcome: Outcome) -> str:
    """Say whether the gate is passed, and how much was compared."""
    failures = sum(row.status.fails for row in outcome.rows)
    said = "passed" if outcome.passed else f"failed: {plural(failures, 'regression')}"
    runs = outcome.baseline.runs
    seeds = len({seed for row in runs.values() for seed in row})
    return (
        f"{outcome.baseline.scenario}: {said} "
        f"({plural(len(runs), 'strategy', 'strategies')}, {plural(seeds, 'seed')})"
    )


def remarks(outcome: Outcome) -> list[str]:
    """Say what else a reader should know."""
    found = []
    if outcome.quality:
        found.append(
            f"{outcome.identical} of {plural(outcome.total, 'pair')} of strategy and seed: orders identical "
            "to the baseline's, byte by byte."
        )
    if outcome.is_other_machine:
        found.append(
            "The baseline's speed is of another processor or Python version, so the wider tolerance of "
            "speed holds; `gate update` there gives a sharp one."
        )
    if outcome.speed and outcome.repeats * outcome.total < FEW_RUNS:
        found.append(f"Fewer than {FEW_RUNS} runs: chance moves their speed by several percent.")
    if outcome.passed and outcome.improved:
        found.append("Improved by more than the tolerance: `gate update` makes it the baseline.")
    return found


FEW_RUNS = 20
"""Of which speed can be told to a few percent on a busy machine (docs/gate.md)."""


def cells(row: Row) -> tuple[str, ...]:
    """Return a row's texts by `COLUMNS`, its status last."""
    label, status = row.label, row.status.value
    if row.status is Status.UNSTABLE:
        return (label, "orders", NOTHING, NOTHING, NOTHING, NOTHING, status)
    if row.metric is None:
        spread = f" [{number(row.worse.low)}, {number(row.worse.high)}]" if row.worse.has_interval else ""
        before, now = (with_unit(number(value, 0), "units") for value in (row.before, row.now))
        worse, allowed = f"{signed(row.worse.mean)} %{spread}", f"{number(row.allowed)} %"
        return (label, SPEED, before, now, worse, allowed, status)
    metric = row.metric
    unit, decimals = metric.difference_unit, max(metric.decimals, 2)
    worse = signed(row.worse.mean, decimals)
    if row.worse.has_interval:
        worse += f" [{number(row.worse.low, decimals)}, {number(row.worse.high, decimals)}]"
    return (
        label,
        metric.short,
        value_text(metric, row.before),
        value_text(metric, row.now),
        worse,
        with_unit(number(row.allowed, decimals), unit),
        status,
    )
