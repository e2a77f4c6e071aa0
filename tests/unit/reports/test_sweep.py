from __future__ import annotations

import json
from math import isnan
from pathlib import Path

import pandas as pd
import pytest

import reports
from reports.metrics import METRICS
from reports.plots.sweep import metric_curves
from reports.style import styled
from reports.sweep import Sweep, SweptRun
from reports.sweep_files import RESULT_KEYS, SWEEP_KEYS, sweep_json, write_sweep
from reports.testing import make_run_folder

VARIED = {"drivers": ["40", "60"], "batch:window_s": ["5", "20"]}


def swept(folder: Path, strategy: str, seed: int, **varied: str) -> SweptRun:
    """Return a synthetic run; more drivers and shorter windows are better."""
    name = f"{strategy}-{seed}-{'-'.join(varied.values())}"
    skill = 0.4 + int(varied["drivers"]) / 200.0 + (0.1 if varied.get("batch:window_s") == "5" else 0.0)
    made = make_run_folder(folder / name, strategy=strategy, seed=seed, orders=80, skill=skill)
    reports.write_slo(made)
    return SweptRun(run=reports.open_run(made), strategy=strategy, varied=varied, sha256=name)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    folder = tmp_path_factory.mktemp("sweep")
    runs = []
    for seed in (1, 2, 3):
        for drivers in VARIED["drivers"]:
            runs.append(swept(folder, "nearest", seed, drivers=drivers))
            runs += [
                swept(folder, "batch", seed, drivers=drivers, **{"batch:window_s": window})
                for window in VARIED["batch:window_s"]
            ]
    asked = {
        "scenario": "dinner|1",
        "set": ["hours=1"],
        "eta": None,
        "strategies": ["nearest", "batch"],
        "seeds": [1, 2, 3],
        "varied": VARIED,
    }
    return Sweep(runs=runs, asked=asked)


def test_the_table_has_a_row_per_run_and_every_metric(sweep: Sweep) -> None:
    table = sweep.frame
    assert len(table) == 18
    assert {"run", "strategy", "drivers", "batch:window_s", "seed", "orders_sha256", *METRICS} == {
        *table.columns
    }
    assert table["drivers"].dtype.kind in "if"
    assert table.loc[table["strategy"] == "nearest", "batch:window_s"].isna().all()


def test_means_are_over_the_seeds_of_a_place(sweep: Sweep) -> None:
    metric, spot = METRICS["click_to_door_mean_min"], (("drivers", "40"), ("batch:window_s", "20"))
    table = sweep.frame
    own = table[(table["strategy"] == "batch") & (table["drivers"] == 40) & (table["batch:window_s"] == 20)]
    found = sweep.estimate("batch", spot, metric)
    assert found.n == 3
    assert found.mean == pytest.approx(own[metric.id].mean())
    assert found.low < found.mean < found.high
    assert sweep.spots["nearest"] == [(("drivers", "40"),), (("drivers", "60"),)]


def test_metrics_are_those_measured_when_the_run_was_made(sweep: Sweep) -> None:
    run = sweep.runs[0].run
    measured = reports.measure(run)
    for name, value in sweep.runs[0].values.items():
        assert value == measured[name] or (isnan(value) and isnan(measured[name])), name


def test_the_files_are_whole_and_the_same_each_time(sweep: Sweep, tmp_path: Path) -> None:
    for name in ("one", "two"):
        page = write_sweep(sweep, tmp_path / name)
        assert page.name == "report.html"
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["report.html", "report.md", "sweep.csv", "sweep.json", "sweep.parquet"]
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file
    said = json.loads((tmp_path / "one" / "sweep.json").read_text())
    assert list(said) == list(SWEEP_KEYS)
    assert said["complete"] is True
    assert list(sweep_json(sweep, tmp_path)) == [*SWEEP_KEYS, *RESULT_KEYS]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "one" / "sweep.parquet"), sweep.frame)
    assert len(pd.read_csv(tmp_path / "one" / "sweep.csv")) == 18


def test_the_report_shows_every_place_and_how_to_repeat_it(sweep: Sweep, tmp_path: Path) -> None:
    write_sweep(sweep, tmp_path)
    page, text = ((tmp_path / f"report.{kind}").read_text("utf-8") for kind in ("html", "md"))
    command = "dispatchlab sweep 'dinner|1' --strategies nearest,batch --seeds 1,2,3 --vary drivers=40,60"
    assert command in text
    assert text.count("| batch |") == 4
    assert text.count("| nearest |") == 2
    assert page.count('<th scope="row">') == 6
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_strategy_without_the_varied_parameter_is_level(sweep: Sweep) -> None:
    first = {"batch:window_s": VARIED["batch:window_s"], "drivers": VARIED["drivers"]}
    turned = Sweep(runs=sweep.runs, asked={**sweep.asked, "varied": first})
    with styled():
        figure = metric_curves(turned)
    assert figure is not None
    lines = {line.get_label(): list(line.get_ydata()) for line in figure.axes[1].get_lines()}
    level = lines["nearest, drivers=40"]
    assert level[0] == level[1]
    assert len(lines["batch, drivers=40"]) == 2


def test_one_value_of_text_and_one_seed_are_drawn_too(tmp_path: Path, sweep: Sweep) -> None:
    one = swept(tmp_path, "score", 1, drivers="40")
    asked = {**sweep.asked, "varied": {"drivers": ["40"], "city.source": ["builtin:riverton"]}}
    plain = SweptRun(run=one.run, strategy="score", varied={"city.source": "builtin:riverton"}, sha256="")
    write_sweep(
        Sweep(runs=[plain], asked={**asked, "varied": {"city.source": ["builtin:riverton"]}}), tmp_path / "r"
    )
    assert "city.source" in (tmp_path / "r" / "report.html").read_text("utf-8")


def test_what_failed_or_is_missing_is_said(sweep: Sweep, tmp_path: Path) -> None:
    partly = Sweep(
        runs=sweep.runs, asked=sweep.asked, failed={"x-seed1": "no such bridge"}, missing=["y-seed1"]
    )
    write_sweep(partly, tmp_path)
    assert not partly.is_complete
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "x-seed1 failed: no such bridge" in text
    assert "1 run not made" in text


def test_the_terminal_shows_a_row_per_place(sweep: Sweep) -> None:
    assert reports.sweep_table(sweep).row_count == 6
