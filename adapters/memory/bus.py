"""An event bus within the process."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from domain.events import Event, Topic
from domain.ports import Handler


class MemoryBus:
    """Runs handlers at publish, one after the other in the order of subscription (implements EventBus).

    Events published by a handler are delivered after the batch in hand, so each subscriber sees them in the
    order of publication. A handler that raises fails the publish; later handlers do not see the batch until
    it is published again (at least once, as with a real bus). Subscribers of one topic under one group name
    would compete on a real bus: here a group may subscribe to a topic once.
    """

    def __init__(self) -> None:
        self._handlers: dict[Topic, dict[str, Handler]] = {topic: {} for topic in Topic}
        self._queue: deque[Sequence[Event]] = deque()
        self._is_draining = False

    async def publish(self, events: Sequence[Event]) -> None:
        """Deliver a batch to every subscriber of its topics."""
        self._queue.append(events)
        if self._is_draining:
            return
        self._is_draining = True
        try:
            while self._queue:
                await self._deliver(self._queue.popleft())
        finally:
            self._is_draining = False

    def subscribe(self, topic: Topic, group: str, handler: Handler) -> None:
        """Give `handler` the batches of `topic`.

        Raises:
            ValueError: the group already subscribes to the topic.
        """
        if group in self._handlers[topic]:
            raise ValueError(f"group {group!r} already subscribes to {topic}")
        self._handlers[topic][group] = handler

    async def _deliver(self, events: Sequence[Event]) -> None:
        if len(events) == 1:
            batches = {events[0].topic: list(events)}
        else:
            batches = {}
            for event in events:
                batches.setdefault(event.topic, []).append(event)
        for topic, batch in batches.items():
            for handler in self._handlers[topic].values():
                await handler(batch)
