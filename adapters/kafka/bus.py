"""The event bus on Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from confluent_kafka.admin import AdminClient

from adapters.kafka.codec import encode, headers
from adapters.kafka.lockstep import Handlers, Lockstep
from adapters.kafka.member import GroupMember
from adapters.kafka.messages import Offsets, Outgoing
from adapters.kafka.naming import Names
from adapters.kafka.offsets import OffsetReader
from adapters.kafka.producing import AckedProducer
from adapters.kafka.reader import GroupReader
from adapters.kafka.serving import GroupLoop
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import delete_topics
from domain.errors import InvalidRequest
from domain.events import Event, EventKind, Topic
from domain.ports import Handler

HEADROOM_BYTES = 1024
"""What a message is larger than its value: key, headers, framing."""


class KafkaBus:
    """Publishes events to Kafka and hands them to groups (implements domain.ports.EventBus).

    In lockstep, handlers run before `publish` returns (see `Lockstep`): for a simulator. Otherwise `publish`
    returns when every replica that is in sync has the events, and groups get them while `run` runs, in this
    process and others (see `GroupLoop`); a group that is new to a topic begins with the oldest event.

    `note` says what the broker did otherwise than asked; it is empty as a rule. Made by
    `adapters.kafka.connect`, within the event loop that uses it.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        names: Names,
        is_lockstep: bool,
        settings: KafkaSettings,
        admin: AdminClient,
        note: str,
    ) -> None:
        self.bootstrap = bootstrap
        self.note = note
        self._names = names
        self._admin = admin
        self._settings = settings
        self._handlers: Handlers = {topic: {} for topic in Topic}
        self._producer = AckedProducer(
            settings.producer(bootstrap, is_lockstep=is_lockstep),
            bootstrap=bootstrap,
            timeout_s=settings.publish_timeout_s,
        )
        self._offsets = OffsetReader(admin, bootstrap=bootstrap, timeout_s=settings.connect_timeout_s)
        self._lockstep = (
            Lockstep(self._handlers, self._names, self._producer, self._offsets, self._reader)
            if is_lockstep
            else None
        )
        self._loops: list[GroupLoop] = []

    async def publish(self, events: Sequence[Event]) -> None:
        """Publish a batch; returns when the brokers have it, in lockstep when it has been handled.

        Raises:
            Unavailable: not acknowledged in time; whether any of the batch was written is unknown.
            InvalidRequest: an event is too large; nothing was written.
            ValueError: an event holds what JSON cannot carry; nothing was written.
        """
        messages = [self._message(event) for event in events]
        if self._lockstep is None:
            await self._producer.send(messages)
        else:
            await self._lockstep.publish(messages)

    def subscribe(
        self, topic: Topic, group: str, handler: Handler, *, kinds: Collection[EventKind] | None = None
    ) -> None:
        """Give `handler` the batches of `topic`, or only what is of these `kinds` in them.

        Raises:
            ValueError: the group already subscribes to the topic.
            RuntimeError: `run` runs already.
        """
        if group in self._handlers[topic]:
            raise ValueError(f"group {group!r} already subscribes to {topic}")
        if self._loops:
            raise RuntimeError("groups must subscribe before the bus runs")
        self._handlers[topic][group] = handler if kinds is None else _only(frozenset(kinds), handler)

    async def deliver(self) -> None:
        """Hand out again what waits for a handler that was unavailable; `run` does so by itself."""
        if self._lockstep is not None:
            await self._lockstep.deliver()

    def backlog(self) -> int:
        """Return how many events wait here for a handler that was unavailable."""
        if self._lockstep is not None:
            return self._lockstep.backlog()
        return sum(loop.backlog() for loop in self._loops)

    async def run(self, stop: asyncio.Event) -> None:
        """Hand events to the groups that have subscribed, until `stop` is set.

        Raises:
            RuntimeError: the bus is in lockstep, or runs already.
            Unavailable: librdkafka has given a consumer up.
        """
        if self._lockstep is not None or self._loops:
            raise RuntimeError("the bus is in lockstep" if self._lockstep else "the bus runs already")
        self._loops = [self._loop(group) for group in self._groups()]
        tasks = [asyncio.create_task(loop.run(stop)) for loop in self._loops]
        try:
            if tasks:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            else:
                await stop.wait()
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            self._loops = []
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result

    async def lag(self) -> dict[tuple[Topic, str], int]:
        """Return how many events each group of this bus has yet to handle, by topic and group.

        That is each partition's end less the offset that the group has committed, whichever process did so;
        what has been handled here counts before it is committed.

        Raises:
            Unavailable: the broker does not answer.
        """
        lags = {}
        for topic, handlers in self._handlers.items():
            if not handlers:
                continue
            name = self._names.topic(topic)
            ends, starts = await self._offsets.ends([name]), await self._offsets.starts([name])
            for group in handlers:
                reached = await self._offsets.committed(self._names.group(group), starts) | self._done(group)
                lags[topic, group] = sum(max(0, end - reached[where]) for where, end in ends.items())
        return lags

    async def close(self) -> None:
        """Send what is unsent and disconnect; `run` must have ended. Harmless when repeated."""
        if self._lockstep is not None:
            await self._lockstep.close()
        await self._producer.close()

    async def drop(self) -> None:
        """Close, and delete the topics of this prefix with all that they hold.

        Raises:
            Unavailable: the broker does not answer, or refuses.
        """
        await self.close()
        timeout_s = self._settings.connect_timeout_s
        await asyncio.to_thread(delete_topics, self._admin, self._names, self.bootstrap, timeout_s)

    def _message(self, event: Event) -> Outgoing:
        value, limit = encode(event), self._settings.max_message_bytes
        if len(value) + HEADROOM_BYTES > limit:
            raise InvalidRequest(
                f"event {event.id} ({event.kind}) has {len(value):,} bytes, the bus takes up to {limit:,}"
            )
        return Outgoing(self._names.topic(event.topic), b"%d" % event.key, value, headers(event))

    def _done(self, group: str) -> Offsets:
        if self._lockstep is not None:
            return self._lockstep.done(group)
        return next((loop.member.done for loop in self._loops if loop.group == group), {})

    def _groups(self) -> list[str]:
        return list(dict.fromkeys(group for handlers in self._handlers.values() for group in handlers))

    def _reader(self, group: str) -> GroupReader:
        return GroupReader(
            self._settings.consumer(self.bootstrap, self._names.group(group)),
            bootstrap=self.bootstrap,
            timeout_s=self._settings.read_timeout_s,
        )

    def _loop(self, group: str) -> GroupLoop:
        handlers = {topic: by_group[group] for topic, by_group in self._handlers.items() if group in by_group}
        member = GroupMember(
            self._settings.member(self.bootstrap, self._names.group(group)),
            [self._names.topic(topic) for topic in handlers],
            bootstrap=self.bootstrap,
            batch=self._settings.batch,
        )
        return GroupLoop(
            group,
            handlers,
            member=member,
            producer=self._producer,
            names=self._names,
            settings=self._settings,
        )


def _only(kinds: Collection[EventKind], handler: Handler) -> Handler:
    """Return a handler that hands on the events of some kinds."""

    async def handle(events: Sequence[Event]) -> None:
        wanted = [event for event in events if event.kind in kinds]
        if wanted:
            await handler(wanted)

    return handle
