"""The baseline's file: written from runs, edited by people, read with care."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from domain.errors import DataError
from reports.gate import Tolerance, baseline_of, read_baseline, write_baseline
from reports.gate.source import can_be_gated
from reports.gate.tolerance import DEFAULT_TOLERANCES
from reports.metrics import METRICS


@pytest.fixture
def path(tmp_path, baseline):
    path = tmp_path / "baselines" / "ci.json"
    write_baseline(path, baseline)
    return path


def test_it_reads_what_it_wrote(path, baseline):
    assert read_baseline(path) == baseline
    assert [each.name for each in path.parent.iterdir()] == ["ci.json"]


def test_one_disturbed_repeat_does_not_move_the_speed(make):
    runs = [run for units in (900.0, 1000.0, 5000.0) for run in make(seeds=(1,), units=units)]
    (reference,) = baseline_of(runs).runs["batch + multi_factor"].values()
    assert reference.units == 1000.0


def test_an_update_keeps_the_tolerances_and_nothing_else(make, baseline):
    edited = replace(baseline, tolerances={"on_time_pct": Tolerance(absolute=9.0)})
    new = baseline_of(make("score", seeds=(7,)), edited)
    assert new.tolerances == edited.tolerances
    assert {label: list(row) for label, row in new.runs.items()} == {"score + multi_factor": [7]}


def test_every_default_tolerance_is_of_a_metric_with_a_direction():
    assert all(can_be_gated(name) for name in DEFAULT_TOLERANCES)
    assert {name for name in DEFAULT_TOLERANCES if name not in METRICS} == set()


def test_no_baseline_from_runs_that_disagree(make):
    runs = make(seeds=(1,), repeats=2)
    info = json.loads((runs[0].path / "run.json").read_text())
    runs[0].info["orders_sha256"] = info["orders_sha256"][::-1] + "x"
    with pytest.raises(DataError, match="its repeats have other orders"):
        baseline_of(runs)
    with pytest.raises(DataError, match=r"another world: hours is 2\.0"):
        baseline_of(make() + make(hours=2.0))
    with pytest.raises(DataError, match="several processors"):
        baseline_of(make() + make(processor="another"))
    with pytest.raises(DataError, match="was interrupted"):
        baseline_of(make(complete=False))


@pytest.mark.parametrize(
    ("keys", "value", "line"),
    [
        (
            ("tolerances", "on_time_pc"),
            {},
            "tolerances.on_time_pc: not a metric; did you mean 'on_time_pct'?",
        ),
        (
            ("tolerances", "utilisation_pct"),
            {},
            "tolerances.utilisation_pct: wall time, or better neither way",
        ),
        (
            ("tolerances", "on_time_pct"),
            {"absolut": 2.0},
            "unknown key 'tolerances.on_time_pct.absolut'; did you mean 'absolute'?",
        ),
        (
            ("tolerances", "on_time_pct"),
            {"absolute": "2"},
            'tolerances.on_time_pct.absolute = "2": input should be a valid number',
        ),
        (
            ("tolerances", "on_time_pct"),
            {"absolute": -2.0},
            "tolerances.on_time_pct.absolute = -2.0: must be 0 or more",
        ),
        (("speed", "all_pct"), -1.0, "speed.all_pct = -1.0: must be 0 or more"),
        (("toleranzes",), {}, "unknown key 'toleranzes'; did you mean 'tolerances'?"),
        (("format",), 2, "format = 2: this version reads format 1"),
    ],
)
def test_a_wrong_key_gets_one_line(path, keys, value, line):
    data = json.loads(path.read_text())
    place = data
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    path.write_text(json.dumps(data))
    with pytest.raises(DataError) as caught:
        read_baseline(path)
    assert f"{path}: {line}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "not readable as JSON"),
        ("{", "not readable as JSON"),
        ("[]", "input should be an object"),
        ('{"format": 1}', "key 'scenario' is missing"),
    ],
)
def test_what_is_no_baseline_gets_one_line(tmp_path, text, line):
    path = tmp_path / "ci.json"
    path.write_text(text)
    with pytest.raises(DataError, match=line):
        read_baseline(path)


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(DataError, match=r"no\.json: cannot read this baseline: .*gate update"):
        read_baseline(tmp_path / "no.json")


def test_left_out_tolerances_are_the_defaults(path):
    data = json.loads(path.read_text())
    del data["tolerances"]
    path.write_text(json.dumps(data))
    assert read_baseline(path).tolerances == DEFAULT_TOLERANCES
