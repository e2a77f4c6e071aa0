"""Markets in parallel processes: the same tables as one after the other, and the same manners."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pandas as pd
import pytest

import reports
from domain.errors import UnknownNameError, UserError
from domain.run_folder import TABLES
from lab import run_scenario
from sim.world import Progress
from tests.simulation.markets import three_markets


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, reports.Run]:
    folder = tmp_path_factory.mktemp("markets")
    scenario = three_markets(folder)
    return {
        workers: reports.open_run(
            run_scenario(scenario, workers=workers, out=folder / str(workers), with_report=False)
        )
        for workers in (1, 2)
    }


def test_the_number_of_processes_changes_no_table(runs: dict[int, reports.Run]) -> None:
    one, two = runs[1], runs[2]
    assert one.orders.groupby("market").size().min() > 5
    assert (one.path / "orders.parquet").read_bytes() == (two.path / "orders.parquet").read_bytes()
    assert one.info["orders_sha256"] == two.info["orders_sha256"]
    for table in TABLES:
        frames = [run.table(table) for run in (one, two)]
        same = [frame[[c for c in frame.columns if not c.endswith("_wall_s")]] for frame in frames]
        pd.testing.assert_frame_equal(*same, check_exact=True)


def test_the_run_says_what_it_took(runs: dict[int, reports.Run]) -> None:
    one, two = (runs[workers].info for workers in (1, 2))
    assert (one["workers"], two["workers"]) == (1, 2)
    for key in ("complete", "cities", "lost_demand", "sim_s", "events", "pings", "notes", "stores"):
        assert one[key] == two[key], key
    assert one["peak_rss_sum_bytes"] == one["peak_rss_bytes"]
    assert two["peak_rss_sum_bytes"] > two["peak_rss_bytes"] > 0
    assert two["cpu_s"] > 0.0
    assert sum(two["stages_s"].values()) <= 2 * two["wall_s"] + 0.1


def test_progress_of_all_markets_is_told(tmp_path: Path) -> None:
    seen: list[Progress] = []
    scenario = three_markets(tmp_path)
    overrides = ("hours=0.5",)  # long enough that each process says something
    run_scenario(
        scenario, workers=2, overrides=overrides, out=tmp_path / "r", watch=seen.append, with_report=False
    )
    assert {now.market for now in seen} <= {0, 1, 2}
    assert {now.markets for now in seen} == {3}
    assert all(0.0 <= now.share <= 1.0 for now in seen)


def test_ctrl_c_ends_all_markets_early_with_tables_intact(tmp_path: Path) -> None:
    def interrupt(now: Progress) -> None:
        if now.ended and signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            os.kill(os.getpid(), signal.SIGINT)

    told: list[str] = []
    folder = run_scenario(
        three_markets(tmp_path),
        workers=2,
        overrides=("hours=24",),  # some 5,500 orders, in several seconds
        out=tmp_path / "cut",
        tell=told.append,
        watch=interrupt,
        with_report=False,
    )
    run = reports.open_run(folder)
    assert not run.is_complete
    assert "stopping" in told[-1]
    assert len(run.info["cities"]) == len(run.map["markets"]) == 3
    assert 0 < len(run.orders) < 2_500
    assert reports.slo(run)["metrics"]["placement_success_pct"]["value"] == 100.0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut", "three.toml"]


def test_an_interrupt_between_markets_keeps_those_that_ran(tmp_path: Path) -> None:
    def interrupt(now: Progress) -> None:
        if now.market == 1:
            raise KeyboardInterrupt

    folder = run_scenario(three_markets(tmp_path), out=tmp_path / "cut", watch=interrupt, with_report=False)
    run = reports.open_run(folder)
    assert not run.is_complete
    assert set(run.orders["market"]) == {0, 1}
    assert [city["name"] for city in run.info["cities"]] == ["riverton", "riverton", "not simulated"]


def test_a_failing_market_is_one_error_and_leaves_nothing(tmp_path: Path) -> None:
    bad = 'markets.1.shocks=[{kind="closed_bridge", bridge="No Bridge", start_h=18, end_h=19}]'
    with pytest.raises(UnknownNameError, match="did you mean 'North Bridge'"):
        run_scenario(three_markets(tmp_path), workers=2, overrides=[bad], out=tmp_path / "r")
    assert [path.name for path in tmp_path.iterdir()] == ["three.toml"]


@pytest.mark.parametrize("workers", [0, -2])
def test_a_number_of_workers_that_makes_no_sense(workers: int, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"--workers {workers}: must be 1 or more, or -1"):
        run_scenario("ci", workers=workers, out=tmp_path / "r")
    assert list(tmp_path.iterdir()) == []
