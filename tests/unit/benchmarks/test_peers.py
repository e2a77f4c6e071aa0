"""Beside other simulators: the same day, by the same rules; what is said when the peer is not there."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import peers
from benchmarks._as_scenario import write_scenario
from benchmarks._peer_policy import NearestAble
from benchmarks.mdrp.day import play
from benchmarks.mdrp.small import small_instance
from benchmarks.peers import PEER, SAME, STATE, Row, compare, joined, main, ours, rows_table, verdict
from domain.errors import UserError
from matching.registry import load_strategy
from scenarios.mdrp import metrics, violations
from scenarios.rappi import read_rappi


def row(name, *, step_min=1, cpu_s=0.5, ctd_min=30.0):
    return Row(
        name=name,
        step_min=step_min,
        orders=100,
        cpu_s=cpu_s,
        speed=1.0,
        ctd_min=ctd_min,
        undelivered_pct=0.0,
        violations=0,
    )


def doors(instance, solution):
    """Return when each order was dropped off, -1 for never."""
    minutes = np.full(len(instance.order_ids), -1)
    minutes[solution.order] = solution.dropped_off_min
    return minutes.tolist()


@pytest.mark.parametrize("step_min", [1, 5])
@pytest.mark.parametrize("drivers", [3, 12])
def test_dvrpsim_delivers_every_order_in_the_minute_in_which_we_do(step_min, drivers):
    adapter = pytest.importorskip("benchmarks._dvrpsim_day", reason="dvrpsim is not installed")
    instance = small_instance(orders=60, drivers=drivers, seed=3)
    theirs = adapter.solution_of(adapter.play_dvrpsim(instance, step_min=step_min), instance)
    mine = play(instance, NearestAble(window_s=60.0 * step_min)).solution
    assert violations(instance, theirs) == []
    assert doors(instance, theirs) == doors(instance, mine)
    assert metrics(instance, theirs)["ctd_min"] == metrics(instance, mine)["ctd_min"]


def test_click_to_door_of_dvrpsim_counts_half_the_service_at_the_door():
    adapter = pytest.importorskip("benchmarks._dvrpsim_day", reason="dvrpsim is not installed")
    day = replace(
        small_instance(orders=1, drivers=1, restaurants=1),
        order_xy_m=np.array([[3_200, 0]]),
        restaurant_xy_m=np.array([[0, 0]]),
        driver_xy_m=np.array([[0, 321]]),
        placed_min=np.array([600]),
        ready_min=np.array([610]),
        on_min=np.array([500]),
    )
    solution = adapter.solution_of(adapter.play_dvrpsim(day, step_min=1), day)
    assert solution.arrived_min.tolist() == [602]  # 321 m at 320 m/min
    assert solution.picked_up_min.tolist() == [610]
    assert metrics(day, solution)["ctd_min"] == 10 + 2 + 10 + 2


def test_without_the_peer_ours_are_measured_and_the_page_says_how_to_install_it(
    monkeypatch, shared_days, capsys
):
    monkeypatch.setitem(sys.modules, "dvrpsim", None)
    monkeypatch.delitem(sys.modules, "benchmarks._dvrpsim_day", raising=False)
    words = ["--folder", str(shared_days), "--instances", "0o50t100s1p100", "--strategies", "nearest"]
    assert main([*words, "--steps", "5", "--rounds", "1", "--day", "", "--no-whole"]) == 0
    page = capsys.readouterr().out
    assert "pip install 'dispatchlab[peers]'" in page
    assert "| ours, the same policy | 5 min |" in page
    assert "| ours, `nearest` | 5 min |" in page
    assert "Bar" not in page


def test_the_bar_is_speed_at_no_worse_click_to_door():
    quick = [row(PEER), row(STATE, cpu_s=2.0), row(SAME, cpu_s=0.25)]
    later = [row(PEER, step_min=5), row(SAME, step_min=5, cpu_s=0.05, ctd_min=30.1)]
    assert verdict([*quick, *later]).endswith(
        "every 1 min 8.0 (dvrpsim, as documented): kept; every 1 min 2.0 (dvrpsim, by its objects): MISSED; "
        "every 5 min 10.0 (dvrpsim, by its objects): MISSED."
    )
    assert "| dvrpsim, by its objects | 1 min | 200 | 1.00 | 30.00 | 0.00 | 0 |" in rows_table(quick)


def test_speed_is_the_median_of_ratios_within_rounds(monkeypatch):
    clock = iter(range(0, 10_000))
    monkeypatch.setattr(peers, "process_time", lambda: next(clock))
    contenders = {PEER: ours(NearestAble()), SAME: ours(load_strategy("nearest"))}
    first, second = compare(small_instance(), 5, contenders, rounds=3, watch=lambda name: None)
    assert (first.name, second.name) == (PEER, SAME)
    assert (first.speed, second.speed, second.orders_per_s) == (1.0, 1.0, 40.0)


def test_days_are_joined_with_their_own_restaurants():
    one, two = small_instance(seed=1), small_instance(seed=2, restaurants=7)
    both = joined([one, two])
    assert (len(both.order_ids), len(both.restaurant_ids), len(both.driver_ids)) == (80, 12, 12)
    assert (both.restaurant_xy_m[both.restaurant[40:]] == two.restaurant_xy_m[two.restaurant]).all()
    assert violations(both, play(both, NearestAble()).solution) == []
    with pytest.raises(UserError, match="speed_m_per_min"):
        joined([one, replace(two, speed_m_per_min=100)])


def test_a_day_becomes_a_trace_of_the_same_orders_and_shifts(tmp_path):
    day = small_instance()
    write_scenario(tmp_path, day)
    trace = read_rappi(tmp_path / "day")
    assert trace.placed_s.tolist() == (60.0 * day.placed_min).tolist()
    assert trace.ready_s.tolist() == (60.0 * day.ready_min).tolist()
    assert trace.off_s.tolist() == (60.0 * day.off_min).tolist()
    assert trace.notes == ()


def test_a_wrong_interval_is_told_in_one_line(capsys):
    assert main(["--steps", "1,half"]) == 2
    assert capsys.readouterr().err == (
        "error: --steps are whole minutes from 1 on, with commas between, not '1,half'\n"
    )
