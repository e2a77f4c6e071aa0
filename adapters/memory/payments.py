"""Payments in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adapters.memory.database import MemoryDatabase
from domain.errors import NotFound
from domain.payments import Payment, PaymentState, Settlement


class MemoryPaymentStore:
    """Payments of a `MemoryDatabase` (implements domain.ports.PaymentStore)."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._db = database

    async def get(self, order_id: int) -> Payment:
        """Return an order's payment, or raise NotFound."""
        try:
            return self._db.payments[order_id]
        except KeyError:
            raise NotFound(f"order {order_id} has no payment") from None

    async def settle(self, group: str, settlements: Sequence[Settlement]) -> list[bool]:
        """Capture or void payments, each once per group and event; tell which were new."""
        return [self._settle(group, one) for one in settlements]

    def _settle(self, group: str, one: Settlement) -> bool:
        db, mark = self._db, (group, one.event_id)
        if mark in db.settled:
            return False
        db.settled.add(mark)
        payment = db.payments.get(one.order_id)
        if payment is not None and payment.state is PaymentState.AUTHORISED:
            db.payments[one.order_id] = replace(payment, state=one.state, settled_at_s=one.at_s)
        return True
