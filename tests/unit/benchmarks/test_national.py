"""A whole run beside bare SimPy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.national import MEASURED_EVENTS, bare_s, bare_total_s, main, rows_of, run, table
from domain.errors import UserError


def test_bare_simpy_is_measured_on_a_part_and_counted_for_all() -> None:
    assert bare_s(0, 10) == 0.0
    whole = bare_s(MEASURED_EVENTS, 100)
    assert whole > 0.05
    assert 5.0 * whole < bare_s(10 * MEASURED_EVENTS, 100) < 20.0 * whole


def test_a_run_is_put_beside_bare_simpy(tmp_path: Path) -> None:
    info = run("ci", "nearest", scale=0.5, workers=1, folder=tmp_path / "run")
    (market,) = info["markets"]
    assert 0 < market["most_pending"] < market["events"] == info["events"]
    assert bare_total_s(info["markets"], 1) > 0.0
    rows = dict(rows_of(info, tmp_path / "run", bare_cpu_s=0.5 * info["cpu_s"]))
    assert rows["times bare SimPy"] == "2.0"
    assert int(rows["orders"]) == market["orders"]
    assert 0 < int(rows["most drivers on shift at once"]) <= market["drivers"]
    assert sum(float(rows[f"{stage}, % of wall time"]) for stage in info["stages_s"]) == pytest.approx(
        100, abs=1
    )
    assert table({"one": list(rows.items()), "two": list(rows.items())}).splitlines()[2].count(" | ") == 2


def test_a_failed_run_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        run("nowhere", "batch", scale=1.0, workers=1, folder=tmp_path / "run")


def test_what_was_measured_before_a_failure_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--runs", "ci:nearest,nowhere:batch", "--scale", "0.3", "--workers", "1"]
    monkeypatch.setattr(sys, "argv", ["national", *words])
    assert main() == 2
    printed = capsys.readouterr()
    assert printed.out.startswith("| | ci, nearest |\n")
    assert printed.err.splitlines()[-1].startswith("error: run nowhere")
