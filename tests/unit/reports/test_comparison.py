from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain.errors import DataError
from reports.comparison import Comparison, compare
from reports.metrics import METRICS
from reports.run import Run, open_run
from reports.testing import make_run_folder
from reports.verdicts import verdict, winner_text


def _run(folder: Path, **wanted: Any) -> Run:
    return open_run(make_run_folder(folder, **{"orders": 60, "drivers": 8, **wanted}))


def test_strategies_times_seeds(comparison: Comparison) -> None:
    assert comparison.labels == ["batch", "nearest", "score"]
    assert comparison.seeds == [1, 2, 3]
    assert comparison.is_paired
    assert comparison.leader == "batch"


def test_the_better_strategy_wins_and_the_world_ties(comparison: Comparison) -> None:
    found = comparison.winner(METRICS["click_to_door_mean_min"])
    assert found is not None
    assert found.names == ("batch",)
    assert found.is_established
    same = comparison.winner(METRICS["placement_success_pct"])
    assert same is not None
    assert not same.is_established


def test_wall_time_has_no_winner(comparison: Comparison) -> None:
    assert comparison.winner(METRICS["decision_p95_ms"]) is None


def test_a_bias_is_judged_by_its_size(comparison: Comparison) -> None:
    metric = METRICS["eta_placement_bias_min"]
    found = comparison.winner(metric)
    sizes = {label: abs(comparison.estimate(label, metric).mean) for label in comparison.labels}
    assert found is not None
    assert found.names[0] == min(sizes, key=sizes.__getitem__)


def test_other_scenarios_are_refused(tmp_path: Path) -> None:
    runs = [_run(tmp_path / "a"), _run(tmp_path / "b", hours=3.0, strategy="score")]
    with pytest.raises(DataError, match="has other settings") as caught:
        compare(runs)
    assert "\n" not in str(caught.value)


def test_the_same_run_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="same strategy and seed 1"):
        compare([_run(tmp_path / "a"), _run(tmp_path / "b")])


def test_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="no runs"):
        compare([])


def test_an_unknown_baseline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="baseline 'nearest'; there are: batch"):
        compare([_run(tmp_path / "a")], baseline="nearest")


def test_labels_grow_until_they_differ(tmp_path: Path) -> None:
    first = _run(tmp_path / "a", parameters=(("window_s", 20.0),))
    second = _run(tmp_path / "b", parameters=(("window_s", 60.0),))
    third = _run(tmp_path / "c", strategy="score", eta="gradient")
    assert compare([first, second]).labels == ["batch (window_s=20.0)", "batch (window_s=60.0)"]
    assert compare([first, third]).labels == ["batch + multi_factor", "score + gradient"]


def test_interrupted_runs_are_left_out(tmp_path: Path) -> None:
    runs = [_run(tmp_path / "a"), _run(tmp_path / "b", seed=2, complete=False)]
    found = compare(runs)
    assert found.seeds == [1]
    assert [run.seed for run in found.interrupted] == [2]
    assert compare([runs[1]]).seeds == [2]


def test_different_orders_are_not_called_paired(tmp_path: Path) -> None:
    runs = [
        _run(tmp_path / f"{name}{seed}", strategy=name, seed=seed)
        for name in ("batch", "score")
        for seed in (1, 2)
    ]
    path = runs[0].path / "orders.parquet"
    frame = runs[0].orders
    frame["placed_s"] += 60.0
    frame.to_parquet(path, index=False)
    found = compare([open_run(run.path) for run in runs])
    assert not found.is_paired
    assert "NOT paired" in verdict(found).basis


def test_the_verdict_answers_in_words(comparison: Comparison) -> None:
    said = verdict(comparison)
    assert said.headline.startswith("batch")
    assert "SLOs" in said.headline
    assert any("wins on" in sentence for sentence in said.details)
    assert "3 seeds" in said.basis
    assert winner_text(comparison, "click_to_door_mean_min").startswith("batch by ")
    assert winner_text(comparison, "placement_success_pct").startswith("tie: ")


def test_one_seed_says_so(tmp_path: Path) -> None:
    runs = [_run(tmp_path / name, strategy=name) for name in ("batch", "nearest")]
    said = verdict(compare(runs))
    assert "no intervals" in said.basis
    assert not any("wins" in sentence for sentence in said.details)


def test_one_run_is_a_comparison(tmp_path: Path) -> None:
    found = compare([_run(tmp_path / "a")])
    assert verdict(found).headline.startswith("batch meets ")
    assert winner_text(found, "on_time_pct") == "–"


def test_a_scenario_without_objectives(tmp_path: Path) -> None:
    run = _run(tmp_path / "a")
    info = json.loads((run.path / "run.json").read_text())
    info["scenario"]["slo"] = {}
    (run.path / "run.json").write_text(json.dumps(info))
    assert verdict(compare([open_run(run.path)])).headline == "The scenario sets no objectives."


def test_an_empty_run_has_a_verdict(empty_run: Run) -> None:
    assert "could be measured" in verdict(compare([empty_run])).headline
