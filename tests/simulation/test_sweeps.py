"""Sweeps: interrupted, killed, extended and failing ones end as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest

import reports
from domain.errors import DispatchlabError
from lab import sweep_scenario
from sim.engines import EngineChoice
from sim.jobs import Watching
from tests.simulation.markets import three_markets
from tests.simulation.sweeps import RUNS, assert_same, finish, forget, leftovers, start, wait_for

TINY = {"overrides": ["hours=0.05"], "seeds": [1]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small sweep, never interrupted."""
    folder = tmp_path_factory.mktemp("sweeps") / "whole"
    done = finish(out=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_an_interrupted_sweep_goes_on_to_the_same_end(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    process = start(out=folder)
    wait_for(process, folder, ".board-*/*.finished")
    time.sleep(random.uniform(0.0, 0.5))
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 130, told
    assert "stopping" in told
    assert leftovers(folder) == []
    cut = json.loads((folder / "sweep.json").read_text("utf-8"))
    assert cut["complete"] is False
    assert len(cut["runs"]) + len(cut["missing"]) == RUNS
    assert 0 < len(cut["runs"]) < RUNS
    done = finish("--json", out=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["skipped"] == len(cut["runs"])
    assert_same(whole, folder)


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["all", "parent"])
def test_a_killed_sweep_goes_on_to_the_same_end(whom: str, whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    process = start(out=folder)
    wait_for(process, folder, ".board-*/*.finished")
    if whom == "all":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()  # its workers live on, until they see that the next sweep has taken their board down
    forget(process)
    done = finish("--json", out=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["skipped"] > 0
    assert leftovers(folder) == []
    assert_same(whole, folder)


def test_a_larger_grid_makes_only_what_is_new(tmp_path: Path) -> None:
    folder = tmp_path / "grown"
    first = sweep_scenario("ci", strategies=["nearest"], vary=["drivers=20,30"], out=folder, **TINY)
    made = {each.run.path: (each.run.path / "run.json").stat().st_mtime_ns for each in first.runs}
    told: list[str] = []
    grown = sweep_scenario(
        "ci",
        strategies=["nearest"],
        vary=["drivers=30,20,40"],
        out=folder,
        watching=Watching(tell=told.append),
        **TINY,
    )
    assert "2 of 3 runs are there already" in told
    assert [each.varied["drivers"] for each in grown.runs] == ["30", "20", "40"]
    assert grown.skipped == 2
    assert all((path / "run.json").stat().st_mtime_ns == at for path, at in made.items())
    again = sweep_scenario("ci", strategies=["nearest"], vary=["drivers=20"], out=folder, fresh=True, **TINY)
    assert again.skipped == 0
    assert (again.first.path / "run.json").stat().st_mtime_ns > made[again.first.path]


def test_other_settings_in_the_same_folder_are_made_anew(tmp_path: Path) -> None:
    for hours in ("0.05", "0.1"):
        sweep = sweep_scenario(
            "ci", strategies=["nearest"], seeds=[1], overrides=[f"hours={hours}"], out=tmp_path
        )
        assert sweep.skipped == 0
        assert sweep.first.scenario["hours"] == float(hours)


def test_a_run_that_fails_does_not_end_the_others(tmp_path: Path) -> None:
    shock = 'shocks=[{{kind="closed_bridge", bridge="{0}", start_h=18, end_h=19}}]'
    bad, good = (shock.format(bridge).partition("=")[2] for bridge in ("No Bridge", "North Bridge"))
    sweep = sweep_scenario("ci", strategies=["nearest"], vary=[f"shocks={bad},{good}"], out=tmp_path, **TINY)
    assert len(sweep.runs) == 1
    (error,) = sweep.failed.values()
    assert "did you mean 'North Bridge'" in error
    assert "failed: unknown bridge" in (tmp_path / "report.md").read_text("utf-8")
    with pytest.raises(DispatchlabError, match="unknown bridge"):
        sweep_scenario("ci", strategies=["nearest"], vary=[f"shocks={bad}"], out=tmp_path / "x", **TINY)


def test_progress_and_finished_runs_are_told(tmp_path: Path) -> None:
    done: list[str] = []
    plan: list[int] = []
    worth: list[float] = []
    watching = Watching(plan=plan.append, done=done.append, watch=worth.append)
    sweep = sweep_scenario("ci", strategies=["nearest", "score"], out=tmp_path, watching=watching, **TINY)
    assert plan == [2]
    assert sorted(done) == sorted(each.run.path.name for each in sweep.runs)
    assert worth[-1] == pytest.approx(2.0)


def test_one_run_of_many_markets_shares_them_among_the_workers(tmp_path: Path) -> None:
    scenario, choice = three_markets(tmp_path), EngineChoice(workers=2)
    sweep = sweep_scenario(scenario, strategies=["nearest"], seeds=[1], out=tmp_path / "s", choice=choice)
    assert sweep.first.info["workers"] == 2
    alone = sweep_scenario(scenario, strategies=["nearest"], seeds=[1], out=tmp_path / "t")
    assert alone.first.info["orders_sha256"] == sweep.first.info["orders_sha256"]
    assert alone.runs[0].sha256 == sweep.runs[0].sha256


def test_runs_of_a_sweep_can_be_reported_on_by_themselves(tmp_path: Path) -> None:
    sweep_scenario("ci", strategies=["nearest", "score"], out=tmp_path, **TINY)
    assert reports.compare(reports.find_runs(tmp_path)).labels == ["nearest", "score"]
