"""The report as one HTML file that needs nothing else: styles, script and figures are inside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from reports.comparison import Comparison
from reports.costs import cost_tables
from reports.figures import Plot, draw_all
from reports.formats import plural
from reports.incidents import incident_rows
from reports.objectives import NOT_MEASURED
from reports.page import difference_rows, metric_groups, objective_rows, scores, stage_rows
from reports.provenance import attribution, facts, notes, run_rows
from reports.replay import replay_command
from reports.style import series_colour, to_inline_svg
from reports.verdicts import verdict


@dataclass(frozen=True, slots=True)
class Drawing:
    """A plot as it stands on the page."""

    plot: Plot
    svg: Markup


def render(comparison: Comparison) -> str:
    """Return the whole report as an HTML document, the same text each time."""
    scenario = comparison.first.scenario
    drawings = {
        plot.name: Drawing(plot, Markup(to_inline_svg(figure, plot.name, str(escape(plot.title)))))
        for plot, figure in draw_all(comparison)
    }
    return _template().render(
        name=scenario.get("name", "run"),
        description=scenario.get("description", ""),
        subtitle=_subtitle(comparison),
        labels=comparison.labels,
        colours=[series_colour(index) for index in range(len(comparison.labels))],
        leader=comparison.leader,
        baseline=comparison.baseline,
        seeds=comparison.seeds,
        verdict=verdict(comparison),
        scores=scores(comparison),
        objectives=objective_rows(comparison),
        not_measured=NOT_MEASURED,
        differences=difference_rows(comparison) if len(comparison.labels) > 1 else [],
        groups=metric_groups(comparison),
        stages=stage_rows(comparison),
        costs=cost_tables(comparison),
        incidents=incident_rows(comparison),
        drawings=drawings,
        maps=[drawing for name, drawing in drawings.items() if name.startswith("map_")],
        facts=facts(comparison),
        notes=notes(comparison),
        runs=run_rows(comparison),
        credits=attribution(comparison.first),
        replay=replay_command(comparison),
    )


def _subtitle(comparison: Comparison) -> str:
    orders = sum(run.column("orders", "order").size for run in comparison.all_runs)
    return " · ".join(
        [
            plural(len(comparison.labels), "strategy", "strategies"),
            plural(len(comparison.seeds), "seed"),
            plural(len(comparison.first.scenario.get("markets", [])), "market"),
            f"{plural(orders, 'order')} in {plural(len(comparison.all_runs), 'run')}",
        ]
    )


def page_environment() -> Environment:
    """Return what fills the templates of pages."""
    return Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _template() -> Template:
    return page_environment().get_template("report.html.j2")
