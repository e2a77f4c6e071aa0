"""Orders, offers, payments, the catalog, ratings, idempotency keys and past positions in PostgreSQL.

`migrate` makes the tables, `connect` gives a handle, `postgres_stores` the adapters on it.
"""

from __future__ import annotations

from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.database import PostgresDatabase, connect
from adapters.postgres.history import PostgresHistory
from adapters.postgres.idempotency import PostgresIdempotencyStore
from adapters.postgres.maintenance import Upkeep, maintain
from adapters.postgres.migrating import SchemaStatus, drop, migrate, status
from adapters.postgres.offers import PostgresOfferStore
from adapters.postgres.orders import PostgresOrderStore
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.payments import PostgresPaymentStore
from adapters.postgres.ratings import PostgresRatingStore
from adapters.postgres.settings import DEFAULT_SCHEMA, PostgresSettings
from adapters.postgres.stores import PostgresStores, postgres_stores
from adapters.postgres.tenure import Tenure, hold

__all__ = [
    "DEFAULT_SCHEMA",
    "PostgresCatalog",
    "PostgresDatabase",
    "PostgresHistory",
    "PostgresIdempotencyStore",
    "PostgresOfferStore",
    "PostgresOrderStore",
    "PostgresOutbox",
    "PostgresPaymentStore",
    "PostgresRatingStore",
    "PostgresSettings",
    "PostgresStores",
    "SchemaStatus",
    "Tenure",
    "Upkeep",
    "connect",
    "drop",
    "hold",
    "maintain",
    "migrate",
    "postgres_stores",
    "status",
]
