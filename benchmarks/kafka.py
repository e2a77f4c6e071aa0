"""What the Kafka bus costs beside the bare client: `python -m benchmarks.kafka [--bootstrap HOST:PORT]`.

On librdkafka's mock cluster in this process, and on a real broker: the one of --bootstrap, or one that is
started for the purpose where that is possible. The bare client (confluent-kafka and msgspec, one thread, no
event loop) does the same: encodes the events, sends them with the same headers and settings, waits for the
same acknowledgements; consumes batches of the same size, decodes them to events, stores the offsets. A ratio
is the bus's time over the bare client's, the median of interleaved rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

import msgspec
from confluent_kafka import Consumer, Producer

from adapters.kafka import KafkaBus, KafkaSettings, connect
from deploy.kafka import start_kafka
from domain.errors import UserError
from domain.events import Event, EventKind, Topic

ROUNDS = 5
GROUPS = ("completion", "customer news", "matching", "tracking")
MOCK = KafkaSettings(fetch_wait_s=0.002)


def events(count: int) -> list[Event]:
    data = {"restaurant_id": 17, "customer_id": 1234, "driver_id": None, "version": 3, "eta_s": 1834.25}
    return [
        Event(id=i, topic=Topic.ORDERS, kind=EventKind.ORDER_READY, key=i % 997, at_s=43_200.5 + i, data=data)
        for i in range(count)
    ]


class Bare:
    """The client alone, on one topic."""

    def __init__(self, bootstrap: str, topic: str, settings: KafkaSettings) -> None:
        self.topic, self._left, self._encoder = topic, 0, msgspec.json.Encoder()
        self._producer = Producer(settings.producer(bootstrap, is_lockstep=False))

    def publish(self, batch: Sequence[Event]) -> None:
        self._left = len(batch)
        for one in batch:
            told: Any = [("event-id", str(one.id)), ("kind", one.kind)]
            value, key = self._encoder.encode(one), str(one.key)
            self._producer.produce(self.topic, value, key, on_delivery=self._count, headers=told)
        while self._left:
            self._producer.poll(1.0)

    def _count(self, error: Any, _: Any) -> None:
        self._left -= 1
        if error is not None:
            raise RuntimeError(error.str())


async def timed(call: Callable[[], Awaitable[Any]]) -> float:
    began = perf_counter()
    await call()
    return perf_counter() - began


async def publishing(bootstrap: str, settings: KafkaSettings, batch: int) -> None:
    prefix, count = f"bench-{uuid4().hex}", max(200, min(20_000, 100 * batch))
    bus = await connect(bootstrap, prefix=prefix, settings=settings)
    bare = Bare(bootstrap, f"{prefix}.{Topic.ORDERS}", settings)
    sent = events(count)

    async def by_bus() -> None:
        for first in range(0, count, batch):
            await bus.publish(sent[first : first + batch])

    async def by_bare() -> None:
        for first in range(0, count, batch):
            bare.publish(sent[first : first + batch])

    await side_by_side(f"published in batches of {batch:,}", count, by_bus, by_bare)
    await bus.drop()


async def together(bootstrap: str, settings: KafkaSettings, publishers: int, each: int) -> None:
    bus = await connect(bootstrap, prefix=f"bench-{uuid4().hex}", settings=settings)
    sent = events(publishers * each)

    async def publisher(mine: list[Event]) -> None:
        for one in mine:
            await bus.publish([one])

    async def all_at_once() -> None:
        await asyncio.gather(*(publisher(sent[i::publishers]) for i in range(publishers)))

    rates = [len(sent) / await timed(all_at_once) for _ in range(ROUNDS)]
    print(f"  published singly by {publishers} at once: {median(rates):,.0f} events/s")
    await bus.drop()


async def side_by_side(
    title: str, count: int, by_bus: Callable[[], Awaitable[None]], by_bare: Callable[[], Awaitable[None]]
) -> None:
    await by_bus()
    await by_bare()
    pairs = [(await timed(by_bus), await timed(by_bare)) for _ in range(ROUNDS)]
    bus_s, bare_s = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    ratio = median(bus / bare for bus, bare in pairs)
    print(f"  {title}: {count / bus_s:,.0f} events/s, bare {count / bare_s:,.0f}, ratio {ratio:.2f}")


async def consuming(bootstrap: str, settings: KafkaSettings, count: int) -> None:
    """A new group reads a full topic; the time is from the first event to the last."""
    prefix, sent = f"bench-{uuid4().hex}", events(count)
    bus = await connect(bootstrap, prefix=prefix, settings=settings)
    for first in range(0, count, 1000):
        await bus.publish(sent[first : first + 1000])
    await bus.close()
    pairs = []
    for turn in range(ROUNDS):
        by_bus = await consumed_by_bus(bootstrap, settings, prefix, f"bus {turn}", count)
        by_bare = await asyncio.to_thread(
            consumed_by_bare, bootstrap, settings, prefix, f"{prefix} bare {turn}", count
        )
        pairs.append((by_bus, by_bare))
    bus_s, bare_s = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    ratio = median(by_bus / by_bare for by_bus, by_bare in pairs)
    print(f"  consumed: {count / bus_s:,.0f} events/s, bare {count / bare_s:,.0f}, ratio {ratio:.2f}")
    await bus.drop()


async def consumed_by_bus(
    bootstrap: str, settings: KafkaSettings, prefix: str, group: str, count: int
) -> float:
    bus = await connect(bootstrap, prefix=prefix, settings=settings)
    stop, seen, times = asyncio.Event(), [0], []

    async def take(batch: Sequence[Event]) -> None:
        times.append(perf_counter())
        seen[0] += len(batch)
        if seen[0] >= count:
            stop.set()

    bus.subscribe(Topic.ORDERS, group, take)
    await asyncio.wait_for(bus.run(stop), 60)
    await bus.close()
    return times[-1] - times[0]


def consumed_by_bare(bootstrap: str, settings: KafkaSettings, prefix: str, group: str, count: int) -> float:
    consumer, decoder = Consumer(settings.member(bootstrap, group)), msgspec.json.Decoder(Event)
    consumer.subscribe([f"{prefix}.{Topic.ORDERS}"])
    seen, began = 0, 0.0
    while seen < count:
        messages = consumer.consume(min(settings.batch, count - seen), 0.2)
        for message in messages:
            decoder.decode(message.value() or b"")
        if messages:
            consumer.store_offsets(messages[-1])
            began = began or perf_counter()
        seen += len(messages)
    took_s = perf_counter() - began
    consumer.close()
    return took_s


async def lockstep(bootstrap: str, settings: KafkaSettings) -> None:
    bus: KafkaBus = await connect(
        bootstrap, prefix=f"bench-{uuid4().hex}", is_lockstep=True, settings=settings
    )

    async def take(batch: Sequence[Event]) -> None: ...

    for group in GROUPS:
        bus.subscribe(Topic.ORDERS, group, take)
    for size in (1, 10, 100):
        sent = events(size)
        for _ in range(50):
            await bus.publish(sent)
        times = sorted([1e3 * await timed(partial(bus.publish, sent)) for _ in range(300)])
        print(f"  lockstep, {size} events to {len(GROUPS)} groups:", end=" ")
        print(f"p50 {times[150]:.2f} ms, p95 {times[285]:.2f} ms")
    await bus.drop()


async def measure(title: str, bootstrap: str, settings: KafkaSettings, count: int) -> None:
    print(f"{title}:")
    for batch in (1, 100, 1000):
        await publishing(bootstrap, settings, batch)
    await together(bootstrap, settings, publishers=64, each=50)
    await consuming(bootstrap, settings, count)
    await lockstep(bootstrap, settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", help="a broker, host:port")
    parser.add_argument("--events", type=int, default=20_000, help="to be consumed")
    options = parser.parse_args()
    logging.getLogger("stamina").addHandler(logging.NullHandler())  # a retry is no result
    mock = Producer({"test.mock.num.brokers": 1, "log_level": 3})
    (broker,) = mock.list_topics(timeout=5).brokers.values()
    asyncio.run(measure("mock cluster", f"{broker.host}:{broker.port}", MOCK, options.events))
    if options.bootstrap:
        asyncio.run(measure("broker", options.bootstrap, KafkaSettings(), options.events))
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            server = start_kafka(Path(folder))
        except UserError as error:
            print(f"no real broker: {error}")
            return
        try:
            asyncio.run(
                measure(f"Apache Kafka {server.version}", server.url, KafkaSettings(), options.events)
            )
        finally:
            server.stop()


if __name__ == "__main__":
    main()
