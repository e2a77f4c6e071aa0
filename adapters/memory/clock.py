"""Clocks: the machine's, one that several processes share, and one that is set."""

from __future__ import annotations

import time
from datetime import datetime


class VirtualClock:
    """A clock that stands until it is set (implements domain.ports.Clock)."""

    def __init__(self, now_s: float = 0.0) -> None:
        self._now_s = now_s

    def now_s(self) -> float:
        """Return the time it was set to."""
        return self._now_s

    def set_s(self, now_s: float) -> None:
        """Set the time; it never goes back.

        Raises:
            ValueError: `now_s` is earlier than the time now, or NaN.
        """
        if not now_s >= self._now_s:
            raise ValueError(f"the clock stands at {self._now_s} s and cannot go back to {now_s} s")
        self._now_s = now_s


class SystemClock:
    """Seconds since the local midnight before the clock was made; changes of the wall clock do not matter."""

    def __init__(self) -> None:
        wall = datetime.now().astimezone()
        midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
        self._zero = time.monotonic() - (wall - midnight).total_seconds()

    def now_s(self) -> float:
        """Return the time now; beyond 86,400 the next day."""
        return time.monotonic() - self._zero


class SharedClock:
    """Seconds since a given moment, a local midnight: the same for every process that knows it."""

    def __init__(self, zero_at: datetime) -> None:
        self._zero_s = zero_at.timestamp()

    def now_s(self) -> float:
        """Return the time now; beyond 86,400 another day."""
        return time.time() - self._zero_s
