"""The outbox in memory: sent events are dropped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from adapters.memory.database import MemoryDatabase
from domain.events import Event


class MemoryOutbox:
    """Unsent events of a `MemoryDatabase` (implements domain.ports.Outbox)."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._events = database.outbox

    async def pending(self, limit: int) -> list[Event]:
        """Return up to `limit` unsent events, oldest first."""
        events = self._events
        return list(events.values() if len(events) <= limit else islice(events.values(), limit))

    async def mark_sent(self, event_ids: Sequence[int]) -> None:
        """Drop events that have reached the bus."""
        for event_id in event_ids:
            self._events.pop(event_id, None)
