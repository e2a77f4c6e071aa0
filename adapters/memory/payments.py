"""Payments in memory."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from adapters.memory.database import MemoryDatabase
from adapters.memory.marks import Marks
from domain.errors import NotFound
from domain.payments import Payment, PaymentState, Settlement


class MemoryPaymentStore:
    """Payments of a `MemoryDatabase` (implements domain.ports.PaymentStore)."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._db = database

    async def get(self, order_id: int) -> Payment:
        """Return an order's payment, or raise NotFound."""
        payment = self._db.payment(order_id)
        if payment is None:
            raise NotFound(f"order {order_id} has no payment")
        return payment

    async def settle(self, group: str, settlements: Sequence[Settlement]) -> list[bool]:
        """Capture or void payments, each once per group and event; tell which were new."""
        return [self._settle(group, one) for one in settlements]

    def _settle(self, group: str, one: Settlement) -> bool:
        db = self._db
        settled = db.settled.get(group)
        if settled is None:
            settled = db.settled[group] = Marks()
        if one.event_id in settled:
            return False
        settled.add(one.event_id)
        payment = db.payments.get(one.order_id)  # one that is archived is settled
        if payment is not None and payment.state is PaymentState.AUTHORISED:
            db.payments[one.order_id] = replace(payment, state=one.state, settled_at_s=one.at_s)
        return True
