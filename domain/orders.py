"""Orders, their items, and the changes that services ask a store to make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.order_state import Action, Actor, Assignment, OrderState


class OrderItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of an order."""

    menu_item_id: int
    quantity: int
    price_cents: int


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a customer sends: a basket, where to, and a client-made idempotency key."""

    idempotency_key: str
    customer_id: int
    restaurant_id: int
    customer_lat: float
    customer_lon: float
    items: tuple[OrderItem, ...]


class Order(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One order as stored. Times are seconds on the clock's axis, None while the event has not happened.

    `promised_at_s` is what the customer was told at placement; the `eta_*_s` are the moments of delivery
    predicted at placement, at assignment and at pickup.
    """

    id: int
    customer_id: int
    restaurant_id: int
    restaurant_lat: float
    restaurant_lon: float
    customer_lat: float
    customer_lon: float
    subtotal_cents: int
    delivery_fee_cents: int
    placed_at_s: float
    prep_quote_s: float
    promised_at_s: float
    eta_placement_s: float
    state: OrderState = OrderState.PLACED
    assignment: Assignment = Assignment.UNASSIGNED
    driver_id: int | None = None
    version: int = 0
    confirmed_at_s: float | None = None
    prep_started_at_s: float | None = None
    ready_at_s: float | None = None
    assigned_at_s: float | None = None
    picked_up_at_s: float | None = None
    delivered_at_s: float | None = None
    completed_at_s: float | None = None
    cancelled_at_s: float | None = None
    cancel_reason: str | None = None
    eta_assignment_s: float | None = None
    eta_pickup_s: float | None = None


class NewOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order to be inserted; the store gives it its id.

    `claim` is the idempotency key under which the order is placed and `payment` the provider's reference of
    the authorised charge; the store writes both with the order.
    """

    request: OrderRequest
    restaurant_lat: float
    restaurant_lon: float
    subtotal_cents: int
    delivery_fee_cents: int
    placed_at_s: float
    prep_quote_s: float
    promised_at_s: float
    eta_placement_s: float
    claim: str | None = None
    payment: str | None = None

    def placed(self, order_id: int) -> Order:
        """Return the order that this becomes under an id."""
        return Order(
            id=order_id,
            customer_id=self.request.customer_id,
            restaurant_id=self.request.restaurant_id,
            restaurant_lat=self.restaurant_lat,
            restaurant_lon=self.restaurant_lon,
            customer_lat=self.request.customer_lat,
            customer_lon=self.request.customer_lon,
            subtotal_cents=self.subtotal_cents,
            delivery_fee_cents=self.delivery_fee_cents,
            placed_at_s=self.placed_at_s,
            prep_quote_s=self.prep_quote_s,
            promised_at_s=self.promised_at_s,
            eta_placement_s=self.eta_placement_s,
        )


class Transition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A change of an order's food state, compare-and-set on `expected_version` where that is given.

    `updates` may set `prep_quote_s`, `eta_pickup_s` and `cancel_reason` in the same transaction.
    """

    order_id: int
    action: Action
    actor: Actor
    actor_id: int | None
    at_s: float
    expected_version: int | None = None
    updates: Mapping[str, Any] = msgspec.field(default_factory=dict)


STATE_TIME_FIELD: dict[OrderState, str] = {
    OrderState.PLACED: "placed_at_s",
    OrderState.CONFIRMED: "confirmed_at_s",
    OrderState.PREPARING: "prep_started_at_s",
    OrderState.READY_FOR_PICKUP: "ready_at_s",
    OrderState.PICKED_UP: "picked_up_at_s",
    OrderState.DELIVERED: "delivered_at_s",
    OrderState.COMPLETED: "completed_at_s",
    OrderState.CANCELLED: "cancelled_at_s",
}
"""The field of `Order` that records when each state was entered."""
