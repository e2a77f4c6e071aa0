from __future__ import annotations

from pathlib import Path

import pytest

from domain.spec import SloSpec
from reports.metric import DIRECTION_TEXT, Metric
from reports.metrics import METRICS

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_every_metric_is_documented(metric: Metric) -> None:
    definition = metric.definition.replace("|", "&#124;")
    cells = [f"`{metric.id}`", metric.title, metric.unit, DIRECTION_TEXT[metric.direction], definition]
    assert f"| {' | '.join(cells)} |" in DOCS.read_text(encoding="utf-8").splitlines()


def test_every_target_of_a_scenario_is_a_metric() -> None:
    assert set(SloSpec.__dataclass_fields__) <= METRICS.keys()
