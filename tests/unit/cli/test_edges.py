"""What users get for unusual or wrong input: a sound result, or one line that says what would be right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import reports
from domain.units import HOUR_S
from lab import run_scenario
from roads.city import City
from sim.world import Progress

ROOT = Path(__file__).parents[3]
TINY = ("--set", "hours=0.1", "--no-report")


def dispatchlab(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "cli.py"), *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)


def result(*words: str, cwd: Path) -> dict[str, object]:
    done = dispatchlab("run", "quickstart", *TINY, "--json", *words, cwd=cwd)
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)  # one object and nothing else
    return answer


def test_an_empty_market(tmp_path: Path) -> None:
    answer = result("--set", "demand.orders_per_day=0", cwd=tmp_path)
    assert answer["orders_placed"] == 0
    assert answer["complete"] is True


def test_no_drivers_cancels_what_nobody_can_carry(tmp_path: Path) -> None:
    answer = result("--set", "drivers=0", cwd=tmp_path)
    assert answer["orders_delivered"] == 0
    assert answer["orders_cancelled"] == answer["orders_placed"]
    assert isinstance(answer["orders_placed"], int)
    assert answer["orders_placed"] > 5


def test_one_driver_delivers_something(tmp_path: Path) -> None:
    answer = result("--set", "drivers=1", cwd=tmp_path)
    assert isinstance(answer["orders_delivered"], int)
    assert 1 <= answer["orders_delivered"] < 20


def test_restaurants_that_never_open_lose_all_demand(tmp_path: Path) -> None:
    closed = ("--set", "kitchens.open_h=3", "--set", "kitchens.close_h=3")
    answer = result(*closed, cwd=tmp_path)
    assert answer["orders_placed"] == 0
    assert json.loads((tmp_path / str(answer["run"]) / "run.json").read_text())["lost_demand"] > 5


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("run", "quickstrat"), "unknown scenario 'quickstrat'; did you mean 'quickstart'?"),
        (
            ("run", "quickstart", "--set", "demand.orders_per_dya=5"),
            "--set demand.orders_per_dya=5: unknown key 'demand.orders_per_dya';"
            " did you mean 'orders_per_day'?",
        ),
        (
            ("run", "quickstart", "--strategy", "nearset"),
            "unknown strategy 'nearset'; did you mean 'nearest'?",
        ),
        (
            ("run", "quickstart", "--strategy", "batch:windw_s=3"),
            "unknown parameter of strategy 'batch': 'windw_s'; did you mean 'window_s'?",
        ),
        (("run", "quickstart", "--eta", "multifactor"), "did you mean 'multi_factor'?"),
        (("run", "quickstart", "--seed", "abc"), "Invalid value for '--seed'"),
        (("run", "quickstart", "--seed", "-1"), "--seed -1: must be 0 or more"),
        (("run", "quickstart", "--set", "city.source=no.city"), "no.city"),
        (("compare", "quickstart", "--seeds", "5-x"), "not a list of whole numbers"),
        (("compare", "quickstart", "--strategies", ""), "nothing to compare"),
        (("report", "nowhere"), "nowhere"),
        (
            ("run", "rappi_day", "--set", 'shocks=[{kind="rain", start_h=12, end_h=13}]'),
            "shocks need roads: set trace.geography to 'transplant'",
        ),
        (("strategies", "show", "bathc"), "did you mean 'batch'?"),
        (("frobnicate",), "No such command 'frobnicate'"),
    ],
)
def test_wrong_input_gets_one_line_and_writes_nothing(
    words: tuple[str, ...], line: str, tmp_path: Path
) -> None:
    done = dispatchlab(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert line in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.99])
def test_a_truncated_city_file(keep: float, tmp_path: Path, riverton: City) -> None:
    whole = tmp_path / "town.city"
    riverton.save(whole)
    (tmp_path / "cut.city").write_bytes(whole.read_bytes()[: int(whole.stat().st_size * keep)])
    done = dispatchlab("run", "quickstart", "--set", "city.source=cut.city", cwd=tmp_path)
    assert done.returncode == 2
    assert "cut.city" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_that_is_no_run_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    done = dispatchlab("run", "quickstart", "--out", "mine", cwd=tmp_path)
    assert done.returncode == 2
    assert "not a run folder" in done.stderr


def test_an_interrupt_keeps_what_there_is(tmp_path: Path) -> None:
    def interrupt(now: Progress) -> None:
        if now.now_s > 18.2 * HOUR_S:
            raise KeyboardInterrupt

    folder = run_scenario("quickstart", out=tmp_path / "cut", watch=interrupt, with_report=False)
    run = reports.open_run(folder)
    assert not run.is_complete
    assert 20 < len(run.orders) < 100
    assert (run.orders["placed_s"] <= 18.3 * HOUR_S).all()
    assert reports.slo(run)["metrics"]["placement_success_pct"]["value"] == 100.0


def test_a_city_that_is_not_at_hand_is_stood_in_for_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCHLAB_DATA", str(tmp_path / "nowhere"))
    told: list[str] = []
    folder = run_scenario(
        "porto_100k",
        overrides=["scale=0.0005", "hours=0.1"],
        out=tmp_path / "run",
        with_report=False,
        tell=told.append,
    )
    run = reports.open_run(folder)
    assert run.info["cities"][0]["name"] == "riverton"
    for lines in (told, run.info["notes"]):
        assert any("porto_portugal.osm.pbf is not in the data folder" in line for line in lines)
        assert any("builtin:riverton stands in" in line for line in lines)
