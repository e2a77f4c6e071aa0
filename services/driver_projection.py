"""Keeps the driver index in step with orders and offers: their events, applied to the hot store.

The database is the truth about who carries what; status, load and planned stops in the index follow from it.
Each event is applied by looking at what is true now, so it does no harm twice or late; while the index is out
of reach the bus keeps the events. After the index has lost its memory, `restore` writes it anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from domain.drivers import DriverStatus, Plan, Stop
from domain.errors import NotFound
from domain.events import Event, EventKind, Topic
from domain.order_state import OrderState
from domain.orders import Order
from domain.ports import DriverIndex
from domain.stop_kind import StopKind
from domain.stores import Stores
from domain.units import IntArray
from services.notifications import Mailbox, OrderCancelled, PlanChanged
from services.plans import reconciled, without_order, without_stop

# Enum members by their own names: on Python 3.11 looking one up on its class is a Python call.
_AVAILABLE, _OFFERED = DriverStatus.AVAILABLE, DriverStatus.OFFERED
_MADE, _ACCEPTED = EventKind.OFFER_MADE, EventKind.OFFER_ACCEPTED
_CLOSED = frozenset({EventKind.OFFER_DECLINED, EventKind.OFFER_EXPIRED, EventKind.OFFER_WITHDRAWN})
_RELEASED = EventKind.ORDER_RELEASED
_PICKED_UP, _DELIVERED = EventKind.ORDER_PICKED_UP, EventKind.ORDER_DELIVERED
_CANCELLED = EventKind.ORDER_CANCELLED
_PICKUP, _DROPOFF = StopKind.PICKUP, StopKind.DROPOFF
_ON_BOARD, _OVER = OrderState.PICKED_UP, OrderState.DELIVERED
_OF_ORDERS = frozenset({_PICKED_UP, _DELIVERED, _CANCELLED})


class DriverProjection:
    """Follows order and dispatch events (consumer group "drivers")."""

    def __init__(self, stores: Stores, mailbox: Mailbox) -> None:
        self._orders = stores.orders
        self._offers = stores.offers
        self._drivers: DriverIndex = stores.drivers
        self._mailbox = mailbox
        stores.bus.subscribe(Topic.ORDERS, "drivers", self._on_orders, kinds=_OF_ORDERS)
        stores.bus.subscribe(Topic.DISPATCH, "drivers", self._on_dispatch)

    async def restore(self, driver_ids: IntArray) -> None:
        """Give drivers the plan and the status that orders and offers say they have.

        Stops that the index knows keep their order; stops of other orders go; missing ones come last.
        """
        carried: dict[int, list[Order]] = {}
        for order in await self._orders.live(driver_ids):
            if order.driver_id is not None:
                carried.setdefault(order.driver_id, []).append(order)
        states = await self._drivers.states(driver_ids)
        ends = states.stop_offsets.tolist()
        for row, driver_id in enumerate(driver_ids.tolist()):
            if ends[row] == ends[row + 1] and driver_id not in carried:
                continue
            plan = states.plan(row)
            restored = _corrected(plan, carried.get(driver_id, ()))
            if restored != plan:
                await self._drivers.set_plan(driver_id, restored)
        asked = {offer.terms.driver_id for offer in await self._offers.pending(driver_ids)}
        at = np.fromiter((driver_id in asked for driver_id in driver_ids.tolist()), np.bool_, len(driver_ids))
        for ids, was, now in (
            (driver_ids[at], DriverStatus.AVAILABLE, DriverStatus.OFFERED),
            (driver_ids[~at], DriverStatus.OFFERED, DriverStatus.AVAILABLE),
        ):
            if len(ids):
                await self._drivers.set_status(ids, now, expected=was)

    async def plan_from_orders(self, driver_id: int, guess: Plan) -> Plan:
        """Return what a driver has to do according to the orders, in the order of `guess`."""
        return _corrected(guess, await self._orders.live(_one(driver_id)))

    async def _on_dispatch(self, events: Sequence[Event]) -> None:
        for event in events:
            try:
                await self._dispatched(event, event.data["driver_id"])
            except NotFound:
                continue  # the index has lost the driver, whose next sign-on restores the plan

    async def _on_orders(self, events: Sequence[Event]) -> None:
        for event in events:
            driver_id = event.data["driver_id"]
            if driver_id is None:
                continue
            try:
                await self._progressed(event, driver_id)
            except NotFound:
                continue  # as above

    async def _dispatched(self, event: Event, driver_id: int) -> None:
        if event.kind is _MADE:
            who = _one(driver_id)
            if await self._offers.pending(who):
                await self._drivers.set_status(who, _OFFERED, expected=_AVAILABLE)
        elif event.kind is _ACCEPTED:
            await self._take_on(driver_id, event.data["offer_id"])
            await self._free(driver_id)
        elif event.kind in _CLOSED:
            await self._free(driver_id)
        elif event.kind is _RELEASED:
            for order_id in event.data["order_ids"]:
                await self._take_away(driver_id, order_id)

    async def _progressed(self, event: Event, driver_id: int) -> None:
        """Take the stops that are done or off out of the plan."""
        plan = await self._drivers.plan(driver_id)
        if event.kind is _PICKED_UP:
            left = without_stop(plan, _PICKUP, event.key)
        else:
            left = without_order(plan, event.key)
        if len(left) == len(plan):
            return
        await self._drivers.set_plan(driver_id, left, delivered=int(event.kind is _DELIVERED))
        if event.kind is _CANCELLED:
            self._mailbox.tell(OrderCancelled(driver_id=driver_id, order_id=event.key, plan=left))

    async def _take_on(self, driver_id: int, offer_id: int) -> None:
        """Put an accepted offer's orders into the plan, as far as they are still the driver's to do."""
        terms = (await self._offers.get(offer_id)).terms
        plan = await self._drivers.plan(driver_id)
        orders = await self._orders.get(terms.order_ids)
        owed = {(kind, o.id) for o in orders if o.driver_id == driver_id for kind in _owed_kinds(o)}
        if owed <= {(stop.kind, stop.order_id) for stop in plan}:
            return
        left = tuple(
            stop
            for stop in reconciled(terms.plan, plan, terms.order_ids)
            if stop.order_id not in terms.order_ids or (stop.kind, stop.order_id) in owed
        )
        await self._drivers.set_plan(driver_id, left)

    async def _take_away(self, driver_id: int, order_id: int) -> None:
        """Take an order that has moved to another driver out of the plan."""
        plan = await self._drivers.plan(driver_id)
        left = without_order(plan, order_id)
        if len(left) < len(plan):
            await self._drivers.set_plan(driver_id, left)
            self._mailbox.tell(PlanChanged(driver_id=driver_id, plan=left))

    async def _free(self, driver_id: int) -> None:
        """Make a driver available again unless on a break, off, or asked anew."""
        who = _one(driver_id)
        if not await self._offers.pending(who):
            await self._drivers.set_status(who, _AVAILABLE, expected=_OFFERED)


def _corrected(plan: Plan, carried: Sequence[Order]) -> Plan:
    """Return a plan without the stops that are done or off, and with those that it lacks at its end."""
    owed = [stop for order in carried for stop in _owed(order)]
    known = {(stop.kind, stop.order_id) for stop in owed}
    kept = [stop for stop in plan if (stop.kind, stop.order_id) in known]
    there = {(stop.kind, stop.order_id) for stop in kept}
    return (*kept, *(stop for stop in owed if (stop.kind, stop.order_id) not in there))


def _owed(order: Order) -> list[Stop]:
    """Return the stops that are left to do for an order that a driver carries."""
    places = {
        _PICKUP: (order.restaurant_lat, order.restaurant_lon),
        _DROPOFF: (order.customer_lat, order.customer_lon),
    }
    return [
        Stop(kind=kind, order_id=order.id, lat=places[kind][0], lon=places[kind][1])
        for kind in _owed_kinds(order)
    ]


def _owed_kinds(order: Order) -> tuple[StopKind, ...]:
    """Return the kinds of the stops that `_owed` returns."""
    if order.state < _ON_BOARD:
        return _PICKUP, _DROPOFF
    return (_DROPOFF,) if order.state < _OVER else ()


def _one(driver_id: int) -> IntArray:
    return np.array([driver_id], np.int64)
