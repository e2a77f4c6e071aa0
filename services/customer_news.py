"""Tells the customers' apps when an order has ended."""

from __future__ import annotations

from collections.abc import Sequence

from domain.events import Event, EventKind, Topic
from domain.order_state import OrderState
from domain.ports import EventBus
from services.notifications import Mailbox, OrderClosed

_ENDS = {EventKind.ORDER_COMPLETED: OrderState.COMPLETED, EventKind.ORDER_CANCELLED: OrderState.CANCELLED}


class CustomerNews:
    """Follows the order events; fills the mailbox."""

    def __init__(self, bus: EventBus, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        bus.subscribe(Topic.ORDERS, "customer news", self._on_orders, kinds=_ENDS)

    async def _on_orders(self, events: Sequence[Event]) -> None:
        for event in events:
            state, reason = _ENDS[event.kind], event.data.get("reason") or ""
            self._mailbox.tell(OrderClosed(order_id=event.key, state=state, at_s=event.at_s, reason=reason))
