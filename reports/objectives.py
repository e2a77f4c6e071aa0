"""Service-level objectives: a scenario's targets against a run's metrics."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path
from typing import Any

from domain.errors import DataError, did_you_mean
from reports.metric import Metric
from reports.metrics import METRICS, measure
from reports.run import Run, open_run

NOT_MEASURED: dict[str, str] = {
    "Order API p99 latency": "< 200 ms",
    "Driver location update latency (p95)": "< 50 ms",
    "WebSocket connection success": "> 99.5 %",
    "Kafka consumer lag": "< 1000 messages",
}
"""Objectives of the product that exist only in real time: a simulated clock cannot measure them."""


def targets(scenario: dict[str, Any], source: Path | str = "scenario") -> dict[str, float]:
    """Return a scenario's targets by metric id, in the order of the scenario.

    Raises:
        DataError: a target is for something that is not a metric, or is not a number.
    """
    found: dict[str, float] = {}
    for name, target in dict(scenario.get("slo") or {}).items():
        if name not in METRICS:
            raise DataError(f"{source}: slo.{name} is not a metric{did_you_mean(name, sorted(METRICS))}")
        if isinstance(target, bool) or not isinstance(target, int | float):
            raise DataError(f"{source}: slo.{name} = {target!r} should be a number")
        found[name] = float(target)
    return found


def slo(run: Run) -> dict[str, Any]:
    """Return the content of `slo.json`: every metric with its target, and whether it is met.

    Values that could not be measured, and `passed` without target or value, are null.
    """
    wanted = targets(run.scenario, run.path / "run.json")
    values = measure(run)
    metrics = {name: _row(METRICS[name], value, wanted.get(name)) for name, value in values.items()}
    verdicts = [row["passed"] for row in metrics.values() if row["passed"] is not None]
    return {
        "passed": all(verdicts) if verdicts else None,
        "metrics": metrics,
        "not_measured_in_virtual_time": NOT_MEASURED,
    }


def write_slo(folder: str | Path) -> Path:
    """Write `slo.json` into a run folder, whole or not at all, and return its path.

    Raises:
        DataError: the folder is not a run folder.
    """
    run = open_run(folder)
    path, draft = run.path / "slo.json", run.path / ".slo.json.part"
    draft.write_text(json.dumps(slo(run), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)
    return path


def _row(metric: Metric, value: float, target: float | None) -> dict[str, Any]:
    return {
        "value": value if isfinite(value) else None,
        "unit": metric.unit,
        "target": target,
        "passed": metric.meets(value, target),
        "direction": metric.direction,
        "wall": metric.wall,
    }
