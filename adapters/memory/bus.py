"""An event bus within the process."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

from domain.errors import Unavailable
from domain.events import Event, EventKind, Topic
from domain.ports import Handler


class MemoryBus:
    """Runs handlers at publish, one after the other in the order of subscription (implements EventBus).

    Events published by a handler are delivered after the batch in hand, so each subscriber sees them in the
    order of publication. A handler that raises `Unavailable` finds its events waiting at the next `deliver`;
    any other error fails the publish. Subscribers of one topic under one group name would compete on a real
    bus: here a group may subscribe to a topic once.
    """

    def __init__(self) -> None:
        self._handlers: dict[Topic, dict[str, Handler]] = {topic: {} for topic in Topic}
        self._groups: dict[tuple[Topic, EventKind], list[str]] = {
            (topic, kind): [] for topic in Topic for kind in EventKind
        }
        self._queue: deque[Sequence[Event]] = deque()
        self._waiting: dict[tuple[Topic, str], list[Event]] = {}
        self._is_draining = False

    async def publish(self, events: Sequence[Event]) -> None:
        """Deliver a batch to every subscriber of its topics."""
        self._queue.append(events)
        if not self._is_draining:
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
        self._handlers[topic][group] = handler
        for kind in EventKind if kinds is None else kinds:
            self._groups[topic, kind].append(group)

    async def deliver(self) -> None:
        """Hand out again what waits for a handler that was unavailable; within a handler, do nothing."""
        if self._is_draining:
            return
        self._is_draining = True
        try:
            for (topic, group), events in list(self._waiting.items()):
                del self._waiting[topic, group]
                await self._give(topic, group, events)
            await self._drain()
        finally:
            self._is_draining = False

    def backlog(self) -> int:
        """Return how many events wait for a handler that was unavailable."""
        return sum(map(len, self._waiting.values())) if self._waiting else 0

    async def _drain(self) -> None:
        self._is_draining = True
        try:
            while self._queue:
                events = self._queue.popleft()
                if len(events) == 1 and not self._waiting:
                    await self._deliver_one(events[0])
                else:
                    await self._deliver(events)
        finally:
            self._is_draining = False

    async def _deliver_one(self, event: Event) -> None:
        """Deliver a batch of one where nobody waits: what almost every call is."""
        topic = event.topic
        handlers = self._handlers[topic]
        for group in self._groups[topic, event.kind]:
            try:
                await handlers[group]([event])
            except Unavailable:
                self._waiting[topic, group] = [event]

    async def _deliver(self, events: Sequence[Event]) -> None:
        for topic in dict.fromkeys(event.topic for event in events):
            batch = [event for event in events if event.topic is topic]
            for group in self._handlers[topic]:
                wanted = [event for event in batch if group in self._groups[topic, event.kind]]
                if wanted:
                    await self._give(topic, group, wanted)

    async def _give(self, topic: Topic, group: str, events: list[Event]) -> None:
        """Hand events to a group, or let them wait behind others that wait."""
        if self._waiting and (topic, group) in self._waiting:
            self._waiting[topic, group].extend(events)
            return
        try:
            await self._handlers[topic][group](events)
        except Unavailable:
            self._waiting[topic, group] = events
