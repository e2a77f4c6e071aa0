"""The adapters on one database."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.history import PostgresHistory
from adapters.postgres.idempotency import PostgresIdempotencyStore
from adapters.postgres.offers import PostgresOfferStore
from adapters.postgres.orders import PostgresOrderStore
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.payments import PostgresPaymentStore
from adapters.postgres.ratings import PostgresRatingStore


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresStores:
    """The part of `domain.stores.Stores` that PostgreSQL keeps, by the same names."""

    orders: PostgresOrderStore
    offers: PostgresOfferStore
    payments: PostgresPaymentStore
    outbox: PostgresOutbox
    catalog: PostgresCatalog
    ratings: PostgresRatingStore
    idempotency: PostgresIdempotencyStore
    history: PostgresHistory


def postgres_stores(database: PostgresDatabase) -> PostgresStores:
    """Return the adapters on a database; closing it is the caller's task."""
    return PostgresStores(
        orders=PostgresOrderStore(database),
        offers=PostgresOfferStore(database),
        payments=PostgresPaymentStore(database),
        outbox=PostgresOutbox(database),
        catalog=PostgresCatalog(database),
        ratings=PostgresRatingStore(database),
        idempotency=PostgresIdempotencyStore(database),
        history=PostgresHistory(database),
    )
