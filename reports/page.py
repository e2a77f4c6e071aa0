"""What the page shows, as plain rows of text: the template lays it out and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from reports.comparison import Comparison
from reports.formats import (
    NOTHING,
    difference_interval_text,
    difference_text,
    interval_text,
    number,
    target_text,
    value_text,
)
from reports.metric import DIRECTION_TEXT, Metric
from reports.metrics import GROUPS, METRICS
from reports.plots.cost import stage_ms_per_order, stage_names
from reports.verdicts import winner_text


@dataclass(frozen=True, slots=True)
class Cell:
    """A number with its interval; `state` is pass, fail or nothing; `sort` orders the column."""

    text: str
    interval: str = ""
    state: str = ""
    is_close: bool = False
    is_winner: bool = False
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A metric and its cells, one per variant."""

    metric: Metric
    direction: str
    target: str
    cells: list[Cell]
    winner: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference in words; `state` is better, worse or unclear."""

    text: str
    interval: str
    seeds: str
    state: str


def objective_rows(comparison: Comparison) -> list[Row]:
    """Return a row per objective, and one of regret where it is known."""
    return [_row(comparison, METRICS[name]) for name in comparison.headlines]


def metric_groups(comparison: Comparison) -> list[tuple[str, list[Row]]]:
    """Return all metrics by group."""
    return [
        (title, [_row(comparison, metric) for metric in METRICS.values() if metric.group == group])
        for group, title in GROUPS.items()
    ]


def difference_rows(comparison: Comparison) -> list[tuple[Metric, list[Difference]]]:
    """Return, per metric with a direction, the difference of every other variant to the baseline."""
    others = [label for label in comparison.labels if label != comparison.baseline]
    judged = [metric for metric in METRICS.values() if metric.direction != "none" and not metric.wall]
    return [(metric, [_difference(comparison, label, metric) for label in others]) for metric in judged]


def stage_rows(comparison: Comparison) -> list[tuple[str, list[str]]]:
    """Return wall milliseconds per order by stage, and their sum, per variant."""
    columns = [stage_ms_per_order(comparison, label) for label in comparison.labels]
    rows = [(name, [number(column[name], 3) for column in columns]) for name in stage_names(comparison)]
    return [*rows, ("all stages", [number(sum(column.values()), 3) for column in columns])] if rows else []


def scores(comparison: Comparison) -> list[tuple[str, int, int]]:
    """Return, per variant, how many objectives are met of how many that were measured."""
    return [
        (
            label,
            len(comparison.passed(label)),
            sum(comparison.passes(label, METRICS[name]) is not None for name in comparison.targets),
        )
        for label in comparison.labels
    ]


def _row(comparison: Comparison, metric: Metric) -> Row:
    target = comparison.targets.get(metric.id)
    cells = [_cell(comparison, label, metric) for label in comparison.labels]
    shown = NOTHING if target is None else target_text(metric, target)
    return Row(metric, DIRECTION_TEXT[metric.direction], shown, cells, winner_text(comparison, metric.id))


def _cell(comparison: Comparison, label: str, metric: Metric) -> Cell:
    found, passes = comparison.estimate(label, metric), comparison.passes(label, metric)
    best = comparison.winner(metric)
    return Cell(
        text=value_text(metric, found.mean),
        interval=interval_text(metric, found),
        state="" if passes is None else ("pass" if passes else "fail"),
        is_close=comparison.is_close_call(label, metric),
        is_winner=best is not None and best.is_established and best.names[0] == label,
        sort=repr(found.mean) if isfinite(found.mean) else "",
    )


def _difference(comparison: Comparison, label: str, metric: Metric) -> Difference:
    found = comparison.difference(comparison.baseline, label, metric)
    delta = found.difference
    if not delta.n:
        return Difference(NOTHING, "", "", "unclear")
    is_better = (delta.mean > 0) == (metric.direction == "higher")
    state = "unclear" if not delta.excludes_zero else ("better" if is_better else "worse")
    better = found.above if metric.direction == "higher" else found.below
    seeds = f"{better} of {delta.n}"
    return Difference(difference_text(metric, delta), difference_interval_text(metric, delta), seeds, state)
