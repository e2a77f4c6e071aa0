"""What Valkey keeps of a market's stores."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.valkey.cache import ValkeyCache
from adapters.valkey.driver_index import FRESH_S, ValkeyDriverIndex
from adapters.valkey.feed import ValkeyFeed
from adapters.valkey.server import ValkeyServer
from adapters.valkey.sessions import ValkeySessionStore


@dataclass(frozen=True, kw_only=True, slots=True)
class ValkeyStores:
    """Stores under their names in `domain.stores.Stores`.

    Idempotency keys are not among them: they change in one transaction with the orders, so they belong into
    the orders' database. `ValkeyIdempotencyStore` is for services without one.
    """

    drivers: ValkeyDriverIndex
    cache: ValkeyCache
    sessions: ValkeySessionStore
    feed: ValkeyFeed


def valkey_stores(server: ValkeyServer, *, fresh_s: float = FRESH_S, publish: bool = False) -> ValkeyStores:
    """Return the stores that Valkey serves; `fresh_s` and `publish` are those of ValkeyDriverIndex."""
    return ValkeyStores(
        drivers=ValkeyDriverIndex(server, fresh_s=fresh_s, publish=publish),
        cache=ValkeyCache(server),
        sessions=ValkeySessionStore(server),
        feed=ValkeyFeed(server),
    )
