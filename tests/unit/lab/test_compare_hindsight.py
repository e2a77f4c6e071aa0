"""`compare` tells how far strategies are from perfect foresight."""

from __future__ import annotations

import json

import pytest

from lab import compare_scenario
from reports.metrics import METRICS


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    strategies, overrides = ["nearest", "batch"], ["hours=0.1"]
    return compare_scenario("quickstart", strategies=strategies, seeds=[1], overrides=overrides, out=folder)


def test_every_strategy_has_a_regret_that_agrees_with_click_to_door(comparison):
    regret, taken = METRICS["regret_min"], METRICS["click_to_door_mean_min"]
    means = {
        label: (comparison.estimate(label, regret).mean, comparison.estimate(label, taken).mean)
        for label in comparison.labels
    }
    assert all(-0.5 < lost < in_all for lost, in_all in means.values())  # services are means in the plan
    (one, other) = means.values()
    assert one[0] - other[0] == pytest.approx(one[1] - other[1], abs=0.2)


def test_it_is_kept_beside_the_runs_and_left_out_when_asked(comparison, tmp_path):
    said = json.loads((comparison.first.path.parent / "hindsight.json").read_text())
    (seconds,) = said["click_to_door_s"]["1"]
    assert len(seconds) == len(comparison.first.orders)
    compare_scenario(
        "quickstart",
        strategies=["nearest"],
        seeds=[1],
        overrides=["hours=0.05"],
        out=tmp_path,
        with_hindsight=False,
    )
    assert not (tmp_path / "hindsight.json").exists()
