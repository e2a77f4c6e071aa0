"""Orders and offers as plain tuples and back: those pickle ten times as fast as dataclasses and enums."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from domain.drivers import Stop, StopKind
from domain.offers import NewOffer, Offer, OfferState
from domain.order_state import Assignment, OrderState
from domain.orders import Order, OrderItem
from domain.payments import Payment, PaymentState

Row = tuple[Any, ...]
EndedOrder = tuple[Order, tuple[OrderItem, ...], Payment | None]
"""An order with its items and its payment, None where there is none or it is not settled."""

_ORDER = tuple(name for name in Order.__struct_fields__ if name not in ("state", "assignment"))
_READ_ORDER = attrgetter(*_ORDER)
_READ_ITEM = attrgetter("menu_item_id", "quantity", "price_cents")
_READ_STOP = attrgetter("order_id", "lat", "lon")
_TERMS = tuple(name for name in NewOffer.__struct_fields__ if name != "plan")
_READ_TERMS = attrgetter(*_TERMS)


def packed_order(order: Order, items: tuple[OrderItem, ...], payment: Payment | None) -> Row:
    """Return an order with what belongs to it as a tuple of plain values."""
    paid = None
    if payment is not None:
        paid = payment.reference, payment.amount_cents, int(payment.state), payment.settled_at_s
    lines = tuple(map(_READ_ITEM, items))
    return _READ_ORDER(order), int(order.state), int(order.assignment), lines, paid


def unpacked_order(row: Row) -> EndedOrder:
    """Return what `packed_order` packed."""
    values, state, assignment, lines, paid = row
    named: dict[str, Any] = dict(zip(_ORDER, values, strict=True))
    order = Order(**named, state=OrderState(state), assignment=Assignment(assignment))
    items = tuple(OrderItem(menu_item_id=a, quantity=b, price_cents=c) for a, b, c in lines)
    if paid is None:
        return order, items, None
    reference, amount_cents, paid_state, settled_at_s = paid
    payment = Payment(
        order_id=order.id,
        reference=reference,
        amount_cents=amount_cents,
        state=PaymentState(paid_state),
        settled_at_s=settled_at_s,
    )
    return order, items, payment


def packed_offer(offer: Offer) -> Row:
    """Return an offer as a tuple of plain values."""
    plan = tuple((int(stop.kind), *_READ_STOP(stop)) for stop in offer.terms.plan)
    return offer.id, _READ_TERMS(offer.terms), plan, int(offer.state), offer.closed_at_s


def unpacked_offer(row: Row) -> Offer:
    """Return what `packed_offer` packed."""
    offer_id, values, stops, state, closed_at_s = row
    named: dict[str, Any] = dict(zip(_TERMS, values, strict=True))
    plan = tuple(Stop(kind=StopKind(kind), order_id=o, lat=lat, lon=lon) for kind, o, lat, lon in stops)
    terms = NewOffer(**named, plan=plan)
    return Offer(id=offer_id, terms=terms, state=OfferState(state), closed_at_s=closed_at_s)
