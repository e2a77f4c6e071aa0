"""A short summary for a pull request, in GitHub's Markdown."""

from __future__ import annotations

from reports.comparison import Comparison, has_values
from reports.costs import CostTable, cost_tables
from reports.formats import interval_text, plural, target_text, value_text
from reports.incidents import IncidentRow, incident_rows
from reports.metric import Metric
from reports.metrics import METRICS
from reports.provenance import notes
from reports.regret import REGRET
from reports.replay import replay_command
from reports.verdicts import verdict, winner_text

OTHER_METRICS = (
    REGRET,
    "click_to_door_p90_min",
    "click_to_door_overage_min",
    "match_time_mean_s",
    "km_per_order",
    "cost_per_order_usd",
    "earnings_per_h_usd",
    "earnings_gini",
    "eta_placement_mae_min",
)


def to_markdown(comparison: Comparison) -> str:
    """Return verdict, objectives, the main other metrics and what it cost to compute as Markdown."""
    said = verdict(comparison)
    name = comparison.first.scenario.get("name", "scenario")
    parts = [
        f"## {markdown_cell(str(name))}: {plural(len(comparison.labels), 'strategy', 'strategies')}, "
        f"{plural(len(comparison.seeds), 'seed')}",
        f"**{said.headline}** {' '.join(said.details)}",
        said.basis,
        *(f"> {note}" for note in notes(comparison)),
        *(f"> {_incident(row)}" for row in incident_rows(comparison)),
        _objectives(comparison),
        _others(comparison),
        *(
            markdown_table([cost.label, *cost.columns], [[n, *v] for n, v in cost.rows])
            for cost in cost_tables(comparison)
        ),
        f"Replay:\n\n```\n{replay_command(comparison)}\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _incident(row: IncidentRow) -> str:
    said = f"{row.label}, seed {row.seed}: {row.what}, {row.span} ({row.lasted})"
    return markdown_cell(f"{said}; {row.consequence}" if row.consequence else said)


def _objectives(comparison: Comparison) -> str:
    rows = []
    for name, target in comparison.targets.items():
        metric = METRICS[name]
        cells = [
            f"{_mark(comparison, label, metric)} {_value(comparison, label, metric)}"
            for label in comparison.labels
        ]
        rows.append([metric.title, target_text(metric, target), *cells, *_winner(comparison, name)])
    heading = ["SLO", "target", *comparison.labels, *_winner_heading(comparison)]
    return markdown_table(heading, rows) if rows else ""


def _others(comparison: Comparison) -> str:
    rows = [
        [
            METRICS[name].title,
            *(_value(comparison, label, METRICS[name]) for label in comparison.labels),
            *_winner(comparison, name),
        ]
        for name in OTHER_METRICS
        if name not in comparison.targets and (name != REGRET or has_values(comparison, [name]))
    ]
    return markdown_table(["metric", *comparison.labels, *_winner_heading(comparison)], rows)


def _cost(cost: CostTable) -> str:
    return markdown_table(
        [f"cost: {cost.label}", *cost.columns], [[name, *cells] for name, cells in cost.rows]
    )


def _value(comparison: Comparison, label: str, metric: Metric) -> str:
    found = comparison.estimate(label, metric)
    return f"{value_text(metric, found.mean)} {interval_text(metric, found)}".strip()


def _mark(comparison: Comparison, label: str, metric: Metric) -> str:
    passes = comparison.passes(label, metric)
    if passes is None:
        return ""
    return ("✅" if passes else "❌") + ("≈" if comparison.is_close_call(label, metric) else "")


def _winner(comparison: Comparison, name: str) -> list[str]:
    return [winner_text(comparison, name)] if len(comparison.labels) > 1 else []


def _winner_heading(comparison: Comparison) -> list[str]:
    return ["winner"] if len(comparison.labels) > 1 else []


def markdown_table(heading: list[str], rows: list[list[str]]) -> str:
    """Return a table in GitHub's Markdown."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(markdown_cell(cell.strip()) for cell in line)} |" for line in lines)


def markdown_cell(text: str) -> str:
    """Return text that can stand in a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")
