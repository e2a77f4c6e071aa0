"""Moves events from the outbox to the bus: at least once, in order."""

from __future__ import annotations

import math

from domain.ports import Clock, EventBus, Outbox
from services.agenda import Agenda


class Relay:
    """Publishes what the outbox holds. An event is marked sent only after the bus has it.

    What waits on the bus for a handler that was unavailable is handed out again every `redeliver_s`.
    """

    def __init__(
        self,
        outbox: Outbox,
        bus: EventBus,
        clock: Clock,
        agenda: Agenda,
        *,
        redeliver_s: float = 5.0,
        batch: int = 512,
    ) -> None:
        self._outbox = outbox
        self._bus = bus
        self._clock = clock
        self._agenda = agenda
        self._redeliver_s = redeliver_s
        self._batch = batch
        self._redeliver_at_s = math.inf

    async def run(self) -> int:
        """Publish what the outbox holds; return how many events went out."""
        sent, is_full = 0, True
        while is_full:
            events = await self._outbox.pending(self._batch)
            if events:
                await self._bus.publish(events)
                await self._outbox.mark_sent([event.id for event in events])
                sent += len(events)
            is_full = len(events) == self._batch
        if self._redeliver_at_s == math.inf and self._bus.backlog():
            self._redeliver_in_a_while()
        return sent

    def next_due_s(self) -> float:
        """Return when waiting events are to be handed out again; inf if none wait."""
        return self._redeliver_at_s

    async def redeliver(self) -> None:
        """Hand out again what waits, if it is time."""
        if self._clock.now_s() < self._redeliver_at_s:
            return
        await self._bus.deliver()
        self._redeliver_at_s = math.inf
        if self._bus.backlog():
            self._redeliver_in_a_while()

    def _redeliver_in_a_while(self) -> None:
        self._redeliver_at_s = self._clock.now_s() + self._redeliver_s
        self._agenda.note(self._redeliver_at_s)
