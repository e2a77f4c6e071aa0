"""Valkey: where drivers are, the cache, sessions, and live updates.

server = await connect("valkey://localhost:6379", prefix="vancouver")
stores = replace(stores, **valkey_parts(server))
...
await server.close()
"""

from __future__ import annotations

from adapters.valkey.cache import ValkeyCache
from adapters.valkey.driver_index import FRESH_S, ValkeyDriverIndex
from adapters.valkey.feed import ValkeyFeed
from adapters.valkey.idempotency import ValkeyIdempotencyStore
from adapters.valkey.server import ValkeyServer, connect
from adapters.valkey.sessions import ValkeySessionStore
from adapters.valkey.settings import DEFAULT_PREFIX, ValkeySettings
from adapters.valkey.stores import ValkeyStores, valkey_stores

__all__ = [
    "DEFAULT_PREFIX",
    "FRESH_S",
    "ValkeyCache",
    "ValkeyDriverIndex",
    "ValkeyFeed",
    "ValkeyIdempotencyStore",
    "ValkeyServer",
    "ValkeySessionStore",
    "ValkeySettings",
    "ValkeyStores",
    "connect",
    "valkey_stores",
]
