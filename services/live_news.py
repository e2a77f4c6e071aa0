"""Tells those who watch an order, in whatever process, what happens to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from domain.errors import Unavailable
from domain.events import Event, EventKind, Topic
from domain.feed import Subject, Update
from domain.stores import Stores

_OF_OFFERS = frozenset({EventKind.OFFER_ACCEPTED, EventKind.ORDER_RELEASED})


class LiveNews:
    """Passes order events, and the binding and unbinding of drivers, on to the live feed.

    News that cannot be told now is old news: while the feed is out of reach it is dropped.
    """

    def __init__(self, stores: Stores) -> None:
        self._feed = stores.feed
        stores.bus.subscribe(Topic.ORDERS, "live", self._tell)
        stores.bus.subscribe(Topic.DISPATCH, "live", self._tell, kinds=_OF_OFFERS)

    async def _tell(self, events: Sequence[Event]) -> None:
        if not self._feed.is_heard():
            return
        updates = [update for event in events for update in _updates(event)]
        if updates:
            with suppress(Unavailable):
                await self._feed.publish(updates)


def _updates(event: Event) -> Iterator[Update]:
    order_ids = [event.key] if event.topic is Topic.ORDERS else event.data["order_ids"]
    data = {"kind": str(event.kind), "driver_id": event.data["driver_id"]}
    for order_id in order_ids:
        yield Update(subject=Subject.ORDER, id=order_id, at_s=event.at_s, data=data)
