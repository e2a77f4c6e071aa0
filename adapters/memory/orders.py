"""The order store in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.memory.database import MemoryDatabase
from adapters.memory.evolve import evolve
from domain.errors import Conflict, InvalidRequest, ServiceError
from domain.events import AuditRow, EventKind, Topic
from domain.offers import OfferState
from domain.order_state import (
    CUSTOMER_CANCELS_ONLY_WHEN_LATE,
    Action,
    Actor,
    Assignment,
    OrderState,
    next_state,
)
from domain.orders import STATE_TIME_FIELD, NewOrder, Order, OrderItem, Transition

_EVENT_OF = {
    OrderState.CONFIRMED: EventKind.ORDER_CONFIRMED,
    OrderState.PREPARING: EventKind.ORDER_PREPARING,
    OrderState.READY_FOR_PICKUP: EventKind.ORDER_READY,
    OrderState.PICKED_UP: EventKind.ORDER_PICKED_UP,
    OrderState.DELIVERED: EventKind.ORDER_DELIVERED,
    OrderState.COMPLETED: EventKind.ORDER_COMPLETED,
    OrderState.CANCELLED: EventKind.ORDER_CANCELLED,
}
# Enum members by their own names: on Python 3.11 looking one up on its class is a Python call.
_CANCEL, _CANCELLED, _ASSIGNED = Action.CANCEL, OrderState.CANCELLED, Assignment.ASSIGNED
_CUSTOMER, _DRIVER, _RESTAURANT = Actor.CUSTOMER, Actor.DRIVER, Actor.RESTAURANT
_ORDERS, _TELL_PLACED, _TELL_CANCELLED = Topic.ORDERS, EventKind.ORDER_PLACED, EventKind.ORDER_CANCELLED
_UPDATABLE = frozenset({"prep_quote_s", "eta_pickup_s", "cancel_reason"})


class MemoryOrderStore:
    """Orders in a `MemoryDatabase` (implements domain.ports.OrderStore)."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._db = database

    async def place(self, orders: Sequence[NewOrder]) -> list[Order]:
        """Insert orders with items, audit row and outbox event; return them in input order."""
        return [self._insert(new) for new in orders]

    async def get(self, order_ids: Sequence[int]) -> list[Order]:
        """Return orders in input order, or raise NotFound."""
        return [self._db.order(order_id) for order_id in order_ids]

    async def items(self, order_id: int) -> tuple[OrderItem, ...]:
        """Return an order's items, or raise NotFound."""
        self._db.order(order_id)
        return self._db.items[order_id]

    async def transition(self, changes: Sequence[Transition]) -> list[Order | ServiceError]:
        """Apply each change by the state table; return the order or the refusal."""
        results: list[Order | ServiceError] = []
        for change in changes:
            try:
                results.append(self._apply(change))
            except ServiceError as refusal:
                results.append(refusal)
        return results

    async def dispatchable(self) -> list[Order]:
        """Return every order that waits for a driver, by id."""
        return [self._db.orders[order_id] for order_id in sorted(self._db.waiting)]

    async def audit(self, order_id: int) -> list[AuditRow]:
        """Return an order's audit rows, oldest first, or raise NotFound."""
        self._db.order(order_id)
        return self._db.audit.of(order_id)

    def _insert(self, new: NewOrder) -> Order:
        db, request = self._db, new.request
        order = Order(
            id=len(db.orders) + 1,
            customer_id=request.customer_id,
            restaurant_id=request.restaurant_id,
            restaurant_lat=new.restaurant_lat,
            restaurant_lon=new.restaurant_lon,
            customer_lat=request.customer_lat,
            customer_lon=request.customer_lon,
            subtotal_cents=new.subtotal_cents,
            delivery_fee_cents=new.delivery_fee_cents,
            placed_at_s=new.placed_at_s,
            prep_quote_s=new.prep_quote_s,
            promised_at_s=new.promised_at_s,
            eta_placement_s=new.eta_placement_s,
        )
        db.put(order)
        db.items[order.id] = request.items
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
        state = _check(order, change)
        updates: dict[str, Any] = {
            **change.updates,
            "state": state,
            "version": order.version + 1,
            STATE_TIME_FIELD[state]: change.at_s,
        }
        if state is _CANCELLED:
            return self._cancel(order, change, updates)
        after = evolve(order, **updates)
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
        after = evolve(order, **updates)
        self._write(order, after, change, "ORDER_CANCELLED")
        return after

    def _write(self, before: Order, after: Order, change: Transition, event_type: str) -> None:
        details = dict(change.updates)
        if before.driver_id != after.driver_id:
            details["released_driver_id"] = before.driver_id
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
        self._emit(after, _EVENT_OF[after.state], change.at_s, before.driver_id)

    def _emit(self, order: Order, kind: EventKind, at_s: float, driver_id: int | None) -> None:
        """Tell of an order; `driver_id` is who was bound to it when this happened."""
        data: dict[str, Any] = {"version": order.version, "driver_id": driver_id}
        if kind is _TELL_CANCELLED:
            data["reason"] = order.cancel_reason
        self._db.emit(_ORDERS, kind, order.id, at_s, data)


def _check(order: Order, change: Transition) -> OrderState:
    """Return the state that a change leads to, or raise the refusal."""
    unknown = change.updates.keys() - _UPDATABLE
    if unknown:
        raise InvalidRequest(f"a transition cannot set {', '.join(sorted(unknown))}")
    if change.expected_version is not None and change.expected_version != order.version:
        raise Conflict(f"order {order.id} is at version {order.version}, not {change.expected_version}")
    state = next_state(order.state, change.action, change.actor)
    _check_actor(order, change)
    if (
        change.action is _CANCEL
        and change.actor is _CUSTOMER
        and order.state in CUSTOMER_CANCELS_ONLY_WHEN_LATE
        and change.at_s <= order.promised_at_s
    ):
        raise Conflict(f"order {order.id} is being made and is not late: the customer may not cancel")
    return state


def _check_actor(order: Order, change: Transition) -> None:
    """Refuse actors that the order does not belong to."""
    if change.actor is _DRIVER:
        is_owner = order.assignment is _ASSIGNED and order.driver_id == change.actor_id
    elif change.actor is _CUSTOMER:
        is_owner = order.customer_id == change.actor_id
    elif change.actor is _RESTAURANT:
        is_owner = order.restaurant_id == change.actor_id
    else:
        is_owner = True
    if not is_owner:
        raise Conflict(f"order {order.id} is not {change.actor} {change.actor_id}'s")
