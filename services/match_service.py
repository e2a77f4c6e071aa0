"""Finds drivers for waiting orders: keeps who waits, wakes the strategy, opens the offers it decides on.

The waiting list follows the order and dispatch events of the bus. A strategy with a window decides at whole
multiples of it while any order waits; one without decides as soon as an order begins to wait and tries all
that is left together at whole multiples of `retry_s`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from domain.errors import InvalidTransition, ServiceError, Unavailable
from domain.events import Event, EventKind, Topic
from domain.order_state import Action, Actor
from domain.orders import Transition
from domain.ports import Clock, OrderStore
from domain.stores import Stores
from matching.contract import Strategy
from services.agenda import Agenda
from services.breakers import Breaker
from services.deciding import Decider
from services.offer_service import OfferService
from services.order_book import OrderBook
from services.relay import Relay
from services.settings import MatchSettings
from services.wait_list import WaitList
from services.window_stats import WindowObserver, WindowStats

NO_DRIVER_FOUND = "no driver"
"""The reason of a cancellation after `give_up_s`."""

_CLOSES = frozenset({EventKind.OFFER_DECLINED, EventKind.OFFER_EXPIRED, EventKind.OFFER_WITHDRAWN})
_EXCLUDES_DRIVER = frozenset({EventKind.OFFER_DECLINED, EventKind.OFFER_EXPIRED})
_ENDS = frozenset({EventKind.ORDER_CANCELLED, EventKind.ORDER_DELIVERED})
_CHANGES_BOOK = frozenset(
    {
        EventKind.ORDER_CONFIRMED,
        EventKind.ORDER_READY,
        EventKind.ORDER_PICKED_UP,
        EventKind.ORDER_DELIVERED,
        EventKind.ORDER_CANCELLED,
    }
)


class MatchService:
    """The matcher of one market. `offers` answers drivers; `run_due` does what time brings.

    Decisions go through a circuit breaker. While the driver index is out of reach orders stay queued, and are
    tried again when the breaker lets a decision through.
    """

    def __init__(
        self,
        stores: Stores,
        strategy: Strategy,
        decider: Decider,
        book: OrderBook,
        offers: OfferService,
        breaker: Breaker,
        clock: Clock,
        relay: Relay,
        settings: MatchSettings,
        agenda: Agenda,
        on_window: WindowObserver,
    ) -> None:
        self.offers = offers
        self._orders: OrderStore = stores.orders
        self._offer_store = stores.offers
        self._strategy = strategy
        self._decider = decider
        self._book = book
        self._breaker = breaker
        self._clock = clock
        self._relay = relay
        self._settings = settings
        self._on_window = on_window
        self._list = WaitList(book.waiting.__contains__, settings, agenda)
        self._next_window_s = -math.inf
        stores.bus.subscribe(Topic.ORDERS, "matching", self._on_orders, kinds=_CHANGES_BOOK)
        stores.bus.subscribe(Topic.DISPATCH, "matching", self._on_dispatch)

    @property
    def waiting(self) -> int:
        """Number of orders that wait for a driver."""
        return len(self._book.waiting)

    async def recover(self) -> None:
        """Take over live orders, pending offers and refusals from the store, after a restart."""
        orders = await self._orders.live()
        self._refresh(orders)
        for order_id, driver_id in await self._offer_store.refusals([order.id for order in orders]):
            self._list.exclude(order_id, driver_id)
        await self.offers.recover()

    def next_due_s(self) -> float:
        """Return when a decision, an expiry or a give-up is due next; inf if nothing is."""
        return min(self._next_decision_s(), self.offers.next_due_s(), self._list.next_give_up_s())

    async def run_due(self) -> None:
        """Do what is due: expiries first, then give-ups, then a decision with all that is free by then."""
        now_s = self._clock.now_s()
        await self.offers.expire()
        await self._relay.run()
        await self._give_up(now_s)
        if self._next_decision_s() <= now_s:
            await self._decide(now_s)
            await self._relay.run()

    def _next_decision_s(self) -> float:
        window_s = self._strategy.window_s
        if window_s <= 0:
            return self._list.next_try_s()
        first_s = self._list.next_try_s()
        if first_s == math.inf:
            return math.inf
        return max(math.ceil(first_s / window_s) * window_s, self._next_window_s)

    async def _decide(self, now_s: float) -> None:
        window_s = self._strategy.window_s
        tried = self._list.take_tries(now_s)
        if window_s > 0:
            next_s = self._next_window_s = _next_multiple_s(now_s, window_s)
            rows = self._book.take_waiting()
        else:
            next_s = _next_multiple_s(now_s, self._settings.retry_s)
            rows = self._book.take_waiting(tried)
        await self._decide_rows(rows, now_s, next_s)

    async def _decide_rows(self, rows: NDArray[Any], now_s: float, next_s: float) -> None:
        """Decide on these orders; what is left of them is tried again at `next_s`."""
        stats = await self._decided(rows, now_s, next_s)
        for order_id in rows["id"].tolist():
            if order_id in self._book.waiting:
                self._list.retry(order_id, next_s)
        self._on_window(stats)

    async def _decided(self, rows: NDArray[Any], now_s: float, next_s: float) -> WindowStats:
        """Decide if the breaker lets; else all orders stay queued."""
        try:
            outcome = await self._breaker.call(
                lambda: self._decider.decide(rows, self._list.excluded, now_s=now_s, next_s=next_s)
            )
        except Unavailable:
            return WindowStats.failed(at_s=now_s, orders=len(rows))
        for order_id in outcome.released:
            self._list.forget(order_id)
        for order_id in outcome.offered:
            self._book.stop_waiting(order_id)
        return outcome.stats

    async def _give_up(self, now_s: float) -> None:
        """Cancel orders that have waited too long."""
        order_ids = self._list.take_given_up(now_s)
        if not order_ids:
            return
        changes = [
            Transition(
                order_id=order_id,
                action=Action.CANCEL,
                actor=Actor.SYSTEM,
                actor_id=None,
                at_s=now_s,
                updates={"cancel_reason": NO_DRIVER_FOUND},
            )
            for order_id in order_ids
        ]
        try:
            results = await self._orders.transition(changes)
        except Unavailable:
            for order_id in order_ids:
                self._list.give_up_at(order_id, now_s + self._settings.retry_s)
            raise
        for result in results:
            if isinstance(result, ServiceError) and not isinstance(result, InvalidTransition):
                raise result
        await self._relay.run()

    async def _on_orders(self, events: Sequence[Event]) -> None:
        """Follow order events."""
        self._refresh(await self._orders.get([event.key for event in events]))
        for event in events:
            if event.kind in _ENDS:
                self._list.forget(event.key)

    async def _on_dispatch(self, events: Sequence[Event]) -> None:
        """Follow dispatch events: orders wait again or are taken."""
        changed: dict[int, None] = {}
        for event in events:
            if event.kind is EventKind.OFFER_MADE:
                await self.offers.adopt(event.data["offer_id"])
                continue
            order_ids = event.data["order_ids"]
            changed.update(dict.fromkeys(order_ids))
            if event.kind in _EXCLUDES_DRIVER:
                for order_id in order_ids:
                    self._list.exclude(order_id, event.data["driver_id"])
            if event.kind in _CLOSES:
                is_withdrawn = event.kind is EventKind.OFFER_WITHDRAWN
                self.offers.closed(event.data["offer_id"], event.data["driver_id"], is_withdrawn=is_withdrawn)
        if changed:
            self._refresh(await self._orders.get(list(changed)))

    def _refresh(self, orders: Sequence[Any]) -> None:
        now_s = self._clock.now_s()
        for order_id in self._book.refresh(orders, now_s):
            self._list.begin(order_id, now_s, self._book.since_s(order_id))


def _next_multiple_s(now_s: float, step_s: float) -> float:
    """Return the first whole multiple of a step after now."""
    steps = math.floor(now_s / step_s) + 1
    return steps * step_s if steps * step_s > now_s else (steps + 1) * step_s
