"""Tables in colour for the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from reports.comparison import Comparison, compare
from reports.formats import number, plural, target_text, value_text
from reports.metric import Metric
from reports.metrics import GROUPS, METRICS
from reports.run import Run
from reports.sweep import Sweep
from reports.sweep_page import headings, sweep_notes, sweep_rows, sweep_title
from reports.verdicts import verdict, winner_text

MOST_COLUMNS = 4
"""With more strategies than these, each is a row."""


def summary_table(what: Comparison | Run, *, every_metric: bool = False) -> Table:
    """Return a table of metrics: mean ± half of the 95 % interval; the winner is bold, with a star.

    More than four strategies are rows, with the objectives as columns and without intervals, so that the
    table fits a terminal.

    Args:
        what: a comparison, or a single run.
        every_metric: also the metrics that no objective is about; strategies are columns then.
    """
    comparison = compare([what]) if isinstance(what, Run) else what
    said = verdict(comparison)
    title = f"{comparison.first.scenario.get('name', '')}: {plural(len(comparison.seeds), 'seed')}"
    table = Table(title=title, caption=f"{said.headline}\n{said.basis}", caption_justify="left")
    if len(comparison.labels) > MOST_COLUMNS and not every_metric:
        _add_strategies(table, comparison)
        return table
    table.add_column("metric", no_wrap=True)
    table.add_column("target", justify="right", no_wrap=True)
    for label in comparison.labels:
        table.add_column(label, justify="right", overflow="fold")
    if len(comparison.labels) > 1:
        table.add_column("winner", overflow="fold")
    for name in comparison.headlines:
        _add_row(table, comparison, METRICS[name])
    if every_metric:
        _add_groups(table, comparison)
    return table


def sweep_table(sweep: Sweep) -> Table:
    """Return a table of a sweep: a row of means per strategy and varied values."""
    table = Table(title=sweep_title(sweep), caption="\n".join(sweep_notes(sweep)), caption_justify="left")
    for name in ("strategy", *sweep.varied):
        table.add_column(name.replace(":", ":\n"), no_wrap=True)
    for short, target in headings(sweep):
        table.add_column(f"{short}\n{target}", justify="right")
    for row in sweep_rows(sweep):
        cells = [Text(cell.number, _STYLES[cell.state]) for cell in row.cells]
        table.add_row(row.strategy, *row.varied, *cells)
    return table


_STYLES = {"pass": "green", "fail": "red", "": ""}


def _add_strategies(table: Table, comparison: Comparison) -> None:
    table.add_column("strategy", no_wrap=True)
    for name in comparison.headlines:
        target = comparison.targets.get(name)
        unit = METRICS[name].unit if target is None else target_text(METRICS[name], target)
        table.add_column(f"{METRICS[name].short}\n{unit}", justify="right")
    for label in comparison.labels:
        cells = [_cell(comparison, label, METRICS[name], is_brief=True) for name in comparison.headlines]
        table.add_row(label, *cells)


def _add_groups(table: Table, comparison: Comparison) -> None:
    for group, title in GROUPS.items():
        table.add_section()
        table.add_row(Text(title, style="bold cyan"))
        for metric in METRICS.values():
            if metric.group == group and metric.id not in comparison.targets:
                _add_row(table, comparison, metric)


def _add_row(table: Table, comparison: Comparison, metric: Metric) -> None:
    target = comparison.targets.get(metric.id)
    cells: list[Text | str] = [metric.short, "" if target is None else target_text(metric, target)]
    cells += [_cell(comparison, label, metric) for label in comparison.labels]
    if len(comparison.labels) > 1:
        cells.append(winner_text(comparison, metric.id))
    table.add_row(*cells)


def _cell(comparison: Comparison, label: str, metric: Metric, *, is_brief: bool = False) -> Text:
    found = comparison.estimate(label, metric)
    text = Text(number(found.mean, metric.decimals) if is_brief else value_text(metric, found.mean))
    passes = comparison.passes(label, metric)
    if passes is not None:
        text = Text.assemble(("✓ " if passes else "✗ "), text, style="green" if passes else "red")
    if _is_winner(comparison, label, metric):
        text = Text.assemble(("★ ", "yellow"), text, style="bold")
    if found.has_interval and not is_brief:
        text.append(f" ±{number((found.high - found.low) / 2.0, metric.decimals)}", style="dim")
    return text


def _is_winner(comparison: Comparison, label: str, metric: Metric) -> bool:
    found = comparison.winner(metric)
    return found is not None and found.is_established and found.names[0] == label
