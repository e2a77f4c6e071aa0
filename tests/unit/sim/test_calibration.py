"""A run's CPU time in units of a small work timed within it."""

from __future__ import annotations

import signal
import threading
import time
from types import SimpleNamespace

import pytest

import sim.calibration
from sim.calibration import Calibration, Calibrator, calibrated, total


def burn(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        sum(range(100))


def test_work_is_counted_in_units_and_what_calibrating_costs_is_not_work() -> None:
    began = time.thread_time()
    with calibrated() as calibrator:
        burn(0.4)
    spent, found = time.thread_time() - began, calibrator.result
    assert found is not None
    assert found.samples >= 1
    assert found.units > 10.0
    assert 0.0 < found.cost_s < found.cpu_s
    assert found.cpu_s + found.cost_s <= spent
    assert found.cpu_s > 0.5 * (spent - found.cost_s)


def test_the_timer_and_its_handler_are_put_back_even_on_an_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt), calibrated():
        raise KeyboardInterrupt
    assert signal.getsignal(signal.SIGPROF) == signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_PROF)[0] == 0.0


def test_nothing_is_measured_where_it_is_not_wanted() -> None:
    with calibrated(wanted=False) as calibrator:
        burn(0.05)
    assert calibrator.result is None


def test_nothing_is_measured_outside_the_main_thread() -> None:
    found: list[Calibration | None] = []

    def work() -> None:
        with calibrated() as calibrator:
            burn(0.05)
        found.append(calibrator.result)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [None]


def test_a_profiler_keeps_its_timer() -> None:
    def mine(*_: object) -> None:
        pass

    before = signal.signal(signal.SIGPROF, mine)
    try:
        with calibrated() as calibrator:
            assert signal.getsignal(signal.SIGPROF) is mine
        assert calibrator.result is None
    finally:
        signal.signal(signal.SIGPROF, before)


def test_a_long_run_is_sampled_ever_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[float] = []
    timer = SimpleNamespace(setitimer=lambda _, seconds: planned.append(seconds), ITIMER_PROF=0)
    monkeypatch.setattr(sim.calibration, "signal", timer)
    monkeypatch.setattr(sim.calibration, "work", lambda: None)
    calibrator = Calibrator()
    calibrator.start()
    for _ in range(3000):
        calibrator.sample(0, None)
    assert planned[-1] > 10.0 * planned[0]
    calibrator.stop()
    found = calibrator.result
    assert found is not None
    assert found.samples == 3000


def test_markets_add_up_and_one_unknown_makes_the_sum_unknown() -> None:
    one, two = Calibration(10.0, 1.0, 5, 0.1), Calibration(30.0, 2.0, 6, 0.2)
    assert total([one, two]) == Calibration(40.0, 3.0, 11, pytest.approx(0.3))
    assert total([one, None]) is None
    assert total([]) is None
