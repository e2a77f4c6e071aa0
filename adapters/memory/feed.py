"""A live feed within the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from domain.feed import Subject, Update


class MemoryFeed:
    """Queues per watcher (implements domain.ports.LiveFeed)."""

    def __init__(self) -> None:
        self._watchers: dict[tuple[Subject, int], list[asyncio.Queue[Update]]] = {}

    def is_heard(self) -> bool:
        """Tell whether anybody is watching."""
        return bool(self._watchers)

    async def publish(self, updates: Sequence[Update]) -> None:
        """Send updates to whoever watches their subjects."""
        for update in updates:
            for queue in self._watchers.get((update.subject, update.id), ()):
                queue.put_nowait(update)

    def watch(self, subject: Subject, number: int) -> AsyncIterator[Update]:
        """Yield the updates of one order or driver from now on."""
        queue: asyncio.Queue[Update] = asyncio.Queue()
        self._watchers.setdefault((subject, number), []).append(queue)
        return self._updates((subject, number), queue)

    async def _updates(self, key: tuple[Subject, int], queue: asyncio.Queue[Update]) -> AsyncIterator[Update]:
        try:
            while True:
                yield await queue.get()
        finally:
            self._watchers[key].remove(queue)
            if not self._watchers[key]:
                del self._watchers[key]
