"""A broker that goes away, and comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from adapters.kafka import KafkaSettings
from deploy.kafka import start_kafka
from deploy.server import Server, find
from domain.errors import Unavailable, UserError
from domain.events import Event, Topic
from tests.adapters.kafka.clusters import Cluster, event, go, until
from tests.conftest import is_gate
from tests.servers import server

IMPATIENT = KafkaSettings(publish_timeout_s=2.5, read_timeout_s=2.0, connect_timeout_s=1.0, fetch_wait_s=0.01)


@pytest.mark.parametrize("is_lockstep", [True, False])
def test_without_its_broker_a_bus_is_unavailable_and_can_be_closed(is_lockstep: bool) -> None:
    doomed = Producer({"test.mock.num.brokers": 1, "log_level": 3})
    (broker,) = doomed.list_topics(timeout=5).brokers.values()
    cluster = Cluster(f"{broker.host}:{broker.port}", IMPATIENT, "test")
    brokers = [doomed]
    del doomed

    async def scenario() -> None:
        seen: list[int] = []
        bus = await cluster.connect(is_lockstep=is_lockstep)
        stop = asyncio.Event()

        async def take(events: Sequence[Event]) -> None:
            seen.extend(one.id for one in events)

        bus.subscribe(Topic.ORDERS, "a", take)
        await bus.publish([event(1)])
        if not is_lockstep:
            running = asyncio.create_task(bus.run(stop))
            await until(lambda: seen == [1])
        brokers.clear()
        for call in (bus.publish([event(2)]), bus.lag()):
            with pytest.raises(Unavailable, match=f"Kafka at {cluster.bootstrap}: ") as caught:
                await call
            assert "\n" not in str(caught.value)
        began = time.monotonic()
        stop.set()
        if not is_lockstep:
            await running
        await bus.close()
        assert time.monotonic() - began < 10
        assert 2 not in seen

    go(scenario())


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Server]:
    """A broker that may be killed; skipped, or failed at the gate, as `server` does."""
    server("kafka")
    try:
        broker = start_kafka(tmp_path / "kafka")
    except UserError as error:
        if is_gate():
            raise
        pytest.skip(str(error))
    yield broker
    restarted = find(broker.folder)
    if restarted is not None:
        restarted.kill()


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_crash_and_both_ways_of_consuming_go_on(own_broker: Server) -> None:
    cluster = Cluster(own_broker.url, IMPATIENT, f"test-{uuid4().hex}")
    steps = Cluster(own_broker.url, IMPATIENT, f"test-{uuid4().hex}")

    async def publish(bus: object, one: Event) -> None:
        """Repeat until the broker is back, as the relay does."""
        while True:
            try:
                await bus.publish([one])  # type: ignore[attr-defined]
            except Unavailable:
                await asyncio.sleep(0.1)
            else:
                return

    async def scenario() -> None:
        seen: list[int] = []
        stepped: list[int] = []

        async def take(events: Sequence[Event]) -> None:
            seen.extend(one.id for one in events)

        async def step(events: Sequence[Event]) -> None:
            stepped.extend(one.id for one in events)

        async with cluster.running({(Topic.ORDERS, "a"): take}) as bus:
            lockstep = await steps.connect(is_lockstep=True)
            lockstep.subscribe(Topic.ORDERS, "a", step)
            await bus.publish([event(1)])
            await until(lambda: seen == [1])
            await lockstep.publish([event(1)])
            own_broker.kill()
            for one in (bus, lockstep):
                with pytest.raises(Unavailable):
                    await one.publish([event(2)])
            await asyncio.to_thread(start_kafka, own_broker.folder)
            await publish(bus, event(3))
            await publish(lockstep, event(3))
            await until(lambda: 3 in seen)
            assert await bus.lag() == {(Topic.ORDERS, "a"): 0}
            await lockstep.close()
        assert (seen[0], seen[-1]) == (1, 3)
        assert (stepped[0], stepped[-1]) == (1, 3)

    go(scenario())
