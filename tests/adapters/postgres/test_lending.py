"""Connections: as many as allowed, sound ones only, none left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.postgres import PostgresDatabase, PostgresSettings, connect
from domain.errors import Conflict, Unavailable
from tests.contract.stores.on_postgres import Home

NUMBER = 3


@asynccontextmanager
async def some(here: Home, number: int = NUMBER) -> AsyncIterator[PostgresDatabase]:
    database = await connect(here.url, schema=here.schema, settings=PostgresSettings(connections=number))
    try:
        yield database
    finally:
        await database.close()


async def backend_of(connection: Any) -> int:
    await connection.execute("SELECT pg_sleep(0.02)")
    pid: int = await connection.fetchval("SELECT pg_backend_pid()")
    return pid


async def is_there(database: PostgresDatabase, pid: int) -> bool:
    row = await database.row("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid)
    return bool(row[0])


def test_many_calls_share_the_connections_allowed(here: Home) -> None:
    async def story() -> set[int]:
        async with some(here) as database:
            return set(await asyncio.gather(*(database.run(backend_of) for _ in range(20))))

    assert len(here.runner.run(story())) == NUMBER


def test_a_cancelled_call_ends_on_the_server_and_makes_room(here: Home) -> None:
    async def story() -> bool:
        async with some(here, 1) as database:
            pid = await database.run(backend_of)
            call = asyncio.create_task(database.row("SELECT pg_sleep(3)"))
            await asyncio.sleep(0.1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert (await database.row("SELECT 1"))[0] == 1
            await asyncio.sleep(0.1)
            return await is_there(database, pid)

    assert here.runner.run(story()) is False


def test_a_transaction_that_work_leaves_open_is_nobody_elses(here: Home) -> None:
    async def careless(connection: Any) -> None:
        await connection.execute("BEGIN")
        await connection.execute("INSERT INTO idempotency_keys VALUES ('left', 'body', 1, 1)")

    async def story() -> int:
        async with some(here, 1) as database:
            await database.run(careless)
            row = await database.row("SELECT count(*) FROM idempotency_keys WHERE key = 'left'")
            return int(row[0])

    assert here.runner.run(story()) == 0


def test_a_refusal_keeps_its_connection_and_undoes_its_transaction(here: Home) -> None:
    async def refusing(connection: Any) -> None:
        async with connection.transaction():
            await connection.execute("INSERT INTO idempotency_keys VALUES ('gone', 'body', 1, 1)")
            raise Conflict("too late")

    async def story() -> tuple[bool, int]:
        async with some(here, 1) as database:
            before = await database.run(backend_of)
            with pytest.raises(Conflict):
                await database.run(refusing)
            row = await database.row("SELECT count(*) FROM idempotency_keys WHERE key = 'gone'")
            return await database.run(backend_of) == before, int(row[0])

    assert here.runner.run(story()) == (True, 0)


def test_closing_lets_calls_end_and_then_nothing_goes_any_more(here: Home) -> None:
    async def story() -> int:
        async with some(here) as database:
            call = asyncio.create_task(database.run(backend_of))
            await asyncio.sleep(0.005)
            await database.close()
            with pytest.raises(Unavailable, match="closed"):
                await database.row("SELECT 1")
            return await call

    assert here.runner.run(story()) > 0
