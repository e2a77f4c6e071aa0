from __future__ import annotations

from math import nan

import pytest

from reports.formats import difference_text, listing, number, plural, signed, target_text, value_text
from reports.metrics import METRICS
from reports.statistics import Estimate


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(1234.56, 1, "1,234.6"), (-0.001, 2, "0.00"), (-1.5, 1, "−1.5"), (nan, 1, "–"), (0.0, 0, "0")],
)
def test_numbers(value: float, decimals: int, text: str) -> None:
    assert number(value, decimals) == text


def test_signs() -> None:
    assert signed(2.0) == "+2.0"
    assert signed(-2.0) == "−2.0"
    assert signed(0.001) == "0.0"


def test_units() -> None:
    assert value_text(METRICS["cost_per_order_usd"], 5.2) == "$5.20"
    assert value_text(METRICS["earnings_per_h_usd"], 15.0) == "$15.00/h"
    assert value_text(METRICS["on_time_pct"], nan) == "–"
    lost = Estimate(-1.25, -2.0, -0.5, 5)
    assert difference_text(METRICS["cost_per_order_usd"], lost) == "−$1.25"
    assert difference_text(METRICS["on_time_pct"], lost) == "−1.25 pp"


def test_targets() -> None:
    assert target_text(METRICS["placement_success_pct"], 99.9) == "≥ 99.9 %"
    assert target_text(METRICS["match_time_p95_s"], 30.0) == "≤ 30 s"


def test_words() -> None:
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert plural(1, "seed") == "1 seed"
    assert plural(2, "strategy", "strategies") == "2 strategies"
