"""Growth: what a further order costs, and the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import national
from benchmarks.scale import Point, finished, measured, points, run_point, write
from scenarios import load_scenario


def said(orders: int, cpu_s: float, peak_bytes: float) -> dict[str, Any]:
    return {
        "orders_placed": orders,
        "wall_s": cpu_s,
        "cpu_s": cpu_s,
        "peak_rss_sum_bytes": peak_bytes,
        "sim_s_per_wall_s": 100.0,
        "stages_s": {"world": 1.0, "services": 3.0},
        "markets": [{"pings": 7}, {"pings": 5}],
    }


@pytest.mark.parametrize("point", points(), ids=lambda point: f"{point.curve}-{point.size}")
def test_every_point_is_a_scenario_of_about_its_size(point: Any) -> None:
    markets = load_scenario(point.scenario, point.overrides).markets
    if point.curve == "drivers":
        assert sum(market.drivers for market in markets) == point.size
    else:
        orders = sum(market.demand.orders_per_day for market in markets)
        assert orders == pytest.approx(point.size, rel=0.01)


def test_a_further_driver_or_order_costs_the_difference_to_the_first_point(tmp_path: Path) -> None:
    first, second = (point for point in points()[:2])
    base = measured(first, said(1100, 2.0, 500e6), None)
    more = measured(second, said(1100, 5.0, 518e6), base)
    assert base.further_cpu_ms is None
    assert more.further_cpu_ms == pytest.approx(1e3 * 3.0 / 9_000)
    assert more.further_kb == pytest.approx(2.0)
    assert more.pings == 12
    small, large = (point for point in points() if point.size in (500, 10_000) and point.curve == "orders")
    few = measured(small, said(100, 2.0, 500e6), None)
    many = measured(large, said(1100, 5.0, 510e6), few)
    assert many.further_cpu_ms == pytest.approx(3.0)
    assert many.further_kb == pytest.approx(10.0)
    write([base, more, few, many], tmp_path)
    assert "| drivers | 10,000 | 1,100 | 12 |" in (tmp_path / "scale.md").read_text(encoding="utf-8")
    assert (tmp_path / "scale.png").stat().st_size > 1000


def test_a_point_that_is_among_the_finished_runs_is_read(tmp_path: Path) -> None:
    national.run("ci", "nearest", scale=0.5, workers=1, folder=tmp_path / "kept")
    point = Point(curve="orders", size=1, scenario="ci", overrides=("scale=0.5",))
    found, again = finished(point, "nearest", 1, tmp_path), run_point(point, "nearest", 1)
    assert found is not None
    assert found["orders_sha256"] == again["orders_sha256"]
    assert measured(point, found, None).orders == again["orders_placed"]
    assert finished(point, "batch", 1, tmp_path) is None
    assert finished(point, "nearest", 2, tmp_path) is None
    assert finished(Point(curve="", size=1, scenario="ci", overrides=()), "nearest", 1, tmp_path) is None
