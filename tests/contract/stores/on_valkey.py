"""The stores on a real Valkey: every test gets a prefix of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from adapters.memory import memory_stores
from adapters.valkey import ValkeyIdempotencyStore, connect, valkey_stores
from tests.contract.stores.backend import Backend, in_loop
from tests.servers import server

_prefixes = count()


def _valkey() -> Iterator[Backend]:
    url = server("valkey")
    with asyncio.Runner() as runner:
        handle = runner.run(connect(url, prefix=f"contract-{os.getpid()}-{next(_prefixes)}"))
        try:
            runner.run(handle.drop())
            hot = valkey_stores(handle)
            stores = replace(
                memory_stores(keeps_history=True),
                drivers=hot.drivers,
                cache=hot.cache,
                sessions=hot.sessions,
                feed=hot.feed,
                idempotency=ValkeyIdempotencyStore(handle),
            )
            yield in_loop(runner, "valkey", stores)
        finally:
            runner.run(handle.drop())
            runner.run(handle.close())


BUILDERS = {"valkey": _valkey}
