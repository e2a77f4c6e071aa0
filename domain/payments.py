"""Payments: authorised with the order, captured on delivery, voided on cancellation."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class PaymentState(IntEnum):
    """AUTHORISED is the only state that can change."""

    AUTHORISED = 0
    CAPTURED = 1
    VOIDED = 2


class Payment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The charge of one order; `reference` is the provider's name for it."""

    order_id: int
    reference: str
    amount_cents: int
    state: PaymentState = PaymentState.AUTHORISED
    settled_at_s: float | None = None


class Settlement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an event makes of an order's payment: CAPTURED or VOIDED, once per event."""

    event_id: int
    order_id: int
    state: PaymentState
    at_s: float
