"""The order store in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from adapters.memory.database import MemoryDatabase
from domain.errors import Conflict, ServiceError
from domain.events import AuditRow, EventKind, Topic
from domain.offers import OfferState
from domain.order_rules import EVENT_OF, check_transition
from domain.order_state import Actor, Assignment, OrderState
from domain.orders import STATE_TIME_FIELD, NewOrder, Order, OrderItem, Transition
from domain.payments import Payment
from domain.units import IntArray

# Enum members by their own names: on Python 3.11 looking one up on its class is a Python call.
_CANCELLED, _CUSTOMER = OrderState.CANCELLED, Actor.CUSTOMER
_ORDERS, _TELL_PLACED, _TELL_CANCELLED = Topic.ORDERS, EventKind.ORDER_PLACED, EventKind.ORDER_CANCELLED


class MemoryOrderStore:
    """Orders in a `MemoryDatabase` (implements domain.ports.OrderStore)."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._db = database

    async def place(self, orders: Sequence[NewOrder]) -> list[Order]:
        """Insert orders with items, payment, audit row and outbox event; return them in input order."""
        keys = self._db.keys
        for new in orders:
            if new.claim is not None and new.claim not in keys:
                raise Conflict(f"idempotency key {new.claim!r}: its claim does not stand")
        return [self._insert(new) for new in orders]

    async def get(self, order_ids: Sequence[int]) -> list[Order]:
        """Return orders in input order, or raise NotFound."""
        return [self._db.order(order_id) for order_id in order_ids]

    async def items(self, order_id: int) -> tuple[OrderItem, ...]:
        """Return an order's items, or raise NotFound."""
        return self._db.items_of(order_id)

    async def transition(self, changes: Sequence[Transition]) -> list[Order | ServiceError]:
        """Apply each change by the state table; return the order or the refusal."""
        results: list[Order | ServiceError] = []
        for change in changes:
            try:
                results.append(self._apply(change))
            except ServiceError as refusal:
                results.append(refusal)
        return results

    async def live(self, driver_ids: IntArray | None = None) -> list[Order]:
        """Return every order that has not ended, or those that these drivers carry, by id."""
        db = self._db
        if driver_ids is None:
            ids = sorted(db.live)
        else:
            ids = sorted({one for driver in driver_ids.tolist() for one in db.carried.get(driver, ())})
        return [db.orders[order_id] for order_id in ids]

    async def audit(self, order_id: int) -> list[AuditRow]:
        """Return an order's audit rows, oldest first, or raise NotFound."""
        self._db.order(order_id)
        return self._db.audit.of(order_id)

    def _insert(self, new: NewOrder) -> Order:
        db, request = self._db, new.request
        if new.claim is not None:
            key = db.keys[new.claim]
            if key.response is not None:
                return db.order(key.response)
            key.response = db.last_order_id + 1
        db.last_order_id += 1
        order = new.placed(db.last_order_id)
        db.put(order)
        db.items[order.id] = request.items
        if new.payment is not None:
            amount_cents = new.subtotal_cents + new.delivery_fee_cents
            db.payments[order.id] = Payment(
                order_id=order.id, reference=new.payment, amount_cents=amount_cents
            )
        db.audit.append(
            "ORDER_CREATED",
            None,
            order,
            actor=_CUSTOMER,
            actor_id=order.customer_id,
            at_s=order.placed_at_s,
        )
        self._emit(order, _TELL_PLACED, order.placed_at_s, order.driver_id)
        return order

    def _apply(self, change: Transition) -> Order:
        order = self._db.order(change.order_id)
        state = check_transition(order, change)
        updates: dict[str, Any] = {
            **change.updates,
            "state": state,
            "version": order.version + 1,
            STATE_TIME_FIELD[state]: change.at_s,
        }
        if state is _CANCELLED:
            return self._cancel(order, change, updates)
        after = replace(order, **updates)
        self._write(order, after, change, "ORDER_STATUS_CHANGED")
        return after

    def _cancel(self, order: Order, change: Transition, updates: dict[str, Any]) -> Order:
        """Cancel, closing the order's pending offer and its assignment."""
        db = self._db
        if order.assignment is Assignment.OFFERED:
            offer = db.offers[db.offer_of_order[order.id]]
            db.close_offer(offer, OfferState.WITHDRAWN, actor=Actor.SYSTEM, at_s=change.at_s)
            order = db.orders[order.id]
        updates |= {
            "version": order.version + 1,
            "assignment": Assignment.UNASSIGNED,
            "driver_id": None,
        }
        after = replace(order, **updates)
        self._write(order, after, change, "ORDER_CANCELLED")
        return after

    def _write(self, before: Order, after: Order, change: Transition, event_type: str) -> None:
        details = change.updates
        if before.driver_id != after.driver_id:
            details = {**details, "released_driver_id": before.driver_id}
        self._db.put(after)
        self._db.audit.append(
            event_type,
            before,
            after,
            actor=change.actor,
            actor_id=change.actor_id,
            at_s=change.at_s,
            details=details,
        )
        self._emit(after, EVENT_OF[after.state], change.at_s, before.driver_id)

    def _emit(self, order: Order, kind: EventKind, at_s: float, driver_id: int | None) -> None:
        """Tell of an order; `driver_id` is who was bound to it when this happened."""
        data: dict[str, Any] = {"version": order.version, "driver_id": driver_id}
        if kind is _TELL_CANCELLED:
            data["reason"] = order.cancel_reason
        self._db.emit(_ORDERS, kind, order.id, at_s, data)
