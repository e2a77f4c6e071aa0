"""Publishing in lockstep: an event has been consumed from the broker and handled when its publish returns."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from adapters.kafka.codec import decode
from adapters.kafka.messages import Offsets, Outgoing, Position
from adapters.kafka.naming import Names
from adapters.kafka.offsets import OffsetReader
from adapters.kafka.producing import AckedProducer
from adapters.kafka.reader import GroupReader
from domain.errors import Unavailable
from domain.events import Event, Topic
from domain.ports import Handler

T = TypeVar("T")
Step = tuple[Topic, str]
"""A topic, and a group that is to get its events."""

Handlers = dict[Topic, dict[str, Handler]]
"""By topic and group, in the order of subscription."""

OpenReader = Callable[[str], GroupReader]
"""Opens a group's reader; it blocks, and is called in the readers' thread."""

_turn_in_hand: ContextVar[object | None] = ContextVar("turn_in_hand", default=None)
"""Whose turn it was when this code was called: tells publishes by handlers from others."""


@dataclass(eq=False)
class _Batch:
    """What one publish sent, and who is to get it; `positions` are known once `settled`."""

    steps: list[Step]
    positions: list[Position] = field(default_factory=list)
    settled: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class _Given:
    """Events for one group, and where they lie."""

    events: list[Event]
    positions: list[Position]


class Lockstep:
    """Hands out events as adapters.memory.bus.MemoryBus does, by way of a real broker.

    Batches go to the groups in the order in which they were published, whatever their partitions. Events
    that a handler publishes are on the broker when its publish returns, and are handed out after the batch in
    hand. A handler that raises `Unavailable` finds its events waiting at the next `deliver`; any other error
    fails the publish. Publishes that do not come from handlers take turns.

    Groups see what this bus publishes from their subscription on, and nothing that others have written to the
    topics; what an earlier process published and did not see handled is for its publisher to repeat.
    """

    def __init__(
        self,
        handlers: Handlers,
        names: Names,
        producer: AckedProducer,
        offsets: OffsetReader,
        open_reader: OpenReader,
    ) -> None:
        self._handlers = handlers
        self._names = names
        self._producer = producer
        self._offsets = offsets
        self._open_reader = open_reader
        self._readers: dict[str, GroupReader] = {}
        self._joined: set[Step] = set()
        self._queue: deque[_Batch] = deque()
        self._waiting: dict[Step, _Given] = {}
        self._lock = asyncio.Lock()
        self._turn: object | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka lockstep")

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Send messages and hand them out.

        Raises:
            Unavailable: the broker did not take them, or did not give them back, in time. And what faulty
                handlers raise.
        """
        if self._is_of_a_handler():
            await self._send(messages)
            return
        async with self._taking_turns():
            await self._join()
            await self._send(messages)
            await self._drain()

    async def deliver(self) -> None:
        """Hand out again what waits for a handler that was unavailable; within a handler, do nothing."""
        if self._is_of_a_handler():
            return
        async with self._taking_turns():
            for step, given in list(self._waiting.items()):
                del self._waiting[step]
                await self._hand_out(step, given)
            await self._drain()

    def backlog(self) -> int:
        """Return how many events wait for a handler that was unavailable."""
        return sum(len(given.events) for given in self._waiting.values())

    def done(self, group: str) -> Offsets:
        """Return up to where a group has handled its events."""
        return self._readers[group].done if group in self._readers else {}

    async def close(self) -> None:
        """Commit what is handled and end."""
        while self._readers:
            _, reader = self._readers.popitem()
            await self._in_thread(reader.close)
        self._thread.shutdown()

    def _is_of_a_handler(self) -> bool:
        return self._turn is not None and _turn_in_hand.get() is self._turn

    @asynccontextmanager
    async def _taking_turns(self) -> AsyncIterator[None]:
        async with self._lock:
            self._turn = object()
            mark = _turn_in_hand.set(self._turn)
            try:
                yield
            finally:
                _turn_in_hand.reset(mark)
                self._turn = None

    async def _join(self) -> None:
        """Let those who have subscribed since the last time take part from here on."""
        steps = [(topic, group) for topic, handlers in self._handlers.items() for group in handlers]
        new = [step for step in steps if step not in self._joined]
        if not new:
            return
        ends = await self._offsets.ends({self._names.topic(topic) for topic, _ in new})
        for topic, group in new:
            if group not in self._readers:
                self._readers[group] = await self._in_thread(self._open_reader, group)
            name = self._names.topic(topic)
            starts = {where: end for where, end in ends.items() if where[0] == name}
            await self._in_thread(self._readers[group].add, starts)
            self._joined.add((topic, group))

    async def _send(self, messages: Sequence[Outgoing]) -> None:
        sent = {self._names.topics[message.topic]: None for message in messages}
        steps = [(topic, group) for topic in sent for group in self._handlers[topic]]
        batch = _Batch(steps=[step for step in steps if step in self._joined])
        self._queue.append(batch)
        try:
            batch.positions = await self._producer.send_located(messages)
        except BaseException:
            batch.steps.clear()
            raise
        finally:
            batch.settled.set()

    async def _drain(self) -> None:
        while self._queue:
            batch = self._queue.popleft()
            await batch.settled.wait()
            if batch.steps:
                for step, given in (await self._in_thread(self._read, batch)).items():
                    await self._hand_out(step, given)

    async def _hand_out(self, step: Step, given: _Given) -> None:
        waiting = self._waiting.get(step)
        if waiting is not None:
            waiting.events += given.events
            waiting.positions += given.positions
            return
        topic, group = step
        try:
            await self._handlers[topic][group](given.events)
        except Unavailable:
            self._waiting[step] = given
        else:
            self._readers[group].handled(given.positions)

    def _read(self, batch: _Batch) -> dict[Step, _Given]:
        """Consume a batch for every group, in the readers' thread."""
        read = {}
        for topic, group in batch.steps:
            name = self._names.topic(topic)
            positions = [position for position in batch.positions if position.topic == name]
            messages = self._readers[group].take(positions)
            read[topic, group] = _Given([decode(topic, one.value()) for one in messages], positions)
        return read

    async def _in_thread(self, call: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)
