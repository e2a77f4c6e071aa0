"""Servers that go away, hang or refuse: bounded waits, retries where they are safe, errors in one line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from msgspec.structs import replace

from adapters.postgres import PostgresDatabase, PostgresSettings, PostgresStores, connect, postgres_stores
from domain.errors import InvalidRequest, Unavailable
from domain.offers import Offer
from domain.order_state import Action, Actor
from domain.orders import Transition
from tests.adapters.postgres.commands import Commands, confirmed, offer_of
from tests.adapters.postgres.wire import Wire
from tests.contract.stores.on_postgres import Home

QUICK = PostgresSettings(connections=3, connect_timeout_s=0.3, command_timeout_s=0.3, retry_for_s=0.5)


@asynccontextmanager
async def wired(here: Home) -> AsyncIterator[tuple[Wire, PostgresDatabase, PostgresStores]]:
    """Stores on a wire that can be cut."""
    wire = Wire(here.url)
    await wire.mend()
    database = await connect(wire.url, schema=here.schema, settings=QUICK)
    try:
        yield wire, database, postgres_stores(database)
    finally:
        await wire.cut()
        await database.close()


def test_a_broken_connection_is_replaced_and_reads_do_not_notice(here: Home) -> None:
    async def story() -> None:
        async with wired(here) as (wire, _, stores):
            (order,) = await stores.orders.place([Commands(1).new_order(None)])
            await wire.cut(refuses=False)
            assert await stores.orders.get([order.id]) == [order]

    here.runner.run(story())


@pytest.mark.parametrize("fault", ["cut", "freeze"])
def test_a_server_out_of_reach_is_unavailable_soon_and_named_without_password(here: Home, fault: str) -> None:
    async def story() -> tuple[str, float, str]:
        async with wired(here) as (wire, _, stores):
            await (wire.cut() if fault == "cut" else asyncio.sleep(0, wire.freeze()))
            began = perf_counter()
            with pytest.raises(Unavailable) as caught:
                await stores.orders.live()
            took_s = perf_counter() - began
            if fault == "cut":
                await wire.mend()
                assert await stores.orders.live() == []
            return str(caught.value), took_s, wire.url

    told, took_s, url = here.runner.run(story())
    parts = urlsplit(url)
    assert f"{parts.hostname}:{parts.port}" in told
    assert "\n" not in told
    assert str(parts.password) not in told
    assert took_s < 5.0


def test_a_write_whose_connection_breaks_is_not_done_twice(here: Home) -> None:
    """The server may have done it: only what says so of itself is repeated."""
    done: list[str] = []

    def breaks(name: str) -> Callable[[Any], Awaitable[None]]:
        async def work(connection: Any) -> None:
            done.append(name)
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

        return work

    for name, is_repeatable in (("write", False), ("read", True)):
        with pytest.raises(Unavailable, match="closed in the middle"):
            here.runner.run(here.database.run(breaks(name), is_repeatable=is_repeatable))
    assert (done.count("write"), done.count("read")) == (1, here.database.settings.attempts)


def test_what_the_server_undoes_for_a_deadlock_is_done_again(here: Home) -> None:
    """Two transactions lock two orders in opposite order: one is undone, and both end well."""
    place = here.database

    def locking(first: int, second: int) -> Callable[[Any], Awaitable[str]]:
        async def work(connection: Any) -> str:
            async with connection.transaction():
                await connection.execute("UPDATE orders SET prep_quote_s = 1 WHERE id = $1", first)
                await asyncio.sleep(0.1)
                await connection.execute("UPDATE orders SET prep_quote_s = 2 WHERE id = $1", second)
            return "done"

        return work

    async def story() -> list[str]:
        one, two = await postgres_stores(place).orders.place([Commands(1).new_order(None) for _ in range(2)])
        return await asyncio.gather(place.run(locking(one.id, two.id)), place.run(locking(two.id, one.id)))

    assert here.runner.run(story()) == ["done", "done"]


def test_an_order_that_somebody_holds_locked_is_unavailable_not_waited_for_for_ever(here: Home) -> None:
    async def story() -> None:
        async with wired(here) as (_, _, stores):
            (order,) = await stores.orders.place([Commands(1).new_order(None)])
            confirm = Transition(
                order_id=order.id,
                action=Action.CONFIRM,
                actor=Actor.RESTAURANT,
                actor_id=order.restaurant_id,
                at_s=200.0,
            )

            async def hold(connection: Any) -> None:
                async with connection.transaction():
                    await connection.execute("SELECT FROM orders WHERE id = $1 FOR UPDATE", order.id)
                    with pytest.raises(Unavailable, match="timeout"):
                        await stores.orders.transition([confirm])

            await here.database.run(hold)
            (after,) = await stores.orders.transition([confirm])
            assert after.version == 1

    here.runner.run(story())


def test_a_pool_without_a_free_connection_is_unavailable(here: Home) -> None:
    async def story() -> None:
        async with wired(here) as (_, database, stores):

            async def hold(connection: Any) -> None:
                await asyncio.sleep(1.5)

            holders = [asyncio.create_task(database.run(hold)) for _ in range(QUICK.connections)]
            await asyncio.sleep(0.1)
            with pytest.raises(Unavailable):
                await stores.orders.live()
            await asyncio.gather(*holders)
            assert await stores.orders.live() == []

    here.runner.run(story())


def test_values_that_no_column_takes_are_refused_as_invalid(here: Home) -> None:
    stores, new = postgres_stores(here.database), Commands(1).new_order(None)
    for bad in (
        replace(new, payment="a\x00b"),
        replace(new, payment="\ud800"),
        replace(new, subtotal_cents=2**63),
    ):
        with pytest.raises(InvalidRequest):
            here.runner.run(stores.orders.place([bad]))
    assert here.runner.run(stores.orders.live()) == []


def test_of_a_batch_only_the_offer_with_a_bad_value_is_refused(here: Home) -> None:
    """An offer whose pay fits no column does not take its neighbours down."""
    stores = postgres_stores(here.database)

    async def story() -> list[Any]:
        first, second = await confirmed(stores, 2)
        bad = replace(offer_of((first.id,), 11), pay_cents=2**70)
        return await stores.offers.open([bad, offer_of((second.id,), 12)])

    refused, opened = here.runner.run(story())
    assert isinstance(refused, InvalidRequest)
    assert isinstance(opened, Offer)
