"""`KafkaBus` in lockstep: as the bus in memory, by way of a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from adapters.kafka import KafkaBus
from adapters.memory import MemoryBus
from domain.errors import Unavailable
from domain.events import Event, Topic
from domain.ports import EventBus
from tests.adapters.kafka.clusters import Cluster, event, go

Log = list[tuple[str, Topic, list[int]]]


class Play:
    """A random day on a bus: groups that publish, fail and wait, and a log of who got what, in order."""

    def __init__(self, bus: EventBus, seed: int) -> None:
        self.log: Log = []
        self._bus, self._rng, self._number = bus, np.random.default_rng(seed), 0
        for group in ("a", "b", "c"):
            for topic in Topic:
                if topic is not Topic.LOCATIONS or group == "b":
                    bus.subscribe(topic, group, self._handler(group, topic))

    def _events(self, most: int) -> list[Event]:
        """Return a few events of several keys and topics."""
        count = int(self._rng.integers(1, most + 1))
        self._number += count
        topics = [Topic.ORDERS, Topic.DISPATCH]
        return [
            event(self._number + i, key=int(self._rng.integers(5)), topic=topics[self._rng.integers(2)])
            for i in range(count)
        ]

    def _handler(self, group: str, topic: Topic) -> Callable[[Sequence[Event]], Any]:
        async def take(events: Sequence[Event]) -> None:
            self.log.append((group, topic, [one.id for one in events]))
            chance = self._rng.random()
            if chance < 0.15:
                raise Unavailable("not now")
            if chance < 0.2:
                raise KeyError("a fault")
            if chance < 0.4:
                await self._bus.publish(self._events(3))

        return take

    async def play(self, turns: int) -> Log:
        for _ in range(turns):
            try:
                await self._bus.publish(self._events(6))
            except KeyError:
                self.log.append(("failed", Topic.ORDERS, []))
            self.log.append(("backlog", Topic.ORDERS, [self._bus.backlog()]))
            if self._rng.random() < 0.3:
                try:
                    await self._bus.deliver()
                except KeyError:
                    self.log.append(("failed", Topic.ORDERS, []))
        return self.log


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_groups_get_the_same_in_the_same_order_as_in_memory(cluster: Cluster, seed: int) -> None:
    async def scenario() -> None:
        expected = await Play(MemoryBus(), seed).play(25)
        bus = await cluster.connect(is_lockstep=True, partitions=3)
        try:
            assert await Play(bus, seed).play(25) == expected
        finally:
            await bus.close()

    go(scenario())


def test_publishes_of_several_tasks_take_turns(cluster: Cluster) -> None:
    async def scenario() -> None:
        began: list[int] = []
        ended: list[int] = []
        bus = await cluster.connect(is_lockstep=True)

        async def take(events: Sequence[Event]) -> None:
            began.extend(one.id for one in events)
            await asyncio.sleep(0.001)
            ended.extend(one.id for one in events)

        async def publisher(number: int) -> None:
            await bus.publish([event(number, key=number)])
            assert number in ended

        bus.subscribe(Topic.ORDERS, "a", take)
        await asyncio.gather(*map(publisher, range(20)))
        assert began == ended == list(range(20))
        await bus.close()

    go(scenario())


def test_a_handler_may_publish_from_several_tasks(cluster: Cluster) -> None:
    async def scenario() -> None:
        seen: list[int] = []
        bus = await cluster.connect(is_lockstep=True)

        async def take(events: Sequence[Event]) -> None:
            seen.extend(one.id for one in events)
            if 1 in seen and len(seen) == 1:
                await asyncio.gather(*(bus.publish([event(10 + i)]) for i in range(3)))

        bus.subscribe(Topic.ORDERS, "a", take)
        await bus.publish([event(1)])
        assert seen == [1, 10, 11, 12]
        await bus.close()

    go(scenario())


def test_others_events_and_those_from_before_are_not_handed_out(cluster: Cluster) -> None:
    async def scenario() -> None:
        seen: list[int] = []
        other = await cluster.connect()
        await other.publish([event(1)])
        bus = await cluster.connect(is_lockstep=True)

        async def take(events: Sequence[Event]) -> None:
            seen.extend(one.id for one in events)

        await bus.publish([event(2)])
        bus.subscribe(Topic.ORDERS, "a", take)
        await bus.publish([event(3)])
        await other.publish([event(4)])
        await asyncio.to_thread(cluster.send_raw, "order_events", b"not json")
        await bus.publish([event(5)])
        assert seen == [3, 5]
        assert await bus.lag() == {(Topic.ORDERS, "a"): 0}
        await other.close()
        await bus.close()

    go(scenario())


def test_lag_counts_what_waits(cluster: Cluster) -> None:
    async def scenario() -> None:
        is_down = True
        bus = await cluster.connect(is_lockstep=True)

        async def take(events: Sequence[Event]) -> None:
            if is_down:
                raise Unavailable("not now")

        bus.subscribe(Topic.ORDERS, "a", take)
        await bus.publish([event(1), event(2)])
        assert await bus.lag() == {(Topic.ORDERS, "a"): 2}
        is_down = False
        await bus.deliver()
        assert await bus.lag() == {(Topic.ORDERS, "a"): 0}
        await bus.close()

    go(scenario())


def test_an_event_that_cannot_be_carried_is_refused_and_the_bus_goes_on(mock: Cluster) -> None:
    async def scenario() -> None:
        seen: list[int] = []
        bus: KafkaBus = await mock.connect(is_lockstep=True)

        async def take(events: Sequence[Event]) -> None:
            seen.extend(one.id for one in events)

        bus.subscribe(Topic.ORDERS, "a", take)
        with pytest.raises(ValueError, match="event 2"):
            await bus.publish([event(1), event(2, x=float("nan"))])
        await bus.publish([event(3)])
        assert seen == [3]
        await bus.close()

    go(scenario())
