"""An event bus within the process."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

from domain.errors import Unavailable
from domain.events import Event, EventKind, Topic
from domain.ports import Handler

_EVERY_KIND = frozenset(EventKind)


class MemoryBus:
    """Runs handlers at publish, one after the other in the order of subscription (implements EventBus).

    Events published by a handler are delivered after the batch in hand, so each subscriber sees them in the
    order of publication. A handler that raises `Unavailable` finds its events waiting at the next `deliver`;
    any other error fails the publish. Subscribers of one topic under one group name would compete on a real
    bus: here a group may subscribe to a topic once.
    """

    def __init__(self) -> None:
        self._handlers: dict[Topic, dict[str, tuple[Handler, Collection[EventKind]]]] = {
            topic: {} for topic in Topic
        }
        self._queue: deque[Sequence[Event]] = deque()
        self._waiting: dict[tuple[Topic, str], list[Event]] = {}
        self._is_draining = False

    async def publish(self, events: Sequence[Event]) -> None:
        """Deliver a batch to every subscriber of its topics."""
        self._queue.append(events)
        await self._drain()

    def subscribe(
        self, topic: Topic, group: str, handler: Handler, *, kinds: Collection[EventKind] | None = None
    ) -> None:
        """Give `handler` the batches of `topic`, or only what is of these `kinds` in them.

        Raises:
            ValueError: the group already subscribes to the topic.
        """
        if group in self._handlers[topic]:
            raise ValueError(f"group {group!r} already subscribes to {topic}")
        self._handlers[topic][group] = handler, _EVERY_KIND if kinds is None else frozenset(kinds)

    async def deliver(self) -> None:
        """Hand out again what waits for a handler that was unavailable; within a handler, do nothing."""
        if self._is_draining:
            return
        self._is_draining = True
        try:
            for (topic, group), events in list(self._waiting.items()):
                del self._waiting[topic, group]
                await self._hand_out(topic, group, events)
        finally:
            self._is_draining = False
        await self._drain()

    def backlog(self) -> int:
        """Return how many events wait for a handler that was unavailable."""
        return sum(map(len, self._waiting.values())) if self._waiting else 0

    async def _drain(self) -> None:
        if self._is_draining:
            return
        self._is_draining = True
        try:
            while self._queue:
                await self._deliver(self._queue.popleft())
        finally:
            self._is_draining = False

    async def _deliver(self, events: Sequence[Event]) -> None:
        if len(events) == 1:
            batches = {events[0].topic: events}
        else:
            batches = {topic: [e for e in events if e.topic is topic] for topic in self._handlers}
        for topic, batch in batches.items():
            for group, (_, kinds) in self._handlers[topic].items():
                wanted = [event for event in batch if event.kind in kinds]
                if not wanted:
                    continue
                waiting = self._waiting.get((topic, group)) if self._waiting else None
                if waiting is not None:
                    waiting.extend(wanted)
                else:
                    await self._hand_out(topic, group, wanted)

    async def _hand_out(self, topic: Topic, group: str, events: list[Event]) -> None:
        try:
            await self._handlers[topic][group][0](events)
        except Unavailable:
            self._waiting[topic, group] = events
