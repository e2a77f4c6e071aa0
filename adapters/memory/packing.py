"""Orders and offers as plain tuples and back, for the archive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from msgspec.structs import astuple

from domain.offers import NewOffer, Offer, OfferState
from domain.orders import Order, OrderItem
from domain.payments import Payment

Row = tuple[Any, ...]
EndedOrder = tuple[Order, tuple[OrderItem, ...], Payment | None]
"""An order with its items and its payment, None where there is none or it is not settled."""
Record = TypeVar("Record", bound=msgspec.Struct)


def packed_order(order: Order, items: tuple[OrderItem, ...], payment: Payment | None) -> Row:
    """Return an order with what belongs to it as a tuple of plain values."""
    return astuple(order), [astuple(item) for item in items], None if payment is None else astuple(payment)


def unpacked_order(row: Row) -> EndedOrder:
    """Return what `packed_order` packed."""
    order, items, payment = row
    paid = None if payment is None else _record(Payment, payment)
    return _record(Order, order), tuple([_record(OrderItem, item) for item in items]), paid


def packed_offer(offer: Offer) -> Row:
    """Return an offer as a tuple of plain values."""
    return offer.id, astuple(offer.terms), offer.state, offer.closed_at_s


def unpacked_offer(row: Row) -> Offer:
    """Return what `packed_offer` packed."""
    offer_id, terms, state, closed_at_s = row
    terms = _record(NewOffer, terms)
    return Offer(id=offer_id, terms=terms, state=OfferState(state), closed_at_s=closed_at_s)


def _record(kind: type[Record], values: Sequence[Any]) -> Record:
    """Return a record of its values in order, which may be of the types that MessagePack has."""
    return msgspec.convert(dict(zip(kind.__struct_fields__, values, strict=True)), kind)
