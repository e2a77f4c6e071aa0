"""Payments: authorised before an order is placed, captured on delivery, voided on cancellation."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import NotFound
from domain.events import Event, EventKind, Topic
from domain.payments import PaymentState, Settlement
from domain.ports import EventBus, PaymentProvider, PaymentStore
from services.breakers import Breaker

GROUP = "payments"
_SETTLES = {
    EventKind.ORDER_DELIVERED: PaymentState.CAPTURED,
    EventKind.ORDER_CANCELLED: PaymentState.VOIDED,
}


class PaymentService:
    """Talks to the payment provider through a breaker, and settles payments as the order events say.

    The provider is asked first and bears being asked twice; the store then notes the settlement together
    with the event. A crash in between repeats the question, not the effect.
    """

    def __init__(
        self, provider: PaymentProvider, payments: PaymentStore, breaker: Breaker, bus: EventBus
    ) -> None:
        self._provider = provider
        self._payments = payments
        self._breaker = breaker
        bus.subscribe(Topic.ORDERS, GROUP, self._settle, kinds=_SETTLES)

    async def authorise(self, key: str, customer_id: int, amount_cents: int) -> str:
        """Reserve an amount; return the provider's reference.

        Raises:
            PaymentDeclined: the customer cannot pay. Unavailable: the provider does not answer.
        """
        return await self._breaker.call(lambda: self._provider.authorise(key, customer_id, amount_cents))

    async def _settle(self, events: Sequence[Event]) -> None:
        """Capture or void what a batch of order events settles, each event once."""
        settlements = [one for event in events if (one := await self._asked(event)) is not None]
        if settlements:
            await self._payments.settle(GROUP, settlements)

    async def _asked(self, event: Event) -> Settlement | None:
        """Ask the provider for what an event settles; None where the order has no payment."""
        state = _SETTLES[event.kind]
        try:
            payment = await self._payments.get(event.key)
        except NotFound:  # orders may be placed without a payment
            return None
        ask = self._provider.capture if state is PaymentState.CAPTURED else self._provider.void
        await self._breaker.call(lambda: ask(payment.reference))
        return Settlement(event_id=event.id, order_id=event.key, state=state, at_s=event.at_s)
