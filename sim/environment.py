"""SimPy's environment and its time."""

from __future__ import annotations

from collections import defaultdict
from heapq import heapify, heappush
from math import inf

import simpy
from simpy.core import SimTime
from simpy.events import NORMAL, EventPriority

_SPAN_S = 2.0  # a power of two: bounds of spans are exact
_FIRST = EventPriority(-2)  # before SimPy's own, from -1 to 1

_Entry = tuple[SimTime, EventPriority, int, simpy.Event]


class Environment(simpy.Environment):
    """SimPy's environment for many waiting events, which come in SimPy's order; it also counts them.

    Only what is due within a short span is in SimPy's queue, a heap that the processor's cache holds. What is
    due later waits by span, unsorted (a calendar queue; Brown 1988).
    """

    def __init__(self, initial_time: float = 0.0) -> None:
        super().__init__(initial_time)
        for name in ("process", "timeout", "event"):  # SimPy binds them early, too, but not for a subclass
            setattr(self, name, getattr(self, name))
        self._later: defaultdict[float, list[_Entry]] = defaultdict(list)
        self._waiting = 0
        self._until_s = (initial_time // _SPAN_S + 1.0) * _SPAN_S

    @property
    def events(self) -> int:
        """Number of events scheduled so far."""
        counter = self._eid.__reduce__()[1]  # an itertools.count, read without advancing it
        return int(counter[0])

    @property
    def pending(self) -> int:
        """Number of events that are still to come."""
        return len(self._queue) - bool(self._later) + self._waiting

    def schedule(self, event: simpy.Event, priority: EventPriority = NORMAL, delay: SimTime = 0) -> None:
        """Schedule an event with a priority, after a delay."""
        at_s = self._now + delay
        entry = (at_s, priority, next(self._eid), event)
        if at_s < self._until_s or at_s == inf:
            heappush(self._queue, entry)
            return
        if not self._later:
            self._await_next_span()
        self._later[at_s // _SPAN_S].append(entry)
        self._waiting += 1

    def _await_next_span(self) -> None:
        """Put an event at the end of the span, one that does not count, into the queue."""
        end = simpy.Event(self)
        end._ok, end._value = True, None
        end.callbacks.append(self._begin_next_span)
        heappush(self._queue, (self._until_s, _FIRST, 0, end))

    def _begin_next_span(self, _event: simpy.Event) -> None:
        """Queue what is due within the next span that has anything."""
        span = self._until_s // _SPAN_S
        if span not in self._later:
            span = min(self._later)
        due = self._later.pop(span)
        self._waiting -= len(due)
        self._queue += due
        heapify(self._queue)
        self._until_s = (span + 1.0) * _SPAN_S
        if self._later:
            self._await_next_span()


class VirtualTime:
    """The clock port of a world: SimPy's time."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env

    def now_s(self) -> float:
        """Return the time, seconds since local midnight."""
        return float(self._env.now)
