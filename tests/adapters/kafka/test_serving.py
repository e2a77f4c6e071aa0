"""`KafkaBus.run`: groups in the background, at least once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from adapters.kafka import KafkaBus
from adapters.kafka.codec import decode, encode
from domain.errors import InvalidRequest, Unavailable
from domain.events import Event, Topic
from domain.ports import Handler
from tests.adapters.kafka.clusters import Cluster, event, go, until


def collect(into: list[Any]) -> Handler:
    async def take(events: Sequence[Event]) -> None:
        into.extend(one.id for one in events)

    return take


def test_every_group_gets_every_event_of_its_topics(cluster: Cluster) -> None:
    async def scenario() -> None:
        a: list[int] = []
        b: list[int] = []
        subscriptions = {
            (Topic.ORDERS, "a"): collect(a),
            (Topic.ORDERS, "b"): collect(b),
            (Topic.DISPATCH, "b"): collect(b),
        }
        async with cluster.running(subscriptions) as bus:
            await bus.publish([event(i, key=i % 5) for i in range(200)])
            await bus.publish([event(1000, topic=Topic.DISPATCH)])
            await until(lambda: len(a) >= 200 and len(b) >= 201)
        assert sorted(a) == list(range(200))
        assert sorted(b) == [*range(200), 1000]

    go(scenario())


def test_a_restart_keeps_the_order_per_key_and_repeats_nothing(cluster: Cluster) -> None:
    async def scenario() -> None:
        seen: list[tuple[int, int]] = []

        async def take(events: Sequence[Event]) -> None:
            seen.extend((one.key, one.id) for one in events)

        async with cluster.running({(Topic.ORDERS, "a"): take}) as bus:
            await bus.publish([event(i, key=i % 7) for i in range(100)])
            await until(lambda: len(seen) >= 50)
        bus = await cluster.connect()
        await bus.publish([event(i, key=i % 7) for i in range(100, 200)])
        await bus.close()
        async with cluster.running({(Topic.ORDERS, "a"): take}):
            await until(lambda: len(seen) >= 200)
        for key in range(7):
            assert [number for k, number in seen if k == key] == list(range(key, 200, 7))

    go(scenario())


def test_two_members_share_a_group_and_one_takes_over_when_the_other_leaves(cluster: Cluster) -> None:
    async def scenario() -> None:
        first: list[int] = []
        second: list[int] = []
        published = 0

        async def publish_until_both_work(bus: KafkaBus) -> None:
            nonlocal published
            while not (first and second):
                await bus.publish([event(published + i, key=i) for i in range(40)])
                published += 40
                await asyncio.sleep(0.1)

        async with cluster.running({(Topic.ORDERS, "a"): collect(first)}) as bus:
            async with cluster.running({(Topic.ORDERS, "a"): collect(second)}):
                await publish_until_both_work(bus)
                await until(lambda: len(first) + len(second) >= published)
            await bus.publish([event(published + i, key=i) for i in range(40)])
            published += 40
            await until(lambda: len(first) + len(second) >= published)
        assert sorted(first + second) == list(range(published))

    go(scenario())


def test_what_a_dead_consumer_had_not_finished_comes_again(cluster: Cluster) -> None:
    class Killed(BaseException):
        """Ends the process' work at once: no handler's business."""

    async def scenario() -> None:
        seen: list[int] = []

        async def die(events: Sequence[Event]) -> None:
            raise Killed

        doomed = await cluster.connect()
        doomed.subscribe(Topic.ORDERS, "healthy", collect([]))
        doomed.subscribe(Topic.ORDERS, "a", die)
        await doomed.publish([event(1), event(2)])
        with pytest.raises(Killed):
            await doomed.run(asyncio.Event())
        await doomed.close()
        async with cluster.running({(Topic.ORDERS, "a"): collect(seen)}):
            await until(lambda: len(seen) >= 2)
        assert seen == [1, 2]

    go(scenario())


def test_events_that_keep_failing_become_dead_letters_and_the_rest_goes_on(cluster: Cluster) -> None:
    async def scenario() -> None:
        handled: list[int] = []
        tries = 0

        async def take(events: Sequence[Event]) -> None:
            nonlocal tries
            for one in events:
                if one.id == 2:
                    tries += len(events) == 1
                    raise KeyError("customer 17")
            handled.extend(one.id for one in events)

        async with cluster.running({(Topic.ORDERS, "a"): take}, retry_s=0.01) as bus:
            await bus.publish([event(1), event(2, note="who?"), event(3)])
            await until(lambda: 3 in handled)
        assert (handled, tries) == ([1, 3], 3)
        (letter,) = await asyncio.to_thread(cluster.dead_letters, 1)
        assert decode(Topic.ORDERS, letter.value()) == event(2, note="who?")
        told = dict(letter.headers() or ())
        assert told["event-id"] == b"2"
        assert told["original-topic"] == f"{cluster.prefix}.order_events".encode()
        assert int(told["original-offset"]) == 1
        assert told["group"] == b"a"
        assert told["error"] == b"KeyError: 'customer 17'"

    go(scenario())


def test_a_message_that_is_no_event_becomes_a_dead_letter(cluster: Cluster) -> None:
    async def scenario() -> None:
        seen: list[int] = []
        async with cluster.running({(Topic.ORDERS, "a"): collect(seen)}) as bus:
            await asyncio.to_thread(cluster.send_raw, "order_events", b"not json")
            await bus.publish([event(2)])
            await until(lambda: bool(seen))
            letters = await asyncio.to_thread(cluster.dead_letters, 1)
        assert seen == [2]
        assert [letter.value() for letter in letters] == [b"not json"]
        told = dict(letters[0].headers() or ())
        assert told["trace"] == b"17"
        assert b"no event of order_events" in told["error"]

    go(scenario())


def test_a_group_waits_for_what_it_depends_on_and_holds_up_nobody_else(cluster: Cluster) -> None:
    async def scenario() -> None:
        handled: list[int] = []
        others: list[int] = []
        tries, is_down = 0, True

        async def take(events: Sequence[Event]) -> None:
            nonlocal tries
            tries += 1
            if is_down:
                raise Unavailable("the database is down")
            handled.extend(one.id for one in events)

        subscriptions = {(Topic.ORDERS, "a"): take, (Topic.ORDERS, "b"): collect(others)}
        async with cluster.running(subscriptions, attempts=1, pause_s=0.02, pause_max_s=0.05) as bus:
            await bus.publish([event(1), event(2)])
            await until(lambda: tries > 5 and len(others) == 2)
            await bus.publish([event(3)])
            await until(lambda: len(others) == 3)
            assert handled == []
            assert bus.backlog() >= 1
            is_down = False
            await until(lambda: len(handled) >= 3)
            await until(lambda: bus.backlog() == 0)
        assert handled == [1, 2, 3]

    go(scenario())


def test_stopping_does_not_wait_for_what_is_down(cluster: Cluster) -> None:
    async def scenario() -> None:
        tries: list[int] = []
        seen: list[int] = []

        async def down(events: Sequence[Event]) -> None:
            tries.append(len(events))
            raise Unavailable("the database is down")

        async with cluster.running({(Topic.ORDERS, "a"): down}, pause_s=30.0, pause_max_s=30.0) as bus:
            await bus.publish([event(1)])
            await until(lambda: bool(tries))
        async with cluster.running({(Topic.ORDERS, "a"): collect(seen)}):
            await until(lambda: bool(seen))
        assert seen == [1]

    go(scenario())


def test_lag_is_what_a_group_has_yet_to_handle(cluster: Cluster) -> None:
    async def scenario() -> None:
        seen: list[int] = []
        bus = await cluster.connect()
        bus.subscribe(Topic.ORDERS, "a", collect(seen))
        await bus.publish([event(i, key=i) for i in range(10)])
        assert await bus.lag() == {(Topic.ORDERS, "a"): 10}
        stop = asyncio.Event()
        running = asyncio.create_task(bus.run(stop))
        await until(lambda: len(seen) == 10)
        assert await bus.lag() == {(Topic.ORDERS, "a"): 0}
        stop.set()
        await running
        await bus.publish([event(i, key=i) for i in range(3)])
        assert await bus.lag() == {(Topic.ORDERS, "a"): 3}
        await bus.close()

    go(scenario())


def test_a_group_may_use_the_classic_protocol(cluster: Cluster) -> None:
    async def scenario() -> None:
        seen: list[int] = []
        async with cluster.running({(Topic.ORDERS, "a"): collect(seen)}, group_protocol="classic") as bus:
            await bus.publish([event(1)])
            await until(lambda: seen == [1])

    go(scenario())


def test_a_bus_runs_once_and_takes_no_groups_while_it_runs(mock: Cluster) -> None:
    async def scenario() -> None:
        async with mock.running({(Topic.ORDERS, "a"): collect([])}) as bus:
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="runs already"):
                await bus.run(asyncio.Event())
            with pytest.raises(RuntimeError, match="before the bus runs"):
                bus.subscribe(Topic.ORDERS, "b", collect([]))
        lockstep = await mock.connect(is_lockstep=True)
        with pytest.raises(RuntimeError, match="lockstep"):
            await lockstep.run(asyncio.Event())
        await lockstep.close()

    go(scenario())


def test_an_event_beyond_the_limit_is_refused_before_anything_is_sent(mock: Cluster) -> None:
    async def scenario() -> None:
        seen: list[int] = []
        size = len(encode(event(1))) + 2000
        async with mock.running({(Topic.ORDERS, "a"): collect(seen)}, max_message_bytes=size) as bus:
            with pytest.raises(InvalidRequest, match=r"event 2 \(order_placed\) has .* the bus takes up to"):
                await bus.publish([event(1), event(2, note="x" * 2000)])
            await bus.publish([event(3)])
            await until(lambda: bool(seen))
        assert seen == [3]

    go(scenario())
