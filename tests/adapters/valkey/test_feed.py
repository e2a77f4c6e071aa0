"""The live feed between processes: here, between handles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from adapters.valkey import ValkeyDriverIndex, ValkeyFeed, ValkeyServer, connect
from adapters.valkey.subscriber import KEPT
from deploy.server import Server
from domain.errors import Unavailable
from domain.feed import Subject, Update
from tests.adapters.valkey.conftest import QUICK, Run, plan, profiles


def update(number: int, step: Any, subject: Subject = Subject.ORDER) -> Update:
    return Update(subject=subject, id=number, at_s=1.5, data={"step": step})


@asynccontextmanager
async def watching(feed: ValkeyFeed, number: int, subject: Subject = Subject.ORDER) -> AsyncIterator[Any]:
    """Give an iterator that waits already: `await anext_of()`."""
    updates: Any = feed.watch(subject, number)
    waiting = [asyncio.ensure_future(anext(updates))]
    await asyncio.sleep(0.1)

    async def anext_of() -> Any:
        first = waiting.pop() if waiting else anext(updates)
        return await asyncio.wait_for(first, 5)

    try:
        yield anext_of
    finally:
        for one in waiting:
            one.cancel()
            await asyncio.gather(one, return_exceptions=True)
        await updates.aclose()


async def subscribers(market: ValkeyServer) -> int:
    """Connections that wait for updates, of this market's prefix or not."""
    told = await market.call("CLIENT", "LIST", "TYPE", "pubsub")
    return len(told.splitlines())


def test_updates_go_from_process_to_process(run: Run, own: Server) -> None:
    async def story() -> list[Any]:
        here, there = await connect(own.url), await connect(own.url)
        feed, other = ValkeyFeed(here), ValkeyFeed(there)
        async with watching(feed, 5) as first, watching(feed, 5) as second, watching(feed, 6) as third:
            assert await subscribers(there) == 1
            data = {"text": "ü", "nothing": None, "many": [1, 2.5], "yes": True}
            await other.publish([update(5, data), update(6, 1), update(7, 2)])
            seen = [await first(), await second(), await third()]
        await there.close()
        await here.close()
        return [one.data["step"] for one in seen]

    data = {"text": "ü", "nothing": None, "many": [1, 2.5], "yes": True}
    assert run(story()) == [data, data, 1]


def test_nothing_published_after_the_wait_began_is_lost(market: ValkeyServer, run: Run) -> None:
    async def story() -> list[int]:
        feed, seen = ValkeyFeed(market), []
        for number in range(30):
            updates: Any = feed.watch(Subject.DRIVER, number)
            waiting = asyncio.ensure_future(anext(updates))
            await asyncio.sleep(0)  # it waits now, though the server has not heard of it
            await feed.publish([update(number, number, Subject.DRIVER)])
            seen.append((await asyncio.wait_for(waiting, 5)).data["step"])
            await updates.aclose()
        return seen

    assert run(story()) == list(range(30))


def test_who_stops_watching_is_unsubscribed(market: ValkeyServer, run: Run) -> None:
    async def count() -> int:
        channels = await market.call("PUBSUB", "SHARDCHANNELS", market.key("*"))
        return len(channels)

    async def story() -> list[int]:
        feed, counts = ValkeyFeed(market), []
        async with watching(feed, 1), watching(feed, 1), watching(feed, 2):
            counts.append(await count())
        await asyncio.sleep(0.1)
        counts.append(await count())
        async with watching(feed, 1) as again:  # and can come back
            await feed.publish([update(1, 9)])
            counts.append((await again()).data["step"])
        return counts

    assert run(story()) == [2, 0, 9]


def test_a_slow_reader_keeps_the_newest_updates(market: ValkeyServer, run: Run) -> None:
    async def story() -> list[int]:
        feed = ValkeyFeed(market)
        async with watching(feed, 1) as following:
            await feed.publish([update(1, step) for step in range(KEPT + 200)])
            await asyncio.sleep(0.5)
            return [(await following()).data["step"] for _ in range(KEPT)]

    newest = list(range(200, KEPT + 200))
    assert run(story()) in (newest, [0, *newest[:-1]])  # the first may be taken before the others come


