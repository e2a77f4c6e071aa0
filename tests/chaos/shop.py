"""Customers, restaurants and drivers who act on what the stores say, so that any process can take over.

Every request may get no answer, and is then simply made again later: the idempotency keys, the state machine
and the audit log have to see to it that this does no harm.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from domain.catalog import MenuItem, Restaurant
from domain.drivers import DriverProfiles
from domain.errors import Conflict, ServiceError
from domain.order_state import Actor, Assignment, OrderState
from domain.orders import Order, OrderItem, OrderRequest
from domain.ports import Clock
from domain.stores import Stores
from services.marketplace import Marketplace

LAT, LON = 49.245, -123.13
RESTAURANTS, DRIVERS = 5, 30
AT_ONCE = 8
ACCEPTED, CANCELLED = 0.85, 0.06


def restaurants() -> tuple[list[Restaurant], list[MenuItem]]:
    """Return the catalog."""
    ids = range(1, RESTAURANTS + 1)
    return (
        [
            Restaurant(id=i, name=f"r{i}", cuisine="thai", lat=LAT + i / 500, lon=LON, prep_time_s=60.0)
            for i in ids
        ],
        [MenuItem(id=10 * i, restaurant_id=i, name="soup", price_cents=900, category="main") for i in ids],
    )


def drivers() -> DriverProfiles:
    """Return the fleet."""
    ids = np.arange(1, DRIVERS + 1)
    return DriverProfiles(
        id=ids,
        vehicle=np.zeros(DRIVERS, np.int8),
        capacity=np.full(DRIVERS, 2, np.int16),
        rating=np.full(DRIVERS, 4.5),
        goal_deliveries=np.zeros(DRIVERS, np.int32),
        shift_end_s=np.full(DRIVERS, 1e12),
        lat=LAT + 0.0005 * (ids % 7),
        lon=LON + 0.0005 * (ids % 5),
    )


def request(number: int) -> OrderRequest:
    """Return the order that customer `number` wants, under a key that never changes."""
    restaurant = number % RESTAURANTS + 1
    return OrderRequest(
        idempotency_key=f"order-{number}",
        customer_id=1000 + number,
        restaurant_id=restaurant,
        customer_lat=LAT + 0.01,
        customer_lon=LON + 0.001 * (number % 10),
        items=(OrderItem(menu_item_id=10 * restaurant, quantity=1, price_cents=0),),
    )


class Shop:
    """The agents. `acks` gets a line per placement that was answered: number and id of the order."""

    def __init__(self, app: Marketplace, stores: Stores, clock: Clock, *, orders: int, acks: Path) -> None:
        self._app = app
        self._stores = stores
        self._clock = clock
        self._orders = orders
        self._rng = np.random.default_rng(os.getpid())
        self._ack = os.open(acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._placed = _acknowledged(acks)
        self._signed_on = False

    async def run(self, stop: asyncio.Event) -> None:
        """Act until told to stop, or until every order has been placed and has ended."""
        while not stop.is_set():
            await self._quietly(self._fleet())
            await self._quietly(self._app.run_due())
            await self._step()
            await self._quietly(self._app.run_due())
            if len(self._placed) == self._orders and await self._is_over():
                return
            await asyncio.sleep(0.01)

    async def _is_over(self) -> bool:
        with suppress(ServiceError):
            return not await self._stores.orders.live()
        return False

    async def _fleet(self) -> None:
        fleet = drivers()
        if not self._signed_on:
            await self._app.sign_on(fleet)
            self._signed_on = True
        self._signed_on = False
        await self._app.ping(fleet.id, fleet.lat, fleet.lon, self._clock.now_s())
        self._signed_on = True

    async def _step(self) -> None:
        """Let customers order, and everybody do the next thing, several at once."""
        todo: list[Coroutine[Any, Any, Any]] = []
        missing = [n for n in range(self._orders) if n not in self._placed][:AT_ONCE]
        live: list[Order] = []
        offers: list[Any] = []
        with suppress(ServiceError):
            live = await self._stores.orders.live()
            offers = await self._stores.offers.pending()
        if len(live) < 4 * AT_ONCE:
            todo += [self._place(number) for number in missing]
        todo += [self._next(order) for order in live]
        todo += [self._answer(offer) for offer in offers]
        self._rng.shuffle(todo)
        for start in range(0, len(todo), AT_ONCE):
            await asyncio.gather(*[self._quietly(one) for one in todo[start : start + AT_ONCE]])

    async def _place(self, number: int) -> None:
        order = await self._app.place(request(number))
        if number not in self._placed:
            os.write(self._ack, f"{number} {order.id}\n".encode())
            self._placed.add(number)

    async def _answer(self, offer: Any) -> None:
        if self._rng.uniform() < ACCEPTED:
            await self._app.accept(offer.id, offer.terms.driver_id)
        else:
            await self._app.decline(offer.id, offer.terms.driver_id)

    async def _next(self, order: Order) -> None:
        app, one = self._app, order.id
        if order.state < OrderState.PREPARING and self._rng.uniform() < CANCELLED:
            await app.cancel(one, Actor.CUSTOMER, order.customer_id, "changed my mind")
            return
        match order.state:
            case OrderState.PLACED:
                await app.confirm(one, order.restaurant_id, 60.0)
            case OrderState.CONFIRMED:
                await app.start_prep(one, order.restaurant_id)
            case OrderState.PREPARING:
                await app.ready(one, order.restaurant_id)
            case OrderState.READY_FOR_PICKUP if order.assignment is Assignment.ASSIGNED:
                await app.pick_up(one, int(order.driver_id or 0))
            case OrderState.PICKED_UP:
                await app.deliver(one, int(order.driver_id or 0))

    async def _quietly(self, attempt: Coroutine[Any, Any, Any]) -> None:
        """Try; a refusal, or no answer, is tried again in the next round from what is true then."""
        with suppress(ServiceError, Conflict):
            await attempt


def _acknowledged(acks: Path) -> set[int]:
    """Return the numbers that were placed before; a line cut short by a crash was not."""
    text = acks.read_text() if acks.exists() else ""
    return {int(line.split()[0]) for line in text.splitlines() if len(line.split()) == 2}
