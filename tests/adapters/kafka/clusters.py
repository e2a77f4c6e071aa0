"""Buses on either cluster, and what tests do with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from adapters.kafka import KafkaBus, KafkaSettings, connect
from domain.events import Event, EventKind, Topic
from domain.ports import Handler

Subscriptions = dict[tuple[Topic, str], Handler]


@dataclass(frozen=True)
class Cluster:
    """Where a cluster listens, how to talk to it, and a prefix that nobody else uses."""

    bootstrap: str
    settings: KafkaSettings
    prefix: str

    async def connect(self, *, is_lockstep: bool = False, **changes: Any) -> KafkaBus:
        """Return a bus, with changed settings."""
        return await connect(
            self.bootstrap,
            prefix=self.prefix,
            is_lockstep=is_lockstep,
            settings=replace(self.settings, **changes),
        )

    @asynccontextmanager
    async def running(self, subscriptions: Subscriptions, **changes: Any) -> AsyncIterator[KafkaBus]:
        """Run a bus in the background."""
        bus = await self.connect(**changes)
        for (topic, group), handler in subscriptions.items():
            bus.subscribe(topic, group, handler)
        stop = asyncio.Event()
        running = asyncio.create_task(bus.run(stop))
        try:
            yield bus
        finally:
            stop.set()
            try:
                await running
            finally:
                await bus.close()

    def send_raw(self, topic: str, value: bytes, *, key: str = "1") -> None:
        """Put a message of any kind on a topic of the prefix."""
        producer = Producer(self.settings.common(self.bootstrap))
        producer.produce(f"{self.prefix}.{topic}", value, key, headers={"trace": b"17"})
        assert producer.flush(10) == 0

    def dead_letters(self, count: int) -> list[Message]:
        """Return the first dead letters."""
        consumer = Consumer(self.settings.consumer(self.bootstrap, uuid4().hex))
        topic = f"{self.prefix}.dead_letters"
        partitions = consumer.list_topics(topic, 5).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        messages = consumer.consume(count, 10.0)
        consumer.close()
        return messages


def event(number: int, *, key: int = 1, topic: Topic = Topic.ORDERS, **data: Any) -> Event:
    return Event(id=number, topic=topic, kind=EventKind.ORDER_PLACED, key=key, at_s=0.5 * number, data=data)


async def until(is_so: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(timeout_s):
        while not is_so():
            await asyncio.sleep(0.01)


def go(scenario: Coroutine[Any, Any, None]) -> None:
    """Run a test to its end, or fail after a minute."""

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await scenario

    asyncio.run(bounded())
