"""What the command line prints for machines: stable keys, one JSON object."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from domain.order_state import OrderState
from reports.metrics import METRICS
from reports.objectives import slo
from reports.run import Run

if TYPE_CHECKING:
    from reports.comparison import Comparison

RUN_KEYS: dict[str, str] = {
    "scenario": "name of the scenario",
    "strategy": "id of the strategy",
    "eta": "id of the ETA model",
    "seed": "the run's seed",
    "complete": "false where the run was interrupted",
    "orders_placed": "orders that the marketplace accepted",
    "orders_delivered": "of these delivered",
    "orders_cancelled": "of these cancelled",
    "orders_sha256": "hash of the orders table",
    "workers": "processes that shared the markets",
    "wall_s": "wall seconds of the simulation",
    "setup_s": "wall seconds of loading and drawing before it",
    "cpu_s": "CPU seconds of all processes",
    "orders_per_wall_s": "orders placed per wall second of the simulation",
    "sim_s_per_wall_s": "simulated seconds per wall second",
    "peak_rss_bytes": "peak resident memory of the largest process",
    "peak_rss_sum_bytes": "the peaks of all processes added",
    "stages_s": "wall seconds by stage, summed over markets",
    "markets": "per market: orders, drivers, wall and CPU seconds, position updates, memory, stages",
    "metrics": "per metric id: value, unit, target, passed, direction, wall",
    "run": "the run folder",
    "report": "the HTML report, null without one",
}
"""Keys of `run --json`."""

COMPARE_KEYS: dict[str, str] = {
    "scenario": "name of the scenario",
    "strategies": "labels of what was compared",
    "seeds": "the seeds",
    "headline": "the verdict in one sentence",
    "metrics": "per metric id: unit, target, and per label mean, low, high (95 % interval), passed; winner",
    "runs": "per run the keys of `run --json`",
    "report": "the HTML report, null without one",
}
"""Keys of `compare --json` and `report --json`."""


def run_json(run: Run) -> dict[str, Any]:
    """Return the object of `run --json`, keys `RUN_KEYS`."""
    info, states = run.info, run.column("orders", "state")
    wall_s = max(float(info["wall_s"]), 1e-9)
    placed = int((states >= OrderState.PLACED).sum())
    found = {
        "scenario": info["scenario"]["name"],
        "strategy": run.strategy,
        "eta": run.eta,
        "seed": run.seed,
        "complete": run.is_complete,
        "orders_placed": placed,
        "orders_delivered": int(np.isfinite(run.column("orders", "delivered_s")).sum()),
        "orders_cancelled": int((states == OrderState.CANCELLED).sum()),
        "orders_sha256": info["orders_sha256"],
        "workers": info.get("workers", 1),
        "wall_s": info["wall_s"],
        "setup_s": info["setup_s"],
        "cpu_s": info.get("cpu_s"),
        "orders_per_wall_s": placed / wall_s,
        "sim_s_per_wall_s": info["sim_s"] / wall_s,
        "peak_rss_bytes": info["peak_rss_bytes"],
        "peak_rss_sum_bytes": info.get("peak_rss_sum_bytes"),
        "stages_s": info.get("stages_s"),
        "markets": info.get("markets"),
        "metrics": slo(run)["metrics"],
        "run": str(run.path),
        "report": _page(run.path),
    }
    return {key: found[key] for key in RUN_KEYS}


def comparison_json(comparison: Comparison, folder: Path) -> dict[str, Any]:
    """Return the object of `compare --json`, keys `COMPARE_KEYS`; the report lies in `folder`."""
    from reports.verdicts import verdict  # needs the statistics, which one run does not

    found = {
        "scenario": comparison.first.info["scenario"]["name"],
        "strategies": comparison.labels,
        "seeds": comparison.seeds,
        "headline": verdict(comparison).headline,
        "metrics": {name: _metric(comparison, name) for name in METRICS},
        "runs": [run_json(run) for run in comparison.all_runs],
        "report": _page(folder),
    }
    return {key: found[key] for key in COMPARE_KEYS}


def _metric(comparison: Comparison, name: str) -> dict[str, Any]:
    metric = METRICS[name]
    best = comparison.winner(metric)
    by_label = {}
    for label in comparison.labels:
        found = comparison.estimate(label, metric)
        by_label[label] = {
            "mean": _number(found.mean),
            "low": _number(found.low),
            "high": _number(found.high),
            "passed": comparison.passes(label, metric),
        }
    return {
        "unit": metric.unit,
        "target": comparison.targets.get(name),
        "by_label": by_label,
        "winner": best.names[0] if best is not None and best.is_established else None,
    }


def _number(value: float) -> float | None:
    return value if isfinite(value) else None


def _page(folder: Path) -> str | None:
    page = folder / "report.html"
    return str(page) if page.is_file() else None
