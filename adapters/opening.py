"""Opens what one simulated market runs on: stores in memory, or real servers under a namespace of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

from adapters.connecting import Connected, StoreUrls, clients, connect_all, make_tables, open_bus
from adapters.faulty import FaultyServers
from adapters.memory import memory_stores
from adapters.stand_in import StandInProvider
from domain.errors import DispatchlabError
from domain.stores import Stores


class Switches(Protocol):
    """Servers that can be made to fail (as `sim.outages.Servers`)."""

    def fail(self, server: str) -> None:
        """Stop a server."""
        ...

    def heal(self, server: str) -> None:
        """Start it again."""
        ...


_OF_RUNS = "run_"
"""How the namespaces of runs begin."""


@dataclass(frozen=True, kw_only=True)
class OpenStores:
    """The stores of one market.

    `drive` runs a coroutine on them to its end, None where none ever suspends; `info` names the server behind
    each; `switches` makes servers fail, None where they are not ours to stop; `close` frees everything.
    """

    stores: Stores
    provider: StandInProvider
    info: dict[str, str]
    drive: Callable[[Coroutine[Any, Any, Any]], Any] | None = None
    switches: Switches | None = None
    close: Callable[[], None] = lambda: None


def open_memory(provider: StandInProvider, *, can_fail: bool, quantised: bool = False) -> OpenStores:
    """Return stores in memory, behind switches if they are to fail.

    `quantised` rounds positions as Valkey does, for runs that are to equal those on real servers.
    """
    stores = memory_stores(quantised=quantised)
    info = {"database": "memory", "drivers": "memory", "bus": "memory"}
    if not can_fail:
        return OpenStores(stores=stores, provider=provider, info=info)
    switches = FaultyServers(provider)
    return OpenStores(stores=switches.stores(stores), provider=provider, info=info, switches=switches)


def open_servers(
    urls: StoreUrls,
    provider: StandInProvider,
    *,
    switches: Switches | None = None,
    namespace: str | None = None,
) -> OpenStores:
    """Return empty stores on real servers: a new namespace that `close` deletes, or a given one that stays.

    Raises:
        UserError: a URL or login cannot be used, or a server lacks something. Unavailable: no answer.
    """
    runner = asyncio.Runner()
    try:
        market = runner.run(_begin(urls, namespace))
    except BaseException:
        runner.close()
        raise

    def close() -> None:
        with runner:
            runner.run(_end(market, urls))

    return OpenStores(
        stores=market.connected.stores,
        provider=provider,
        info=market.connected.info,
        drive=runner.run,
        switches=switches,
        close=close,
    )


@dataclass(frozen=True, kw_only=True)
class _Market:
    """A run's hold on the servers; `tenure` is None where the namespace stays after the run."""

    namespace: str
    connected: Connected
    tenure: Any


async def _begin(urls: StoreUrls, namespace: str | None) -> _Market:
    """Make and connect to a namespace; a new one is held, and what dead runs have left is deleted."""
    if namespace is not None:
        await make_tables(urls, namespace=namespace)
        connected = await connect_all(urls, namespace=namespace, is_lockstep=True)
        return _Market(namespace=namespace, connected=connected, tenure=None)
    name = f"{_OF_RUNS}{uuid4().hex[:12]}"
    tenure = await clients()[0].hold(urls.postgres, schema=name)
    try:
        for orphan in await tenure.orphans(_OF_RUNS):
            await _clear(urls, orphan)
        await make_tables(urls, namespace=name)
        connected = await connect_all(urls, namespace=name, is_lockstep=True)
    except BaseException:
        with suppress(DispatchlabError):
            await clients()[0].drop(urls.postgres, schema=name)
        await tenure.end()
        raise
    return _Market(namespace=name, connected=connected, tenure=tenure)


async def _end(market: _Market, urls: StoreUrls) -> None:
    """Close, and delete what the run has made; what cannot be reached now, the next run deletes."""
    with suppress(DispatchlabError):
        await market.connected.close()
    if market.tenure is not None:
        with suppress(DispatchlabError):
            await _clear(urls, market.namespace)
        await market.tenure.end()


async def _clear(urls: StoreUrls, namespace: str) -> None:
    """Delete all that a namespace holds, the schema last: while it is there, somebody will try again."""
    postgres, valkey = clients()
    cache = await valkey.connect(urls.valkey, prefix=namespace)
    try:
        await cache.drop()
    finally:
        await cache.close()
    if urls.kafka is not None:
        await (await open_bus(urls.kafka, namespace, is_lockstep=True)).drop()
    await postgres.drop(urls.postgres, schema=namespace)
