"""How much work a run was, in a unit that another day, or another neighbour on the machine, finds as big.

Seconds of CPU time do not compare: clocks, caches and whoever shares the core change them by half. So a small
fixed piece of work, the unit, is timed again and again within the simulation, by the system's CPU timer. The
simulation's CPU time over the median of these is its worth in units: what slows the machine slows both alike.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import thread_time_ns
from types import FrameType

from sim.calibration_unit import VERSION, work

_FIRST_INTERVAL_S = 0.012
_MOST_SAMPLES = 1024
_NS = 1e-9


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a simulation was worth: `units`, over `cpu_s` seconds of CPU time, calibrating left out.

    `samples`: how often the unit was timed; `cost_s`: the CPU time of that; `version`: of the unit.
    """

    units: float
    cpu_s: float
    samples: int
    cost_s: float
    version: int = VERSION


def total(parts: Sequence[Calibration | None]) -> Calibration | None:
    """Return the sum of the markets' calibrations; None where one of them has none."""
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    return Calibration(
        units=sum(part.units for part in known),
        cpu_s=sum(part.cpu_s for part in known),
        samples=sum(part.samples for part in known),
        cost_s=sum(part.cost_s for part in known),
    )


class Calibrator:
    """Times the unit within the work of this thread; made by `calibrated`.

    Samples are evenly spread over the CPU time: with too many, every other one is forgotten and the interval
    doubles, so that a long run pays next to nothing.
    """

    def __init__(self) -> None:
        self._samples_ns: list[int] = []
        self._taken = 0
        self._interval_s = _FIRST_INTERVAL_S
        self._began_ns = self._cost_ns = self._spent_ns = 0

    @property
    def result(self) -> Calibration | None:
        """What was measured, once the block has ended; None where it was too short or could not be timed."""
        if not self._samples_ns:
            return None
        worked_ns = self._spent_ns - self._cost_ns
        return Calibration(
            units=worked_ns / median(self._samples_ns),
            cpu_s=worked_ns * _NS,
            samples=self._taken,
            cost_s=self._cost_ns * _NS,
        )

    def start(self) -> None:
        """Begin."""
        work()  # the first time is slower than all others
        self._began_ns = thread_time_ns()
        self._plan()

    def stop(self) -> None:
        """End."""
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        self._spent_ns = thread_time_ns() - self._began_ns

    def sample(self, _number: int, _frame: FrameType | None) -> None:
        """Time the unit once, as the handler of the timer's signal, and plan the next time."""
        before_ns = thread_time_ns()
        work()
        cost_ns = thread_time_ns() - before_ns
        self._cost_ns += cost_ns
        self._taken += 1
        self._samples_ns.append(cost_ns)
        if len(self._samples_ns) >= _MOST_SAMPLES:
            self._samples_ns = self._samples_ns[::2]
            self._interval_s *= 2.0
        self._plan()

    def _plan(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, self._interval_s)


@contextmanager
def calibrated(*, wanted: bool = True) -> Iterator[Calibrator]:
    """Calibrate the work of the block, if `wanted` and possible; costs under 3 % of its CPU time.

    Possible is it in the main thread, which alone gets signals, on systems that have a CPU timer (Windows has
    not), and while no profiler uses that timer.
    """
    calibrator = Calibrator()
    if not (wanted and _is_possible()):
        yield calibrator
        return
    before = signal.signal(signal.SIGPROF, calibrator.sample)
    calibrator.start()
    try:
        yield calibrator
    finally:
        calibrator.stop()
        signal.signal(signal.SIGPROF, before)


def _is_possible() -> bool:
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        return False
    return signal.getsignal(signal.SIGPROF) == signal.SIG_DFL
