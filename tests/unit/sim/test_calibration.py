"""A run's CPU time in units of a small work timed within it."""

from __future__ import annotations

import math
import time

import pytest

import sim.calibration
from sim.calibration import Calibration, Calibrator, total


def burn(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        sum(range(100))


def test_the_work_between_events_is_counted_in_units_and_calibrating_is_not_work() -> None:
    calibrator = Calibrator()
    calibrator.start()
    began = time.thread_time()
    for _ in range(40):
        burn(0.005)
        if time.perf_counter() >= calibrator.due_s:
            calibrator.sample()
    spent = time.thread_time() - began
    calibrator.stop()
    found = calibrator.result
    assert found is not None
    assert 5 <= found.samples <= 13  # 200 ms, one for 16 to 21 ms
    assert found.units > 20.0
    assert 0.0 < found.cost_s < found.cpu_s
    assert found.cpu_s + found.cost_s == pytest.approx(spent, rel=0.05)


def test_before_the_start_and_after_the_end_no_sample_is_due() -> None:
    calibrator = Calibrator()
    assert calibrator.due_s == math.inf
    calibrator.start()
    assert calibrator.due_s < math.inf
    calibrator.stop()
    assert (calibrator.due_s, calibrator.result) == (math.inf, None)


def test_a_long_run_is_sampled_ever_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    now_ns, taken_at = [0], []
    monkeypatch.setattr(sim.calibration, "thread_time_ns", lambda: now_ns[0])

    def work() -> None:
        taken_at.append(now_ns[0])
        now_ns[0] += 300_000

    monkeypatch.setattr(sim.calibration, "work", work)
    calibrator = Calibrator()
    calibrator.start()
    for _ in range(30_000):
        now_ns[0] += 4_000_000
        calibrator.sample()
    calibrator.stop()
    found = calibrator.result
    assert found is not None
    assert found.samples == len(taken_at) - 1  # the first work only warms up
    assert found.samples < 3000
    assert taken_at[-1] - taken_at[-2] > 4 * (taken_at[2] - taken_at[1])


def test_markets_add_up_and_one_unknown_makes_the_sum_unknown() -> None:
    one, two = Calibration(10.0, 1.0, 5, 0.1, 3), Calibration(30.0, 2.0, 6, 0.2, 4)
    assert total([one, two]) == Calibration(40.0, 3.0, 11, pytest.approx(0.3), 7)
    assert total([one, None]) is None
    assert total([]) is None
