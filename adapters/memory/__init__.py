"""Every store in memory: for the simulator, for tests, and as the meaning of the ports."""

from __future__ import annotations

from adapters.memory.bus import MemoryBus
from adapters.memory.cache import MemoryCache
from adapters.memory.catalog import MemoryCatalog
from adapters.memory.clock import SharedClock, SystemClock, VirtualClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.driver_index import FRESH_S, MemoryDriverIndex
from adapters.memory.feed import MemoryFeed
from adapters.memory.history import MemoryHistory, NoHistory
from adapters.memory.idempotency import MemoryIdempotencyStore
from adapters.memory.offers import MemoryOfferStore
from adapters.memory.orders import MemoryOrderStore
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.payments import MemoryPaymentStore
from adapters.memory.ratings import MemoryRatingStore
from adapters.memory.sessions import MemorySessionStore
from domain.stores import Stores

__all__ = [
    "MemoryBus",
    "MemoryCache",
    "MemoryCatalog",
    "MemoryDatabase",
    "MemoryDriverIndex",
    "MemoryFeed",
    "MemoryHistory",
    "MemoryIdempotencyStore",
    "MemoryOfferStore",
    "MemoryOrderStore",
    "MemoryOutbox",
    "MemoryPaymentStore",
    "MemoryRatingStore",
    "MemorySessionStore",
    "NoHistory",
    "SharedClock",
    "SystemClock",
    "VirtualClock",
    "memory_stores",
]


def memory_stores(
    *, fresh_s: float = FRESH_S, quantised: bool = False, keeps_history: bool = False
) -> Stores:
    """Return empty stores in memory that share one database.

    `fresh_s` and `quantised` are those of MemoryDriverIndex; drivers' past positions are forgotten unless
    `keeps_history`.
    """
    database = MemoryDatabase()
    return Stores(
        orders=MemoryOrderStore(database),
        offers=MemoryOfferStore(database),
        outbox=MemoryOutbox(database),
        drivers=MemoryDriverIndex(fresh_s=fresh_s, quantised=quantised),
        catalog=MemoryCatalog(),
        ratings=MemoryRatingStore(),
        cache=MemoryCache(),
        idempotency=MemoryIdempotencyStore(database),
        bus=MemoryBus(),
        payments=MemoryPaymentStore(database),
        history=MemoryHistory() if keeps_history else NoHistory(),
        sessions=MemorySessionStore(),
        feed=MemoryFeed(),
    )
