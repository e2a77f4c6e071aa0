"""Tables of results beside the figures of others, for the terminal and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from benchmarks.mdrp.published import YARDSTICKS, Yardstick
from benchmarks.mdrp.results import BenchmarkResult

COLUMNS: Mapping[str, tuple[str, str]] = {
    "undelivered_pct": ("% undel.", ".2f"),
    "ctd_min": ("CtD", ".2f"),
    "ctd_p90_min": ("CtD p90", ".1f"),
    "ctd_overage_min": ("overage", ".2f"),
    "rtp_min": ("RtP", ".2f"),
    "rtp_p90_min": ("RtP p90", ".1f"),
    "utilisation": ("util.", ".3f"),
    "cost_per_order_usd": ("$/order", ".2f"),
    "orders_per_bundle": ("orders/bundle", ".3f"),
}
"""Metric -> heading and format; minutes but for shares, dollars and sizes."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a table of means: whose they are, over how many instances, and how fast they came."""

    name: str
    over: str
    prep: str
    mean: Mapping[str, float]
    orders_per_wall_s: float | None
    is_ours: bool


def lines(results: Sequence[BenchmarkResult]) -> list[Line]:
    """Return our means, then each yardstick's; before a yardstick on fewer instances, our means on these.

    A yardstick is shown if as much was known of ready times in some result, where its instances are among
    those of every result, or are nobody's here: the means over all 240 stand beside any run.
    """
    found = [_ours(result, None) for result in results]
    before: list[str] | None = None
    for yardstick in _comparable(results):
        chosen = _covered(yardstick, results)
        if chosen is None and yardstick.covers is not None:
            continue
        is_subset = chosen is not None and len(chosen) < max(len(result.names) for result in results)
        if is_subset and chosen != before:
            found += [_ours(result, chosen) for result in results]
        before = chosen if is_subset else before
        found.append(_theirs(yardstick))
    return found


def means_table(results: Sequence[BenchmarkResult]) -> Table:
    """Return the table of means for the terminal."""
    table = Table("mean of", "over", "ready times", title="Means over instances", title_justify="left")
    for heading in (*(heading for heading, _ in COLUMNS.values()), "orders/s"):
        table.add_column(heading, justify="right")
    for line in lines(results):
        style = "bold" if line.is_ours else ""
        table.add_row(line.name, line.over, line.prep, *_cells(line.mean), _rate(line), style=style)
    return table


def instances_table(result: BenchmarkResult) -> Table:
    """Return the table of every instance for the terminal."""
    table = Table("instance", title=result.label, title_justify="left")
    for heading in ("orders", *(heading for heading, _ in COLUMNS.values())):
        table.add_column(heading, justify="right")
    for each in result.per_instance:
        table.add_row(each.instance, str(each.orders), *_cells(each.metrics))
    return table


def means_markdown(results: Sequence[BenchmarkResult]) -> str:
    """Return the table of means as Markdown; our own lines are bold."""
    head = ["", "over", "ready times", *(heading for heading, _ in COLUMNS.values()), "orders/s"]
    rows = [
        [
            f"**{line.name}**" if line.is_ours else line.name,
            line.over,
            line.prep,
            *_cells(line.mean),
            _rate(line),
        ]
        for line in lines(results)
    ]
    return markdown(head, rows, words=3)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """Return a Markdown table whose first `words` columns are text and whose others are numbers."""
    rule = ["---"] * words + ["---:"] * (len(head) - words)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)) + "\n"


def _ours(result: BenchmarkResult, names: list[str] | None) -> Line:
    over = len(result.names if names is None else names)
    return Line(
        name=result.label,
        over=str(over),
        prep=result.prep,
        mean=result.mean(names),
        orders_per_wall_s=result.orders_per_wall_s if names is None else None,
        is_ours=True,
    )


def _theirs(yardstick: Yardstick) -> Line:
    return Line(
        name=yardstick.name,
        over=str(yardstick.size),
        prep="foresight" if yardstick.is_foresight else yardstick.prep,
        mean=yardstick.mean,
        orders_per_wall_s=yardstick.orders_per_wall_s,
        is_ours=False,
    )


def _comparable(results: Sequence[BenchmarkResult]) -> list[Yardstick]:
    """Return the yardsticks of the results' models of ready times; all of them if there are none of these."""
    preps = {result.prep for result in results}
    return [each for each in YARDSTICKS if each.prep in preps] or list(YARDSTICKS)


def _covered(yardstick: Yardstick, results: Sequence[BenchmarkResult]) -> list[str] | None:
    """Return the instances of a yardstick if every result has them all, else None."""
    chosen = [yardstick.chosen(result.names) for result in results]
    return chosen[0] if chosen and all(each is not None for each in chosen) else None


def _cells(mean: Mapping[str, float]) -> list[str]:
    return [number(mean.get(key, math.nan), style) for key, (_, style) in COLUMNS.items()]


def _rate(line: Line) -> str:
    return "" if line.orders_per_wall_s is None else number(line.orders_per_wall_s, ",.0f")


def number(value: float, style: str) -> str:
    """Return a formatted number, empty for NaN."""
    return "" if math.isnan(value) else format(value, style)
