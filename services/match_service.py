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

from domain.errors import InvalidTransition, ServiceError
from domain.events import Event, EventKind, Topic
from domain.order_state import Action, Actor
from domain.orders import Transition
from domain.ports import Clock, OrderStore
from domain.stores import Stores
from matching.contract import Strategy
from services.deciding import Decider
from services.notifications import Mailbox, OrderCancelled
from services.offer_service import OfferService
from services.order_book import OrderBook
from services.plans import without_order
from services.relay import Relay
from services.settings import MatchSettings
from services.wait_list import WaitList
from services.window_stats import WindowObserver

NO_DRIVER_FOUND = "no driver"
"""The reason of a cancellation after `give_up_s`."""

_FREES_DRIVER = frozenset({EventKind.OFFER_DECLINED, EventKind.OFFER_EXPIRED, EventKind.OFFER_WITHDRAWN})
_EXCLUDES_DRIVER = frozenset({EventKind.OFFER_DECLINED, EventKind.OFFER_EXPIRED})
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
    """The matcher of one market. `offers` answers drivers; `run_due` does what time brings."""

    def __init__(
        self,
        stores: Stores,
        strategy: Strategy,
        decider: Decider,
        book: OrderBook,
        offers: OfferService,
        clock: Clock,
        mailbox: Mailbox,
        relay: Relay,
        settings: MatchSettings,
        on_window: WindowObserver,
    ) -> None:
        self.offers = offers
        self._orders: OrderStore = stores.orders
        self._strategy = strategy
        self._decider = decider
        self._book = book
        self._clock = clock
        self._mailbox = mailbox
        self._relay = relay
        self._settings = settings
        self._on_window = on_window
        self._list = WaitList(book.waiting.__contains__, settings)
        self._next_window_s = -math.inf
        stores.bus.subscribe(Topic.ORDERS, "matching", self._on_orders)
        stores.bus.subscribe(Topic.DISPATCH, "matching", self._on_dispatch)

    @property
    def waiting(self) -> int:
        """Number of orders that wait for a driver."""
        return len(self._book.waiting)

    async def recover(self) -> None:
        """Take over the orders that wait in the store, after a restart."""
        self._refresh(await self._orders.dispatchable())

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
        outcome = await self._decider.decide(rows, self._list.excluded, now_s=now_s, next_s=next_s)
        for order_id in outcome.released:
            self._list.forget(order_id)
        for order_id in outcome.offered:
            self._book.stop_waiting(order_id)
        for order_id in rows["id"].tolist():
            if order_id in self._book.waiting:
                self._list.retry(order_id, next_s)
        self._on_window(outcome.stats)

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
        for result in await self._orders.transition(changes):
            if isinstance(result, ServiceError) and not isinstance(result, InvalidTransition):
                raise result
        await self._relay.run()

    async def _on_orders(self, events: Sequence[Event]) -> None:
        """Follow order events; an assigned order's driver learns of its cancellation."""
        changed = [event.key for event in events if event.kind in _CHANGES_BOOK]
        if not changed:
            return
        self._refresh(await self._orders.get(changed))
        for event in events:
            if event.kind is EventKind.ORDER_CANCELLED:
                self._list.forget(event.key)
                if event.data["driver_id"] is not None:
                    await self._take_off_plan(event.key, int(event.data["driver_id"]))
            elif event.kind is EventKind.ORDER_DELIVERED:
                self._list.forget(event.key)

    async def _on_dispatch(self, events: Sequence[Event]) -> None:
        """Follow dispatch events: drivers become free, orders wait again or are taken."""
        changed: dict[int, None] = {}
        for event in events:
            if event.kind is EventKind.OFFER_MADE:
                continue
            order_ids = event.data["order_ids"]
            changed.update(dict.fromkeys(order_ids))
            if event.kind in _EXCLUDES_DRIVER:
                for order_id in order_ids:
                    self._list.exclude(order_id, event.data["driver_id"])
            if event.kind in _FREES_DRIVER:
                is_withdrawn = event.kind is EventKind.OFFER_WITHDRAWN
                await self.offers.closed(
                    event.data["offer_id"], event.data["driver_id"], is_withdrawn=is_withdrawn
                )
        if changed:
            self._refresh(await self._orders.get(list(changed)))

    def _refresh(self, orders: Sequence[Any]) -> None:
        now_s = self._clock.now_s()
        for order_id in self._book.refresh(orders, now_s):
            self._list.begin(order_id, now_s, self._book.since_s(order_id))

    async def _take_off_plan(self, order_id: int, driver_id: int) -> None:
        plan = await self.offers.plan(driver_id)
        if any(stop.order_id == order_id for stop in plan):
            left = without_order(plan, order_id)
            await self.offers.set_plan(driver_id, left)
            self._mailbox.tell(OrderCancelled(driver_id=driver_id, order_id=order_id, plan=left))


def _next_multiple_s(now_s: float, step_s: float) -> float:
    """Return the first whole multiple of a step after now."""
    steps = math.floor(now_s / step_s) + 1
    return steps * step_s if steps * step_s > now_s else (steps + 1) * step_s
