"""The in-memory database that orders, offers, audit log and outbox share, so that they change as one.

A method of the stores checks everything first and writes last, without suspending in between: that makes
it a transaction.

What has ended, and does not change any more, moves out of the tables into archives once `KEPT` others have
ended since.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from msgspec.structs import replace

from adapters.memory.archive import Archive
from adapters.memory.audit import AuditLog
from adapters.memory.marks import Marks
from adapters.memory.packing import EndedOrder, packed_offer, packed_order, unpacked_offer, unpacked_order
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
from domain.payments import Payment, PaymentState

KEPT = 2048
"""How many ended orders, and as many closed offers, stay at hand."""

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
    """Tables as dictionaries by id. Ids count from 1; `live` and `carried` index the orders.

    The dictionaries hold all that is live or pending; the methods also find what has been archived.
    """

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.items: dict[int, tuple[OrderItem, ...]] = {}
        self.keys: dict[str, Key] = {}
        self.payments: dict[int, Payment] = {}
        self.settled: dict[str, Marks] = {}
        self.waiting: set[int] = set()
        self.live: set[int] = set()
        self.carried: dict[int, set[int]] = {}
        self.offers: dict[int, Offer] = {}
        self.offer_of_driver: dict[int, int] = {}
        self.offer_of_order: dict[int, int] = {}
        self.expiries: list[tuple[float, int]] = []
        self.audit = AuditLog()
        self.outbox: dict[int, Event] = {}
        self.last_order_id = 0
        self.last_offer_id = 0
        self._last_event_id = 0
        self._ended: deque[int] = deque()
        self._closed: deque[int] = deque()
        self._old_orders = Archive()
        self._old_offers = Archive()

    def order(self, order_id: int) -> Order:
        """Return an order or raise NotFound."""
        order = self.orders.get(order_id)
        return order if order is not None else self._old(order_id)[0]

    def items_of(self, order_id: int) -> tuple[OrderItem, ...]:
        """Return an order's items or raise NotFound."""
        items = self.items.get(order_id)
        return items if items is not None else self._old(order_id)[1]

    def payment(self, order_id: int) -> Payment | None:
        """Return an order's payment, None where there is none."""
        payment = self.payments.get(order_id)
        if payment is None:
            row = self._old_orders.get(order_id)
            payment = None if row is None else unpacked_order(row)[2]
        return payment

    def offer(self, offer_id: int) -> Offer:
        """Return an offer or raise NotFound."""
        offer = self.offers.get(offer_id)
        if offer is not None:
            return offer
        row = self._old_offers.get(offer_id)
        if row is None:
            raise NotFound(f"no offer {offer_id}")
        return unpacked_offer(row)

    def every_offer(self) -> Iterable[Offer]:
        """Return all offers ever made, in no particular order; reads the whole archive."""
        return chain(map(unpacked_offer, self._old_offers.rows()), self.offers.values())

    def emit(self, topic: Topic, kind: EventKind, key: int, at_s: float, data: Mapping[str, Any]) -> None:
        """Write an event to the outbox."""
        self._last_event_id = event_id = self._last_event_id + 1
        self.outbox[event_id] = Event(id=event_id, topic=topic, kind=kind, key=key, at_s=at_s, data=data)

    def put(self, order: Order) -> None:
        """Write an order and keep the indexes."""
        order_id, driver_id, state = order.id, order.driver_id, order.state
        before = self.orders.get(order_id)
        self.orders[order_id] = order
        if before is None:
            self.live.add(order_id)
        elif state in FINAL_STATES:
            self.live.discard(order_id)
            self._lay_orders_aside(order_id)
        carried_by = None if before is None or before.state >= _DELIVERED else before.driver_id
        carries = None if state >= _DELIVERED else driver_id
        if carried_by != carries:
            if carried_by is not None:
                self.carried[carried_by].discard(order_id)
            if carries is not None:
                self.carried.setdefault(carries, set()).add(order_id)
        if order.assignment is _UNASSIGNED and state in DISPATCHABLE_STATES:
            self.waiting.add(order_id)
        else:
            self.waiting.discard(order_id)

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
        after = replace(
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
        self._closed.append(offer.id)
        if len(self._closed) > KEPT:
            oldest = self._closed.popleft()
            self._old_offers.put(oldest, packed_offer(self.offers.pop(oldest)))
        return closed

    def emit_offer(self, offer: Offer, kind: EventKind, at_s: float) -> None:
        """Tell of an offer."""
        driver_id = offer.terms.driver_id
        data = {"offer_id": offer.id, "driver_id": driver_id, "order_ids": list(offer.terms.order_ids)}
        self.emit(_DISPATCH, kind, driver_id, at_s, data)

    def _lay_orders_aside(self, ended: int) -> None:
        """Take note that an order has ended; archive the one that did so `KEPT` orders ago.

        A payment that is not settled yet stays in its table.
        """
        self._ended.append(ended)
        if len(self._ended) > KEPT:
            oldest = self._ended.popleft()
            payment = self.payments.get(oldest)
            if payment is not None and payment.state is not PaymentState.AUTHORISED:
                del self.payments[oldest]
            else:
                payment = None
            row = packed_order(self.orders.pop(oldest), self.items.pop(oldest), payment)
            self._old_orders.put(oldest, row)

    def _old(self, order_id: int) -> EndedOrder:
        row = self._old_orders.get(order_id)
        if row is None:
            raise NotFound(f"no order {order_id}")
        return unpacked_order(row)
