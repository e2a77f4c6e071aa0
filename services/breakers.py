"""Circuit breakers: a dependency that fails is left alone for a while, and its callers answer at once.

The breaker is interlock's; here it runs on the clock port, so that a simulated outage and a real one take
the same course.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from interlock import CircuitBreaker, CircuitOpenError, Config, WindowType
from interlock.protocols import CoreEventListener
from interlock.state import State

from domain.errors import Unavailable
from domain.ports import Clock
from services.settings import BreakerSettings

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """A change of what works: `subject` (a breaker, a server) is now in `state`, and how it came about."""

    at_s: float
    subject: str
    state: str
    detail: str = ""


Witness = Callable[[Incident], None]


def unwitnessed(incident: Incident) -> None:
    """Tell nobody."""


class Breaker:
    """Guards the calls to one dependency; only `Unavailable` counts as its failure."""

    def __init__(self, name: str, settings: BreakerSettings, clock: Clock, witness: Witness) -> None:
        self.name = name
        self._timeout_s = settings.timeout_s
        self._last_failure = ""
        self._is_open = False
        self._tell = witness
        self._now_s = clock.now_s
        self._is_closed = True
        self._calm_from_s = -math.inf
        self._calm: deque[list[int]] = deque(maxlen=round(settings.window_s))
        self._window_s = settings.window_s
        self._clock = _Monotonic(clock)
        config = Config(
            failure_rate_threshold=settings.failure_rate,
            minimum_number_of_calls=settings.minimum_calls,
            permitted_calls_in_half_open=1,
            wait_duration_in_open=settings.reset_s,
            window_type=WindowType.TIME_BASED,
            window_size=round(settings.window_s),
        )
        self._circuit = CircuitBreaker(
            name=name,
            config=config,
            clock=self._clock,
            classifier=_OnlyUnavailable(),
            listener=_Changes(self._changed),
        )

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` answers.

        Raises:
            Unavailable: `work` raised it or took longer than the timeout, or the breaker is open. The time
            limit needs an event loop; adapters in memory answer at once.
        """
        if not self._is_closed or self._now_s() < self._calm_from_s:
            return await self._watched(work)
        # Nothing has failed for a window: the circuit hears of answers at the next failure. Success is the
        # rule and the circuit's bookkeeping costs more than most calls. A count per second of its window is
        # all that it would have kept of them.
        try:
            answer = await self._in_time(work)
        except Unavailable as failure:
            self._record(_fail, failure)
            raise
        except Exception:
            self._succeeded()
            raise
        self._succeeded()
        return answer

    async def _watched(self, work: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._circuit.call_async(self._in_time, work)
        except CircuitOpenError:
            raise Unavailable(f"{self.name} is out of order ({self._last_failure})") from None

    def _succeeded(self) -> None:
        """Count an answer for later; at once if another call has failed since this one began."""
        second = int(self._now_s())
        if second < self._calm_from_s:
            self._record(_nothing)
        elif self._calm and self._calm[-1][0] == second:
            self._calm[-1][1] += 1
        else:
            self._calm.append([second, 1])

    def _record(self, work: Callable[..., None], *arguments: Unavailable) -> None:
        """Tell the circuit of the answers since it last heard, at their times, and of this call."""
        for second, count in self._calm:
            self._clock.set_s = second
            for _ in range(count):
                self._circuit.call(_nothing)
        self._calm.clear()
        self._clock.set_s = None
        with suppress(CircuitOpenError, Unavailable):  # opened by a call that began with this one
            self._circuit.call(work, *arguments)

    async def _in_time(self, work: Callable[[], Awaitable[T]]) -> T:
        try:
            if asyncio._get_running_loop() is None or asyncio.current_task() is None:  # no error
                return await work()
            async with asyncio.timeout(self._timeout_s):
                return await work()
        except TimeoutError:
            self._failed(f"no answer within {self._timeout_s:g} s")
            raise Unavailable(f"{self.name}: {self._last_failure}") from None
        except Unavailable as failure:
            self._failed(str(failure))
            raise

    def _failed(self, why: str) -> None:
        self._last_failure = why
        self._calm_from_s = self._now_s() + self._window_s + 1.0

    def _changed(self, state: State) -> None:
        """Tell of opening and closing; the trials in between are no news."""
        self._is_closed = state is State.CLOSED
        if state is State.HALF_OPEN or (state is State.OPEN) == self._is_open:
            return
        self._is_open = state is State.OPEN
        detail = self._last_failure if self._is_open else ""
        word = "open" if self._is_open else "closed"
        self._tell(Incident(at_s=self._now_s(), subject=f"breaker {self.name}", state=word, detail=detail))


class _Changes(CoreEventListener):
    """Hears of changes of state."""

    def __init__(self, hear: Callable[[State], None]) -> None:
        self._hear = hear

    def on_state_change(self, *, name: str, old: State, new: State) -> None:  # noqa: ARG002  # interlock's
        self._hear(new)


class _Monotonic:
    """The clock port as interlock wants it; at `set_s` while that is set."""

    def __init__(self, clock: Clock) -> None:
        self._now_s = clock.now_s
        self.set_s: float | None = None

    def monotonic(self) -> float:
        """Return the time, seconds."""
        return self._now_s() if self.set_s is None else self.set_s


class _OnlyUnavailable:
    """Refusals of single requests are answers, not failures."""

    def is_failure(self, *, result: object, exception: Exception | None) -> bool:  # noqa: ARG002  # interlock's
        return isinstance(exception, Unavailable)


def _nothing() -> None:
    """Succeed."""


def _fail(failure: Unavailable) -> None:
    """Fail."""
    raise failure
