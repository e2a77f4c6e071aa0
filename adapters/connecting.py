"""Connects to real servers: PostgreSQL and Valkey, and Kafka where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from adapters.memory import MemoryBus
from domain.errors import UserError
from domain.ports import EventBus
from domain.stores import Stores

DEFAULT_NAMESPACE = "dispatchlab"
"""The schema and the prefix of a deployment's market, unless told."""
NEEDED = ("postgres", "valkey")
_KIND_OF_SCHEME = {
    "postgresql": "postgres",
    "postgres": "postgres",
    "valkey": "valkey",
    "valkeys": "valkey",
    "redis": "valkey",
    "rediss": "valkey",
    "kafka": "kafka",
}
_SHAPE = "memory, stack, or URLs: postgresql://...,valkey://...[,kafka://host:port]"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreUrls:
    """Where the servers are; without `kafka`, events stay in the process."""

    postgres: str
    valkey: str
    kafka: str | None = None


def parse_stores(text: str) -> StoreUrls:
    """Read ``URL,URL[,URL]``.

    Raises:
        UserError: a URL of another kind, one twice, or one missing; URLs, with passwords, are not repeated.
    """
    found: dict[str, str] = {}
    for url in filter(None, (part.strip() for part in text.split(","))):
        scheme = urlsplit(url).scheme
        kind = _KIND_OF_SCHEME.get(scheme)
        if kind is None:
            raise UserError(f"--stores: {scheme or url!r} is none of {_SHAPE}")
        if kind in found:
            raise UserError(f"--stores: two URLs for {kind}")
        found[kind] = url
    return store_urls(found)


def store_urls(found: Mapping[str, str]) -> StoreUrls:
    """Return the URLs by server name.

    Raises:
        UserError: a needed server is missing.
    """
    missing = [name for name in NEEDED if not found.get(name)]
    if missing:
        raise UserError(
            f"--stores: no {' and no '.join(missing)}; start them: dispatchlab stack up; or give {_SHAPE}"
        )
    return StoreUrls(postgres=found["postgres"], valkey=found["valkey"], kafka=found.get("kafka") or None)


def clients() -> tuple[Any, Any]:
    """Return the packages of the PostgreSQL and Valkey adapters: who keeps all in memory needs neither.

    Raises:
        UserError: their clients are not installed.
    """
    try:
        from adapters import postgres, valkey
    except ImportError as error:
        raise UserError(f"{error.name} is not installed: pip install 'dispatchlab[stores]'") from None
    return postgres, valkey


@dataclass(frozen=True, kw_only=True)
class Connected:
    """Stores on real servers under one namespace: a schema, a key prefix, a topic prefix.

    `info` names the servers; `database`, `cache` and `bus` are the handles behind the stores.
    """

    stores: Stores
    info: dict[str, str]
    database: Any
    cache: Any
    bus: EventBus
    _open: AsyncExitStack

    async def upkeep(self, now_s: float) -> None:
        """Make partitions ahead, drop old ones, delete what has had its time: about hourly."""
        await clients()[0].maintain(self.database, now_s)

    async def close(self) -> None:
        """Write what is still to be written, and close every connection."""
        await self._open.aclose()


async def make_tables(urls: StoreUrls, *, namespace: str) -> None:
    """Make the tables of a new namespace; without PostGIS where the server has none, which `info` then says.

    Raises:
        UserError: the URL or login cannot be used. Unavailable: the server does not answer.
    """
    postgres, _ = clients()
    try:
        await postgres.migrate(urls.postgres, schema=namespace)
    except UserError:
        await postgres.migrate(urls.postgres, schema=namespace, is_plain=True)


async def connect_all(urls: StoreUrls, *, namespace: str, is_lockstep: bool) -> Connected:
    """Connect to all servers; the schema must be migrated.

    In lockstep, publishing an event returns when every group has handled it (see `adapters.kafka`).

    Raises:
        UserError: a URL or login cannot be used, or a server lacks something. Unavailable: no answer.
    """
    postgres, valkey = clients()
    async with AsyncExitStack() as opening:
        database = await postgres.connect(urls.postgres, schema=namespace)
        opening.push_async_callback(database.close)
        cache = await valkey.connect(urls.valkey, prefix=namespace)
        opening.push_async_callback(cache.close)
        bus: EventBus = MemoryBus()
        if urls.kafka is not None:
            bus = broker = await open_bus(urls.kafka, namespace, is_lockstep=is_lockstep)
            opening.push_async_callback(broker.close)
        tables, hot = postgres.postgres_stores(database), valkey.valkey_stores(cache, publish=not is_lockstep)
        opening.push_async_callback(tables.history.flush)
        parts = {part.name: getattr(tables, part.name) for part in fields(tables)}
        parts |= {part.name: getattr(hot, part.name) for part in fields(hot)}
        # claims and orders change as one, so the keys lie beside the orders
        parts |= {"idempotency": tables.idempotency, "bus": bus}
        return Connected(
            stores=Stores(**parts),
            info=await _info(database, cache, urls),
            database=database,
            cache=cache,
            bus=bus,
            _open=opening.pop_all(),
        )


async def open_bus(url: str, namespace: str, *, is_lockstep: bool) -> Any:
    """Return a KafkaBus; its module is imported only where there is a Kafka.

    Raises:
        UserError: no broker answers, or the client is not installed.
    """
    try:
        from adapters import kafka
    except ImportError as error:
        raise UserError(f"{error.name} is not installed: pip install 'dispatchlab[stores]'") from None
    return await kafka.connect(url.removeprefix("kafka://"), prefix=namespace, is_lockstep=is_lockstep)


async def _info(database: Any, cache: Any, urls: StoreUrls) -> dict[str, str]:
    """Name the servers for the record."""
    postgis = "PostGIS" if database.has_postgis else "no PostGIS: restaurants are found by an index of points"
    said: bytes = await cache.call("INFO", "server", is_repeatable=True)
    told = dict(line.split(":", 1) for line in said.decode().splitlines() if ":" in line)
    return {
        "database": f"PostgreSQL {(await database.row('SHOW server_version'))[0]}, {postgis}",
        "drivers": f"Valkey {told.get('valkey_version') or told['redis_version']}",
        "bus": "Kafka" if urls.kafka else "memory (no Kafka)",
    }
