"""The in-memory database that orders, offers, audit log and outbox share, so that they change as one.

A method of the stores checks everything first and writes last, without suspending in between: that makes
it a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.memory.audit import AuditLog
from adapters.memory.evolve import evolve
from domain.errors import NotFound
from domain.events import Event, EventKind, Topic
from domain.offers import Offer, OfferState
from domain.order_rules import CLOSING
from domain.order_state import (
    DISPATCHABLE_STATES,
    FINAL_STATES,
    Actor,
    Assignment,
    AssignmentAction,
    OrderState,
    next_assignment,
)
from domain.orders import Order, OrderItem
from domain.payments import Payment

_UNASSIGNED, _DRIVER, _DISPATCH = Assignment.UNASSIGNED, Actor.DRIVER, Topic.DISPATCH
_DELIVERED = OrderState.DELIVERED


class Key:
    """An idempotency key: whose request, until when, and the answer once there is one."""

    __slots__ = ("fingerprint", "lease_until_s", "response", "until_s")

    def __init__(self, fingerprint: str, until_s: float, lease_until_s: float) -> None:
        self.fingerprint = fingerprint
        self.until_s = until_s
        self.lease_until_s = lease_until_s
        self.response: int | None = None


class MemoryDatabase:
    """Tables as dictionaries by id. Ids count from 1; `live` and `carried` index the orders."""

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.items: dict[int, tuple[OrderItem, ...]] = {}
        self.keys: dict[str, Key] = {}
        self.payments: dict[int, Payment] = {}
        self.settled: set[tuple[str, int]] = set()
        self.waiting: set[int] = set()
        self.live: set[int] = set()
        self.carried: dict[int, set[int]] = {}
        self.offers: dict[int, Offer] = {}
        self.offer_of_driver: dict[int, int] = {}
        self.offer_of_order: dict[int, int] = {}
        self.expiries: list[tuple[float, int]] = []
        self.audit = AuditLog()
        self.outbox: dict[int, Event] = {}
        self._last_event_id = 0

    def order(self, order_id: int) -> Order:
        """Return an order or raise NotFound."""
        try:
            return self.orders[order_id]
        except KeyError:
            raise NotFound(f"no order {order_id}") from None

    def offer(self, offer_id: int) -> Offer:
        """Return an offer or raise NotFound."""
        try:
            return self.offers[offer_id]
        except KeyError:
            raise NotFound(f"no offer {offer_id}") from None

    def emit(self, topic: Topic, kind: EventKind, key: int, at_s: float, data: Mapping[str, Any]) -> None:
        """Write an event to the outbox."""
        self._last_event_id = event_id = self._last_event_id + 1
        self.outbox[event_id] = Event(id=event_id, topic=topic, kind=kind, key=key, at_s=at_s, data=data)

    def put(self, order: Order) -> None:
        """Write an order and keep the indexes."""
        before = self.orders.get(order.id)
        self.orders[order.id] = order
        if before is None:
            self.live.add(order.id)
        elif order.state in FINAL_STATES:
            self.live.discard(order.id)
        if order.driver_id is not None:
            if order.state < _DELIVERED:
                self.carried.setdefault(order.driver_id, set()).add(order.id)
            elif order.driver_id in self.carried:
                self.carried[order.driver_id].discard(order.id)
        elif before is not None and before.driver_id is not None:
            self.carried[before.driver_id].discard(order.id)
        if order.assignment is _UNASSIGNED and order.state in DISPATCHABLE_STATES:
            self.waiting.add(order.id)
        else:
            self.waiting.discard(order.id)

    def reassign(
        self,
        order: Order,
        action: AssignmentAction,
        event_type: str,
        *,
        actor: Actor,
        actor_id: int | None,
        at_s: float,
        details: Mapping[str, Any] | None = None,
        **updates: Any,
    ) -> Order:
        """Change an order's assignment by the table, with its audit row."""
        after = evolve(
            order,
            assignment=next_assignment(order.assignment, action),
            version=order.version + 1,
            **updates,
        )
        self.put(after)
        self.audit.append(
            event_type, order, after, actor=actor, actor_id=actor_id, at_s=at_s, details=details
        )
        return after

    def close_offer(self, offer: Offer, state: OfferState, *, actor: Actor, at_s: float) -> Offer:
        """Close a pending offer without acceptance; its orders wait again."""
        action, kind, event_type = CLOSING[state]
        driver_id = offer.terms.driver_id
        closed = self.finish_offer(offer, state, at_s)
        actor_id = driver_id if actor is _DRIVER else None
        for order_id in offer.terms.order_ids:
            self.reassign(
                self.orders[order_id],
                action,
                event_type,
                actor=actor,
                actor_id=actor_id,
                at_s=at_s,
                details={"offer_id": offer.id, "driver_id": driver_id},
            )
        self.emit_offer(closed, kind, at_s)
        return closed

    def finish_offer(self, offer: Offer, state: OfferState, at_s: float) -> Offer:
        """Write an offer's final state and forget it as pending."""
        closed = Offer(id=offer.id, terms=offer.terms, state=state, closed_at_s=at_s)
        self.offers[offer.id] = closed
        del self.offer_of_driver[offer.terms.driver_id]
        for order_id in offer.terms.order_ids:
            del self.offer_of_order[order_id]
        return closed

    def emit_offer(self, offer: Offer, kind: EventKind, at_s: float) -> None:
        """Tell of an offer."""
        driver_id = offer.terms.driver_id
        data = {"offer_id": offer.id, "driver_id": driver_id, "order_ids": list(offer.terms.order_ids)}
        self.emit(_DISPATCH, kind, driver_id, at_s, data)
