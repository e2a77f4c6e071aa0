"""Regret against what perfect foresight could have done, where that is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

import reports
from domain.errors import DataError
from reports.testing import make_run_folder
from reports.variant import world_hash


@pytest.fixture
def folder(tmp_path):
    """Return a folder of runs, two strategies of one seed."""
    for strategy in ("nearest", "batch"):
        make_run_folder(tmp_path / strategy, strategy=strategy, seed=1, orders=80, drivers=20)
    return tmp_path


def foresee(folder, *, better_s=60.0, only=None, **changes):
    """Write what foresight could have done: each order of `batch` sooner by so much, others not at all."""
    run = reports.open_run(folder / "batch")
    taken = run.column("orders", "delivered_s") - run.column("orders", "placed_s") - better_s
    market, order = (run.column("orders", name).astype(int) for name in ("market", "order"))
    markets = [[None] * int(order[market == m].max() + 1) for m in range(market.max() + 1)]
    for m, i, seconds in zip(market, order, taken, strict=True):
        if np.isfinite(seconds) and (only is None or i in only):
            markets[m][i] = seconds
    said = {"format": 1, "world_sha256": world_hash(run), "iterations": 1, "click_to_door_s": {"1": markets}}
    (folder / "hindsight.json").write_text(json.dumps({**said, **changes}))


def test_regret_is_the_mean_over_orders_that_both_deliver(folder):
    foresee(folder, better_s=90.0)
    assert reports.measure(reports.open_run(folder / "batch"))["regret_min"] == pytest.approx(1.5)
    delivered = np.flatnonzero(
        np.isfinite(reports.open_run(folder / "batch").column("orders", "delivered_s"))
    )
    foresee(folder, better_s=30.0, only=set(delivered[:3].tolist()))
    assert reports.measure(reports.open_run(folder / "batch"))["regret_min"] == pytest.approx(0.5)


def test_it_is_not_known_without_foresight_on_the_same_world_and_seed(folder):
    def regret():
        return reports.measure(reports.open_run(folder / "batch"))["regret_min"]

    assert np.isnan(regret())
    foresee(folder, world_sha256="another")
    assert np.isnan(regret())
    foresee(folder, click_to_door_s={"2": [[1.0]]})
    assert np.isnan(regret())


@pytest.mark.parametrize(
    ("text", "line"),
    [("{", "not readable"), ('{"format": 99}', "format 99"), ("[]", "not readable")],
)
def test_a_damaged_file_is_named(folder, text, line):
    (folder / "hindsight.json").write_text(text)
    with pytest.raises(DataError, match=rf"hindsight\.json: {line}"):
        reports.measure(reports.open_run(folder / "batch"))


def test_reports_show_it_or_say_that_it_is_not_known(folder):
    missing = "Regret is not known"
    without = reports.compare(reports.find_runs(folder))
    assert missing in reports.to_html(without)
    assert "Regret" not in reports.to_markdown(without).split("Regret is not known")[0]
    foresee(folder)
    known = reports.compare(reports.find_runs(folder))
    assert known.headlines[-1] == "regret_min"
    assert missing not in reports.to_html(known)
    assert "| Regret, mean |" in reports.to_markdown(known)
    assert "regret" in [str(cell) for cell in reports.summary_table(known).columns[0].cells]
