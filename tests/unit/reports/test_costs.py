"""The table of what a run cost to compute."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab import run_scenario
from reports import open_run
from reports.comparison import compare
from reports.costs import cost_tables
from reports.markdown import to_markdown

TWO_TOWNS = """
hours = 0.1
drivers = 20
[demand]
orders_per_day = 2000
[[markets]]
name = "north"
[[markets]]
name = "south"
"""


@pytest.fixture(scope="module")
def two_towns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("costs")
    (folder / "towns.toml").write_text(TWO_TOWNS, encoding="utf-8")
    return run_scenario(str(folder / "towns.toml"), strategy="nearest", out=folder / "run", with_report=False)


def test_stages_of_a_real_run_fill_the_wall_time_market_by_market(two_towns: Path) -> None:
    info = json.loads((two_towns / "run.json").read_text(encoding="utf-8"))
    assert [market["name"] for market in info["markets"]] == ["north", "south"]
    for market in info["markets"]:
        assert set(market["stages_s"]) == set(info["stages_s"])
        assert min(market["stages_s"].values()) >= 0.0
        assert sum(market["stages_s"].values()) == pytest.approx(market["wall_s"])
    for key in ("orders", "pings", "events"):
        assert min(market[key] for market in info["markets"]) > 0
    assert sum(market["pings"] for market in info["markets"]) == info["pings"]
    assert info["stages_s"]["recording"] > sum(m["stages_s"]["recording"] for m in info["markets"])


def test_the_table_has_a_column_per_market_and_shares_that_make_a_whole(two_towns: Path) -> None:
    comparison = compare([open_run(two_towns)])
    (table,) = cost_tables(comparison)
    assert table.columns == ["in all", "north", "south"]
    shares = [[float(cell) for cell in cells] for name, cells in table.rows if "% of wall" in name]
    for column in zip(*shares, strict=True):
        assert sum(column) == pytest.approx(100.0, abs=0.5)
    rows = dict(table.rows)
    assert all(float(cell.replace(",", "")) > 0 for cell in rows["position updates per wall second"])
    assert all(float(cell.replace(",", "")) > 50 for cell in rows["memory peak, MB"])
    assert "| strategy, % of wall time |" in to_markdown(comparison)
