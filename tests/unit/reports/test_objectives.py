from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.errors import DataError
from reports.metrics import METRICS
from reports.objectives import slo, targets, write_slo
from reports.run import Run, open_run
from reports.testing import make_run_folder


def test_every_metric_is_listed_and_targets_are_judged(compare_folder: Path) -> None:
    found = slo(open_run(compare_folder / "nearest-1"))
    assert found["metrics"].keys() == METRICS.keys()
    match_time = found["metrics"]["match_time_p95_s"]
    assert match_time["target"] == 30.0
    assert match_time["passed"] is False
    assert match_time["direction"] == "lower"
    assert found["metrics"]["km_per_order"]["passed"] is None
    assert found["passed"] is False
    assert "Kafka consumer lag" in found["not_measured_in_virtual_time"]


def test_an_empty_run_writes_nulls(empty_run: Run) -> None:
    path = write_slo(empty_run.path)
    text = path.read_text()
    assert "NaN" not in text
    found = json.loads(text)
    assert found["passed"] is None
    assert found["metrics"]["on_time_pct"] == {
        "value": None,
        "unit": "%",
        "target": 90.0,
        "passed": None,
        "direction": "higher",
        "wall": False,
    }


def test_writing_leaves_no_draft(tmp_path: Path) -> None:
    folder = make_run_folder(tmp_path / "run", orders=30, drivers=5)
    write_slo(folder)
    assert not list(folder.glob(".*"))


def test_wall_metrics_are_flagged() -> None:
    assert {metric.id for metric in METRICS.values() if metric.wall} == {
        "decision_p95_ms",
        "strategy_share_pct",
        "orders_per_wall_s",
    }


def test_a_target_for_no_metric_names_the_nearest() -> None:
    with pytest.raises(DataError, match=r"x\.json: slo\.on_time is not a metric.*on_time_pct"):
        targets({"slo": {"on_time": 90.0}}, "x.json")


def test_a_target_that_is_no_number() -> None:
    with pytest.raises(DataError, match="should be a number"):
        targets({"slo": {"on_time_pct": "high"}})
