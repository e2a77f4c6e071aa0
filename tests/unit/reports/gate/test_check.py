"""What passes the gate, what fails, and what it refuses to judge."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from domain.errors import DataError
from reports.gate import Baseline, SpeedTolerance, Status, Tolerance, baseline_of, check
from reports.gate.rows import ALL
from reports.run import Run, open_run

SKILLED, CLUMSY = 0.9, 0.3  # `batch` of synthetic runs has 0.9


def rows(outcome):
    return {row.metric.id: row for row in outcome.quality if row.metric is not None}


def edited(run: Run, **changes) -> Run:
    path = run.path / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return open_run(run.path)


def test_the_same_runs_pass_unchanged(make, baseline):
    outcome = check(baseline, make())
    assert outcome.passed
    assert not outcome.improved
    assert {row.status for row in outcome.quality} == {Status.SAME}
    assert (outcome.identical, outcome.total) == (3, 3)


def test_a_worse_strategy_fails_and_a_better_one_is_told(make):
    good, bad = baseline_of(make(skill=SKILLED)), baseline_of(make(skill=CLUMSY))
    worse, better = check(good, make(skill=CLUMSY)), check(bad, make(skill=SKILLED))
    assert not worse.passed
    assert rows(worse)["click_to_door_mean_min"].status is Status.WORSE
    assert better.passed
    assert better.improved
    assert rows(better)["click_to_door_mean_min"].status is Status.BETTER


def test_higher_is_better_where_it_is(make):
    baseline = baseline_of(make(skill=CLUMSY))
    row = rows(check(baseline, make(skill=SKILLED)))["on_time_pct"]
    assert row.now > row.before
    assert row.worse.mean == pytest.approx(row.before - row.now)
    assert row.status is Status.BETTER


def test_nearer_to_zero_is_better_where_it_is(make):
    baseline = replace(baseline_of(make()), tolerances={"eta_placement_bias_min": Tolerance(absolute=0.1)})
    runs = make()
    for run in runs:
        path = run.path / "orders.parquet"
        orders = pd.read_parquet(path)
        ahead = (orders["delivered_s"] - orders["eta_placement_s"]).mean() * 2.0
        orders.assign(eta_placement_s=orders["eta_placement_s"] + ahead).to_parquet(path, index=False)
    row = rows(check(baseline, runs))["eta_placement_bias_min"]
    assert row.now == pytest.approx(-row.before)  # as far from zero on the other side
    assert row.status is not Status.BETTER
    assert row.worse.mean == pytest.approx(0.0, abs=1e-4)


def test_the_tolerance_decides(make, baseline):
    worse = rows(check(baseline, make(skill=CLUMSY)))["click_to_door_mean_min"].worse.mean
    for factor, passes in ((0.9, False), (1.1, True)):
        for tolerance in (
            Tolerance(absolute=factor * worse),
            Tolerance(relative_pct=100.0 * factor * worse / _before(baseline)),
        ):
            loose = replace(baseline, tolerances={"click_to_door_mean_min": tolerance})
            assert check(loose, make(skill=CLUMSY), only="quality").passed is passes


def _before(baseline: Baseline) -> float:
    values = [
        each.metrics["click_to_door_mean_min"] for each in baseline.runs["batch + multi_factor"].values()
    ]
    return sum(value for value in values if value is not None) / len(values)


def test_what_can_no_longer_be_measured_fails(make, baseline):
    runs = make()
    path = runs[0].path / "orders.parquet"
    pd.read_parquet(path).assign(delivered_s=float("nan")).to_parquet(path, index=False)
    outcome = check(baseline, runs)
    assert rows(outcome)["click_to_door_mean_min"].status is Status.MISSING
    assert not outcome.passed


def test_what_the_baseline_could_not_measure_is_left_out(make):
    baseline = baseline_of(make(seeds=(1,), orders=0))
    outcome = check(baseline, make(seeds=(1,)))
    assert "click_to_door_mean_min" not in rows(outcome)


def test_metrics_without_tolerance_are_not_judged(make, baseline):
    few = replace(baseline, tolerances={"cancelled_pct": Tolerance(absolute=50.0)})
    outcome = check(few, make(skill=CLUMSY))
    assert rows(outcome).keys() == {"cancelled_pct"}
    assert outcome.passed


def test_repeats_with_other_orders_fail(make, baseline):
    runs = make(repeats=2)
    edited(runs[0], orders_sha256="other")
    outcome = check(baseline, [open_run(run.path) for run in runs])
    assert [row.label for row in outcome.rows if row.status.fails] == ["batch + multi_factor, seed 1"]


# --- speed


@pytest.mark.parametrize(("units", "passes"), [(1050.0, True), (1070.0, False), (900.0, True)])
def test_a_slowdown_beyond_the_tolerance_fails(make, baseline, units, passes):
    outcome = check(baseline, make(units=units))
    (row,) = outcome.speed
    assert row.worse.mean == pytest.approx(units / 10.0 - 100.0)
    assert outcome.passed is passes
    assert (row.status is Status.BETTER) is (units == 900.0)


def test_one_disturbed_run_does_not_matter(make, baseline):
    assert check(baseline, make(units=1000.0, repeats=2) + make(seeds=(2,), units=9000.0)).passed


def test_all_strategies_together_are_judged_too(make):
    baseline = baseline_of(make("batch") + make("score"))

    def found(batch: float, score: float) -> dict[str, Status]:
        outcome = check(baseline, make("batch", units=batch) + make("score", units=score))
        return {row.label.removesuffix(" + multi_factor"): row.status for row in outcome.speed}

    within, worse = Status.WITHIN, Status.WORSE
    assert found(1070.0, 1070.0) == {"batch": within, "score": within, ALL: worse}
    assert found(1100.0, 1000.0) == {"batch": worse, "score": within, ALL: within}


def test_another_processor_has_the_wider_tolerance(make):
    baseline = replace(baseline_of(make()), speed=SpeedTolerance(all_pct=5.0, other_machine_pct=20.0))
    elsewhere = {"processor": "another", "units": 1150.0}
    assert not check(baseline, make(units=1150.0)).passed
    outcome = check(baseline, make(**elsewhere))
    assert outcome.is_other_machine
    assert outcome.passed
    assert not check(baseline, make(processor="another", units=1250.0)).passed


def test_runs_without_calibration_have_no_speed(make, baseline):
    runs = make(units=None)
    with pytest.raises(DataError, match=r"run\.json: no calibration.*--only quality"):
        check(baseline, runs)
    assert check(baseline, runs, only="quality").passed
    with pytest.raises(DataError, match="holds no speeds"):
        check(baseline_of(runs), make())


def test_other_units_do_not_compare(make, baseline):
    runs = make()
    newer = edited(runs[0], calibration={**runs[0].info["calibration"], "version": 2})
    with pytest.raises(DataError, match="units of version 2, the baseline in version 1"):
        check(baseline, [newer, *runs[1:]])


def test_one_part_alone(make, baseline):
    slow, clumsy = make(units=2000.0), make(skill=CLUMSY)
    assert check(baseline, slow, only="quality").passed
    assert check(baseline, clumsy, only="speed").passed
    assert not check(baseline, slow, only="speed").passed
    assert not check(baseline, clumsy, only="quality").passed


# --- refusals


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({"hours": 3.0}, r"another world: hours is 3\.0, but 4\.0 in the baseline"),
        ({"markets": 2}, "another world: length of markets is 2, but 1 in the baseline"),
        (
            {"seeds": (1, 2, 9)},
            r"batch \+ multi_factor, seed 9: not in the baseline, which has seeds 1, 2, 3",
        ),
        ({"strategy": "bathc"}, r"bathc \+ multi_factor, seed 1: not in the baseline, which has batch"),
        ({"seeds": (1, 3)}, r"no run of batch \+ multi_factor, seed 2, which the baseline has"),
        ({"complete": False}, "was interrupted"),
    ],
)
def test_runs_that_do_not_fit_are_refused(make, baseline, words, line):
    with pytest.raises(DataError, match=line):
        check(baseline, make(**words))


def test_a_setting_that_is_new_does_not_make_another_world(make, baseline):
    runs = make()
    changed = [edited(run, scenario={**run.scenario, "weather": "fine"}) for run in runs]
    assert check(baseline, changed).passed
