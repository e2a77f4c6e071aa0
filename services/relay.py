"""Moves events from the outbox to the bus: at least once, in order."""

from __future__ import annotations

from domain.ports import EventBus, Outbox


class Relay:
    """Publishes what the outbox holds. An event is marked sent only after the bus has it."""

    def __init__(self, outbox: Outbox, bus: EventBus, *, batch: int = 512) -> None:
        self._outbox = outbox
        self._bus = bus
        self._batch = batch

    async def run(self) -> int:
        """Publish until the outbox is empty; return how many events went out."""
        sent = 0
        while events := await self._outbox.pending(self._batch):
            await self._bus.publish(events)
            await self._outbox.mark_sent([event.id for event in events])
            sent += len(events)
        return sent
