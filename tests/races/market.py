"""Two marketplaces on the same PostgreSQL and Valkey, as two processes of the services would be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from uuid import uuid4

import numpy as np

from adapters import postgres
from adapters.connecting import Connected, StoreUrls, connect_all
from adapters.memory import MemoryBus, VirtualClock
from adapters.stand_in import StandInProvider
from domain.catalog import MenuItem, Restaurant
from domain.drivers import DriverProfiles, Stop
from domain.offers import NewOffer, Offer
from domain.order_state import Action, Actor
from domain.orders import NewOrder, Order, OrderItem, OrderRequest, Transition
from domain.stop_kind import StopKind
from domain.stores import Stores
from eta.registry import load_eta_model
from matching.plain_travel import PlainTravel
from matching.registry import load_strategy
from roads.snap import Snapper
from services.building import build_marketplace
from services.marketplace import Marketplace
from tests.servers import postgres_with_postgis, server

_NUMBERS = count(10_000)


@dataclass(frozen=True)
class Arena:
    """Two applications, the stores of the first, and short ways to orders and offers."""

    apps: tuple[Marketplace, Marketplace]
    stores: Stores
    run: Callable[[Coroutine[Any, Any, Any]], Any]

    async def placed(self, number: int) -> Order:
        """Return a new order, written straight into the store."""
        request = OrderRequest(
            idempotency_key=f"n{next(_NUMBERS)}",
            customer_id=next(_NUMBERS),
            restaurant_id=1,
            customer_lat=49.25,
            customer_lon=-123.1,
            items=(OrderItem(menu_item_id=10, quantity=1, price_cents=900),),
        )
        new = NewOrder(
            request=request,
            restaurant_lat=49.245,
            restaurant_lon=-123.13,
            subtotal_cents=900,
            delivery_fee_cents=199,
            placed_at_s=50.0 + number,
            prep_quote_s=600.0,
            promised_at_s=9e9,
            eta_placement_s=1500.0,
        )
        return (await self.stores.orders.place([new]))[0]

    def transition(self, order: Order, action: Action, **more: Any) -> Transition:
        """Return a restaurant's change of an order."""
        return Transition(
            order_id=order.id,
            action=action,
            actor=Actor.RESTAURANT,
            actor_id=order.restaurant_id,
            at_s=60.0,
            **more,
        )

    async def confirmed(self, number: int) -> Order:
        """Return an order that waits for a driver."""
        order = await self.placed(number)
        (order_,) = await self.stores.orders.transition([self.transition(order, Action.CONFIRM)])
        if not isinstance(order_, Order):
            raise order_
        return order_

    async def signed_on(self) -> int:
        """Return a driver nobody else has, on shift with 4.5 stars."""
        driver_id, one = 2 * next(_NUMBERS), np.ones(1)
        profile = DriverProfiles(
            id=np.array([driver_id], np.int64),
            vehicle=np.zeros(1, np.int8),
            capacity=np.array([2], np.int16),
            rating=4.5 * one,
            goal_deliveries=np.array([8], np.int32),
            shift_end_s=9e4 * one,
            lat=49.245 * one,
            lon=-123.13 * one,
        )
        await self.stores.drivers.sign_on(profile, 50.0)
        return driver_id

    async def offered(self, number: int, *, at_s: float) -> tuple[Order, Offer]:
        """Return an order and its pending offer, to a driver nobody else has."""
        order = await self.confirmed(number)
        stops = [(StopKind.PICKUP, 49.245, -123.13), (StopKind.DROPOFF, 49.25, -123.1)]
        terms = NewOffer(
            driver_id=2 * next(_NUMBERS),
            order_ids=(order.id,),
            plan=tuple(Stop(kind=kind, order_id=order.id, lat=y, lon=x) for kind, y, x in stops),
            created_at_s=at_s,
            expires_at_s=at_s + 30.0,
            pay_cents=500,
            drive_s_est=300.0,
            pickup_m=420.0,
            eta_s=(at_s + 1000.0,),
        )
        (offer,) = await self.stores.offers.open([terms])
        if not isinstance(offer, Offer):
            raise offer
        return order, offer


def open_arena() -> Iterator[Arena]:
    """Yield the arena on real servers, and leave nothing behind."""
    urls = StoreUrls(postgres=postgres_with_postgis(), valkey=server("valkey"))
    name = f"races_{uuid4().hex[:8]}"
    with asyncio.Runner() as runner:
        runner.run(postgres.migrate(urls.postgres, schema=name))
        both: list[Connected] = []
        try:
            both += [runner.run(connect_all(urls, namespace=name, is_lockstep=True)) for _ in range(2)]
            apps = [_marketplace(replace(one.stores, bus=MemoryBus())) for one in both]
            dishes = [MenuItem(id=10, restaurant_id=1, name="soup", price_cents=900, category="main")]
            shop = Restaurant(id=1, name="r1", cuisine="thai", lat=49.245, lon=-123.13, prep_time_s=600.0)
            runner.run(apps[0].add_restaurants([shop], dishes))
            yield Arena((apps[0], apps[1]), both[0].stores, runner.run)
        finally:
            if both:
                runner.run(both[0].cache.drop())
            for one in both:
                runner.run(one.close())
            runner.run(postgres.drop(urls.postgres, schema=name))


def _marketplace(stores: Stores) -> Marketplace:
    travel = PlainTravel()
    return build_marketplace(
        stores=stores,
        strategy=load_strategy("nearest"),
        eta_model=load_eta_model("multi_factor"),
        travel=travel,
        snap=Snapper(*travel.position(np.arange(travel.node_count))).nearest,
        clock=VirtualClock(64_800.0),
        rng=np.random.default_rng(0),
        provider=StandInProvider(),
        pause=lambda: asyncio.sleep(0.002),
    )
