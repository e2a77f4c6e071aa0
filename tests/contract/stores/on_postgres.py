"""The stores in PostgreSQL: one schema per test process, emptied before each test.

"postgres" searches restaurants as the server at hand can; "postgres-plain" never asks PostGIS, "postgis"
always does.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, replace
from functools import cache, partial
from typing import Any

import asyncpg

from adapters.memory import memory_stores
from adapters.postgres import PostgresDatabase, PostgresStores, connect, drop, migrate, postgres_stores
from domain.errors import DispatchlabError
from tests.contract.stores.backend import Backend, in_loop
from tests.servers import postgres_with_postgis, server

EMPTY = """
ALTER TABLE audit_logs DISABLE TRIGGER USER;
DELETE FROM order_items; DELETE FROM payments; DELETE FROM offer_orders;
DELETE FROM orders; DELETE FROM offers;
DELETE FROM menu_items; DELETE FROM restaurants; DELETE FROM ratings; DELETE FROM rating_sums;
DELETE FROM idempotency_keys; DELETE FROM audit_logs; DELETE FROM outbox; DELETE FROM processed_events;
DELETE FROM driver_locations;
ALTER TABLE audit_logs ENABLE TRIGGER USER;
ALTER TABLE orders ALTER id RESTART; ALTER TABLE offers ALTER id RESTART;
ALTER TABLE audit_logs ALTER id RESTART; ALTER TABLE outbox ALTER id RESTART;
"""


class Home:
    """A migrated schema, a connection pool to it, and the event loop that both belong to."""

    def __init__(self, url: str, *, is_plain: bool) -> None:
        self.runner = asyncio.Runner()
        self.url = url
        self.schema = f"test_{os.getpid()}_{'plain' if is_plain else 'postgis'}"
        self.runner.run(migrate(url, schema=self.schema, is_plain=is_plain))
        self.database: PostgresDatabase = self.runner.run(connect(url, schema=self.schema))
        self._owner = self.runner.run(_owner(url, self.schema))
        atexit.register(self.close)

    def empty(self) -> None:
        """Delete all rows and count from 1 again."""
        self.runner.run(self._owner.execute(EMPTY))

    def close(self) -> None:
        """Leave nothing behind; the server may be gone by now."""
        self.runner.run(self.database.close())
        self._owner.terminate()
        with suppress(DispatchlabError):
            self.runner.run(drop(self.url, schema=self.schema))
        self.runner.close()


async def _owner(url: str, schema: str) -> Any:
    return await asyncpg.connect(url, server_settings={"search_path": schema})


async def ask_for_postgis(url: str) -> bool:
    """Tell whether a server has PostGIS: that of the wheel has none."""
    connection = await asyncpg.connect(url)
    try:
        query = "SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'"
        return bool(await connection.fetchval(query))
    finally:
        await connection.close()


@cache
def offers_postgis(url: str) -> bool:
    """As `ask_for_postgis`, asked once and outside of loops."""
    return asyncio.run(ask_for_postgis(url))


@cache
def home(*, is_plain: bool = False) -> Home:
    """Return this process's schema, with PostGIS where there is one and `is_plain` does not forbid it."""
    url = server("postgres")
    return Home(url, is_plain=is_plain or not offers_postgis(url))


def _backend(*, is_plain: bool = False) -> Iterator[Backend]:
    here = home(is_plain=is_plain)
    here.empty()
    parts = postgres_stores(here.database)
    names = [field.name for field in fields(PostgresStores)]
    stores = replace(memory_stores(), **{name: getattr(parts, name) for name in names})
    yield in_loop(here.runner, "postgres", stores)


def _with_postgis() -> Iterator[Backend]:
    postgres_with_postgis()  # skips, or at the gate fails, without it
    yield from _backend()


BUILDERS: dict[str, Callable[[], Iterator[Backend]]] = {
    "postgres": _backend,
    "postgres-plain": partial(_backend, is_plain=True),
    "postgis": _with_postgis,
}
