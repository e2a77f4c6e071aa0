"""What a run cost to compute: shares of wall time by stage, speed and memory, per market and in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports.comparison import Comparison
from reports.formats import NOTHING, number
from reports.measures import ratio
from reports.run import Run

STAGES = ("world", "movement", "pings", "search", "travel", "strategy", "services", "recording")
"""Stages in the order of tables and figures; what else a run has counted follows by name."""

_IN_ALL = "in all"


@dataclass(frozen=True, slots=True)
class CostTable:
    """A table of one run: `columns` are the whole run and, of several, its markets; cells are text."""

    label: str
    columns: list[str]
    rows: list[tuple[str, list[str]]]


def known_stages(names: set[str]) -> list[str]:
    """Return names of stages, the known ones first."""
    return [*(name for name in STAGES if name in names), *sorted(names.difference(STAGES))]


def cost_tables(comparison: Comparison) -> list[CostTable]:
    """Return a table per variant, of its first seed; none of runs that have not counted their stages."""
    firsts = {label: next(iter(runs.values())) for label, runs in comparison.runs.items()}
    return [_table(label, run) for label, run in firsts.items() if run.info.get("stages_s")]


def _table(label: str, run: Run) -> CostTable:
    info, markets = run.info, run.info.get("markets") or []
    whole = {**info, "name": _IN_ALL, "orders": run.column("orders", "order").size}
    parts = [whole, *(markets if len(markets) > 1 else [])]
    names = known_stages({name for part in parts for name in part["stages_s"]})
    rows = [(f"{name}, % of wall time", [_share(part["stages_s"], name) for part in parts]) for name in names]
    rows += [
        ("wall time, s", [_number(part.get("wall_s"), 1) for part in parts]),
        ("CPU time, s", [_number(part.get("cpu_s"), 1) for part in parts]),
        ("orders per wall second", [_per_s(part, "orders") for part in parts]),
        ("position updates per wall second", [_per_s(part, "pings") for part in parts]),
        ("simulated over wall seconds", [_per_s(part, "sim_s") for part in parts]),
        ("memory peak, MB", [_number(part.get("peak_rss_bytes"), 0, 1e-6) for part in parts]),
    ]
    if info.get("peak_rss_sum_bytes"):
        total = number(info["peak_rss_sum_bytes"] * 1e-6, 0)
        rows.append(("memory peaks of all processes, MB", [total, *[NOTHING] * (len(parts) - 1)]))
    return CostTable(label, [str(part["name"]) for part in parts], rows)


def _share(stages_s: Mapping[str, float], name: str) -> str:
    return number(100.0 * ratio(float(stages_s.get(name, 0.0)), sum(stages_s.values())), 1)


def _number(value: float | None, decimals: int, factor: float = 1.0) -> str:
    return NOTHING if value is None else number(factor * value, decimals)


def _per_s(part: Mapping[str, Any], name: str) -> str:
    return NOTHING if part.get(name) is None else number(ratio(float(part[name]), float(part["wall_s"])), 0)