def test_a_lost_connection_is_opened_anew(run: Run, own: Server) -> None:
    async def story() -> list[int]:
        here, there = await connect(own.url, settings=QUICK), await connect(own.url)
        feed, other, seen = ValkeyFeed(here), ValkeyFeed(there), []
        async with watching(feed, 1) as first, watching(feed, 2) as second:
            await there.call("CLIENT", "KILL", "TYPE", "pubsub")
            while await subscribers(there) == 0:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.2)
            await other.publish([update(1, 1), update(2, 2)])
            seen = [(await first()).data["step"], (await second()).data["step"]]
        await there.close()
        await here.close()
        return seen

    assert run(story()) == [1, 2]


def test_watchers_are_told_when_the_server_is_gone(run: Run, own: Server) -> None:
    async def story() -> None:
        here = await connect(own.url, settings=QUICK)
        feed = ValkeyFeed(here)
        async with watching(feed, 1) as following:
            own.stop()
            with pytest.raises(Unavailable, match=here.where):
                await following()
        late: Any = feed.watch(Subject.ORDER, 2)
        with pytest.raises(Unavailable):
            await anext(late)
        with pytest.raises(Unavailable):
            await feed.publish([update(1, 1)])
        await here.close()

    run(story())


def test_a_silent_connection_is_probed_and_stays(market: ValkeyServer, run: Run, url: str) -> None:
    async def story() -> int:
        here = await connect(url, settings=QUICK)
        feed = ValkeyFeed(here)
        async with watching(feed, 1) as following:
            await asyncio.sleep(1.0)  # several times `quiet_s`
            await feed.publish([update(1, 7)])
            seen: int = (await following()).data["step"]
        await here.close()
        return seen

    assert run(story()) == 7


def test_closing_the_handle_ends_watching(run: Run, url: str) -> None:
    async def story() -> None:
        here = await connect(url)
        updates: Any = ValkeyFeed(here).watch(Subject.ORDER, 1)
        waiting = asyncio.ensure_future(anext(updates))
        await asyncio.sleep(0.1)
        await here.close()
        with pytest.raises(Unavailable):
            await asyncio.wait_for(waiting, 5)

    run(story())


def test_positions_of_drivers_who_carry_orders_are_published(market: ValkeyServer, run: Run) -> None:
    async def story() -> list[Update]:
        index, quiet = ValkeyDriverIndex(market, publish=True), ValkeyDriverIndex(market)
        feed, drivers = ValkeyFeed(market), np.array([7, 2**53])
        await index.sign_on(profiles(drivers, [1.0, 1.0], [2.0, 2.0]), 0.0)
        small, large = watching(feed, 7, Subject.DRIVER), watching(feed, 2**53, Subject.DRIVER)
        async with small as first, large as second:
            await index.move(drivers, np.array([1.1, 1.1]), np.array([2.1, 2.1]), 1.0)  # they carry nothing
            await index.set_plan(7, plan(1))
            await index.set_plan(2**53, plan(2))
            await quiet.move(drivers, np.array([1.2, 1.2]), np.array([2.2, 2.2]), 2.0)
            await index.move(drivers, np.array([1.3, 1.4]), np.array([2.3, 2.4]), 3.0)
            await index.move(drivers, np.array([9.0, 9.0]), np.array([9.0, 9.0]), 2.5)  # overtaken
            seen = [await first(), await second()]
            states = await index.states(drivers)
            await feed.publish([update(7, "last", Subject.DRIVER)])
            assert (await first()).data == {"step": "last"}
        where = zip(states.lat.tolist(), states.lon.tolist(), strict=True)
        assert [one.data for one in seen] == [{"lat": lat, "lon": lon} for lat, lon in where]
        return seen

    seen = run(story())
    assert [(one.subject, one.id, one.at_s) for one in seen] == [
        (Subject.DRIVER, 7, 3.0),
        (Subject.DRIVER, 2**53, 3.0),
    ]
    assert seen[1].data["lat"] == pytest.approx(1.4, abs=1e-5)
