"""What a sweep's report shows, as plain rows of text, and the report itself as Markdown and HTML."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from reports.formats import NOTHING, interval_text, number, plural, target_text, value_text
from reports.markdown import markdown_cell, markdown_table
from reports.metrics import METRICS
from reports.sweep import Spot, Sweep


@dataclass(frozen=True, slots=True)
class SweepCell:
    """A mean over seeds, with its unit and without, and its interval; `state` is pass, fail or nothing."""

    text: str
    number: str
    interval: str
    state: str


@dataclass(frozen=True, slots=True)
class SweepRow:
    """A place on the grid: its strategy, the values of all varied keys, and a cell per objective."""

    strategy: str
    varied: list[str]
    seeds: int
    cells: list[SweepCell]


def sweep_rows(sweep: Sweep) -> list[SweepRow]:
    """Return a row per strategy and combination of varied values."""
    return [
        SweepRow(
            strategy=strategy,
            varied=[dict(spot).get(name, NOTHING) for name in sweep.varied],
            seeds=sum((each.strategy, each.spot) == (strategy, spot) for each in sweep.runs),
            cells=[_cell(sweep, strategy, spot, name) for name in sweep.targets],
        )
        for strategy, spots in sweep.spots.items()
        for spot in spots
    ]


def headings(sweep: Sweep) -> list[tuple[str, str]]:
    """Return each objective's title in short, and its target."""
    return [(METRICS[name].short, target_text(METRICS[name], at)) for name, at in sweep.targets.items()]


def sweep_notes(sweep: Sweep) -> list[str]:
    """Return what a reader must know: runs that failed or are missing."""
    said = [f"{name} failed: {error}" for name, error in sweep.failed.items()]
    if sweep.missing:
        many = plural(len(sweep.missing), "run")
        said.insert(0, f"Interrupted: {many} not made. The same command makes the others.")
    return said


def sweep_title(sweep: Sweep) -> str:
    """Return what was swept, in a line."""
    name = sweep.first.scenario.get("name", "scenario")
    varied = ", ".join(f"{key} of {', '.join(values)}" for key, values in sweep.varied.items())
    counts = f"{plural(len(sweep.spots), 'strategy', 'strategies')}, {plural(len(sweep.seeds), 'seed')}"
    return f"{name}: {counts}, {plural(len(sweep.runs), 'run')}" + (f"; {varied}" if varied else "")


def replay_command(asked: dict[str, Any]) -> str:
    """Return the command line that makes a sweep again; `asked` is a `Sweep`'s."""
    words = ["dispatchlab", "sweep", asked["scenario"], "--strategies", ",".join(asked["strategies"])]
    words += ["--seeds", ",".join(str(seed) for seed in asked["seeds"])]
    for key, values in asked["varied"].items():
        words += ["--vary", f"{key}={','.join(values)}"]
    words += ["--eta", asked["eta"]] if asked["eta"] else []
    return shlex.join([*words, *(word for item in asked["set"] for word in ("--set", item))])


def sweep_markdown(sweep: Sweep) -> str:
    """Return the table of means as GitHub's Markdown."""
    objectives = [f"{name} ({target})" for name, target in headings(sweep)]
    rows = [
        [
            row.strategy,
            *row.varied,
            str(row.seeds),
            *(f"{_MARKS[cell.state]} {cell.text} {cell.interval}" for cell in row.cells),
        ]
        for row in sweep_rows(sweep)
    ]
    parts = [
        f"## {markdown_cell(sweep_title(sweep))}",
        *(f"> {markdown_cell(note)}" for note in sweep_notes(sweep)),
        "Means over seeds with 95 % intervals; every run and metric is in `sweep.csv`.",
        markdown_table(["strategy", *sweep.varied, "seeds", *objectives], rows),
        f"Replay:\n\n```\n{replay_command(sweep.asked)}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def sweep_html(sweep: Sweep) -> str:
    """Return the report as one HTML document that needs nothing else."""
    from markupsafe import Markup

    from reports.html import page_environment
    from reports.plots.sweep import metric_curves
    from reports.provenance import attribution
    from reports.style import styled, to_inline_svg

    with styled():
        figure = metric_curves(sweep)
    drawing = None if figure is None else Markup(to_inline_svg(figure, "curves", "Objectives"))
    return (
        page_environment()
        .get_template("sweep.html.j2")
        .render(
            name=sweep.first.scenario.get("name", "sweep"),
            description=sweep.first.scenario.get("description", ""),
            title=sweep_title(sweep),
            notes=sweep_notes(sweep),
            varied=list(sweep.varied),
            headings=headings(sweep),
            rows=sweep_rows(sweep),
            drawing=drawing,
            replay=replay_command(sweep.asked),
            versions=", ".join(f"{name} {version}" for name, version in sweep.first.info["versions"].items()),
            credits=attribution(sweep.first),
        )
    )


_MARKS = {"pass": "✅", "fail": "❌", "": ""}


def _cell(sweep: Sweep, strategy: str, spot: Spot, name: str) -> SweepCell:
    metric, found = METRICS[name], sweep.estimate(strategy, spot, METRICS[name])
    passes = metric.meets(found.mean, sweep.targets[name])
    return SweepCell(
        text=value_text(metric, found.mean),
        number=number(found.mean, metric.decimals),
        interval=interval_text(metric, found),
        state="" if passes is None else ("pass" if passes else "fail"),
    )
