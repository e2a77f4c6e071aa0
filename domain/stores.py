"""The bundle of ports that the services run on; one builder per family of adapters fills it."""

from __future__ import annotations

from dataclasses import dataclass

from domain.ports import (
    Cache,
    CatalogStore,
    DriverIndex,
    EventBus,
    IdempotencyStore,
    LiveFeed,
    LocationHistory,
    OfferStore,
    OrderStore,
    Outbox,
    PaymentStore,
    RatingStore,
    SessionStore,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stores:
    """Every store and the bus.

    `orders`, `offers`, `payments`, `idempotency` and `outbox` share one database, so they change as one.
    """

    orders: OrderStore
    offers: OfferStore
    payments: PaymentStore
    outbox: Outbox
    drivers: DriverIndex
    catalog: CatalogStore
    ratings: RatingStore
    cache: Cache
    idempotency: IdempotencyStore
    bus: EventBus
    history: LocationHistory
    sessions: SessionStore
    feed: LiveFeed
