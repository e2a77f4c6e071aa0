"""Events: what happened, as other services and the apps learn of it.

Order and dispatch events are written to the outbox in the same transaction as what they tell of, and reach
the bus through the relay: at least once, in order per key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec


class Topic(StrEnum):
    """Streams of events."""

    ORDERS = "order_events"
    LOCATIONS = "driver_locations"
    DISPATCH = "dispatch_events"


class EventKind(StrEnum):
    """What happened. Order events carry the state's name, dispatch events the offer's."""

    ORDER_PLACED = "order_placed"
    ORDER_CONFIRMED = "order_confirmed"
    ORDER_PREPARING = "order_preparing"
    ORDER_READY = "order_ready_for_pickup"
    ORDER_PICKED_UP = "order_picked_up"
    ORDER_DELIVERED = "order_delivered"
    ORDER_COMPLETED = "order_completed"
    ORDER_CANCELLED = "order_cancelled"
    OFFER_MADE = "offer_made"
    OFFER_ACCEPTED = "offer_accepted"
    OFFER_DECLINED = "offer_declined"
    OFFER_EXPIRED = "offer_expired"
    OFFER_WITHDRAWN = "offer_withdrawn"
    ORDER_RELEASED = "order_released"
    DRIVERS_MOVED = "drivers_moved"


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event. `key` orders it: the order's id for orders, the driver's for dispatch."""

    id: int
    topic: Topic
    kind: EventKind
    key: int
    at_s: float
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRow:
    """One append-only audit record: who did what to which entity, before and after."""

    event_type: str
    entity_type: str
    entity_id: int
    actor: str
    actor_id: int | None
    at_s: float
    before: Mapping[str, Any]
    after: Mapping[str, Any]
