"""How much work a run was, in a unit that another day, or another neighbour on the machine, finds as big.

Seconds of CPU time do not compare: clocks, caches and whoever shares the core change them by half. So a small
fixed piece of work, the unit, is timed again and again within the simulation. The simulation's CPU time over
the median of these is its worth in units: what slows the machine slows both alike.
"""

from __future__ import annotations

import math
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter, thread_time_ns

from sim.calibration_unit import VERSION, work

_FIRST_INTERVAL_NS = 16_000_000
_LOOKS = 4  # at the CPU time per interval, which on a busy core lasts longer than its CPU time
_MOST_SAMPLES = 1024
_NS = 1e-9


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a simulation was worth: `units`, over `cpu_s` seconds of CPU time, calibrating left out.

    `samples`: how often the unit was timed; `cost_s`: the CPU time of that; `switches`: how often another
    process took the core; `version`: of the unit.
    """

    units: float
    cpu_s: float
    samples: int
    cost_s: float
    switches: int
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
        switches=sum(part.switches for part in known),
    )


class Calibrator:
    """Times the unit between the steps of a simulation, which asks whether `due_s` has come.

    Samples are evenly spread over the CPU time: with too many, every other one is forgotten and the interval
    doubles, so that a long run pays next to nothing.
    """

    def __init__(self) -> None:
        self.due_s = math.inf
        """When to `sample`, in `time.perf_counter` seconds, which are cheaper to ask for than CPU time."""
        self._samples_ns: list[int] = []
        self._taken = 0
        self._interval_ns = _FIRST_INTERVAL_NS
        self._began_ns = self._last_ns = self._cost_ns = self._spent_ns = self._switches = 0

    @property
    def result(self) -> Calibration | None:
        """What was measured, after `stop`; None where the work was too short for a sample."""
        if not self._samples_ns:
            return None
        worked_ns = self._spent_ns - self._cost_ns
        return Calibration(
            units=worked_ns / median(self._samples_ns),
            cpu_s=worked_ns * _NS,
            samples=self._taken,
            cost_s=self._cost_ns * _NS,
            switches=self._switches,
        )

    def start(self) -> None:
        """Begin."""
        work()  # the first time is slower than all others
        self._switches = -_switches()
        self._began_ns = self._last_ns = thread_time_ns()
        self.due_s = perf_counter()

    def stop(self) -> None:
        """End."""
        self.due_s = math.inf
        self._spent_ns = thread_time_ns() - self._began_ns
        self._switches += _switches()

    def sample(self) -> None:
        """Time the unit, if enough CPU time has gone by since the last time."""
        before_ns = thread_time_ns()
        if before_ns - self._last_ns >= self._interval_ns:
            work()
            self._last_ns = thread_time_ns()
            self._keep(self._last_ns - before_ns)
        self.due_s = perf_counter() + self._interval_ns * _NS / _LOOKS

    def _keep(self, cost_ns: int) -> None:
        self._cost_ns += cost_ns
        self._taken += 1
        self._samples_ns.append(cost_ns)
        if len(self._samples_ns) >= _MOST_SAMPLES:
            self._samples_ns = self._samples_ns[::2]
            self._interval_ns *= 2


def _switches() -> int:
    """Return how often this process was made to give up the core so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
