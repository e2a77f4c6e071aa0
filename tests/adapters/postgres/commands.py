"""Random commands of a marketplace, given to any stores: two families must give the same answers."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from domain.drivers import Stop
from domain.errors import ServiceError
from domain.offers import NewOffer
from domain.order_state import DISPATCHABLE_STATES, Action, Actor, Assignment
from domain.orders import NewOrder, Order, OrderItem, OrderRequest, Transition
from domain.payments import PaymentState, Settlement
from domain.stop_kind import StopKind
from domain.stores import Stores

_UNASSIGNED = Assignment.UNASSIGNED
CUSTOMERS, RESTAURANTS, DRIVERS = (7, 8), (3, 4), (11, 12, 13)
ACTORS = {
    Actor.CUSTOMER: CUSTOMERS,
    Actor.RESTAURANT: RESTAURANTS,
    Actor.DRIVER: DRIVERS,
    Actor.ADMIN: (1, None),
    Actor.SYSTEM: (None,),
}
UPDATES: tuple[dict[str, Any], ...] = (
    {},
    {},
    {},
    {"prep_quote_s": 432.1},
    {"eta_pickup_s": 1234.5678901234567},
    {"cancel_reason": "no “more” bread"},
    {"cancel_reason": "both", "prep_quote_s": 1e-7},
    {"state": 3},
)


class Commands:
    """Draws commands; the same seed and the same answers give the same ones."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.at_s = 100.0
        self.keys = 0
        self.latest = 0  # order that has been placed

    async def one(self, stores: Stores) -> tuple[str, Any]:
        """Give one command; return its name and the answer, a refusal as its type and text."""
        self.at_s += self.draw.choice((0.0, 0.1, 1.3, 7.3))
        name = self.draw.choices(
            ("place", "transition", "open", "accept", "decline", "expire", "release", "settle", "next"),
            (6, 15, 25, 15, 5, 4, 3, 3, 50),
        )[0]
        try:
            return name, await getattr(self, name)(stores)
        except ServiceError as refusal:
            return name, told(refusal)

    def order_id(self) -> int:
        """One of the latest orders, at times one that does not exist."""
        newest = max(1, self.latest + (self.draw.random() < 0.1))
        return self.draw.randint(max(1, newest - 9), newest)

    def new_order(self, claim: str | None) -> NewOrder:
        draw = self.draw
        self.keys += 1
        request = OrderRequest(
            idempotency_key=f"k{self.keys}",
            customer_id=draw.choice(CUSTOMERS),
            restaurant_id=draw.choice(RESTAURANTS),
            customer_lat=draw.uniform(49.0, 49.5),
            customer_lon=draw.uniform(-123.5, -123.0),
            items=tuple(
                OrderItem(menu_item_id=i, quantity=draw.randint(1, 3), price_cents=100 * i)
                for i in range(draw.randint(0, 3))
            ),
        )
        return NewOrder(
            request=request,
            restaurant_lat=draw.uniform(49.0, 49.5),
            restaurant_lon=draw.uniform(-123.5, -123.0),
            subtotal_cents=draw.randint(0, 9000),
            delivery_fee_cents=299,
            placed_at_s=self.at_s,
            prep_quote_s=draw.uniform(300.0, 900.0),
            promised_at_s=self.at_s + draw.choice((10.0, 2000.0)),
            eta_placement_s=self.at_s + 1700.0 + draw.random(),
            claim=claim,
            payment=draw.choice((None, "ref", "r2")),
        )

    async def place(self, stores: Stores) -> Any:
        claims: list[str | None] = [
            self.draw.choice((None, None, f"claim-{self.draw.randint(1, 4)}"))
            for _ in range(self.draw.randint(1, 3))
        ]
        for claim in claims:
            if claim is not None and self.draw.random() < 0.9:
                await stores.idempotency.claim(claim, "body", now_s=0.0, ttl_s=1e9, lease_s=0.0)
        placed = await stores.orders.place([self.new_order(claim) for claim in claims])
        self.latest = max(self.latest, *(order.id for order in placed))
        return placed

    def change(self) -> Transition:
        draw = self.draw
        actor = draw.choice(tuple(Actor))
        return Transition(
            order_id=self.order_id(),
            action=draw.choice(tuple(Action)),
            actor=actor,
            actor_id=draw.choice(ACTORS[actor]),
            at_s=self.at_s,
            expected_version=draw.choice((None, None, None, 0, 3, 5)),
            updates=draw.choice(UPDATES),
        )

    async def transition(self, stores: Stores) -> Any:
        changes = [self.change() for _ in range(self.draw.randint(1, 3))]
        return [told(result) for result in await stores.orders.transition(changes)]

    async def next(self, stores: Stores) -> Any:
        """The right actor does the right thing, so that some orders get somewhere; some are cancelled."""
        order_id, cancels = self.order_id(), self.draw.random() < 0.1
        pending = await stores.offers.pending() if cancels else []
        if pending:
            order_id = pending[-1].terms.order_ids[-1]
        (order,) = await stores.orders.get([order_id])
        step = {
            0: (Action.CONFIRM, Actor.RESTAURANT, order.restaurant_id),
            1: (Action.START_PREP, Actor.RESTAURANT, order.restaurant_id),
            2: (Action.READY, Actor.RESTAURANT, order.restaurant_id),
            3: (Action.PICK_UP, Actor.DRIVER, order.driver_id),
            4: (Action.DELIVER, Actor.DRIVER, order.driver_id),
        }.get(int(order.state), (Action.COMPLETE, Actor.CUSTOMER, order.customer_id))
        action, actor, actor_id = (Action.CANCEL, Actor.ADMIN, 1) if cancels else step
        change = Transition(order_id=order_id, action=action, actor=actor, actor_id=actor_id, at_s=self.at_s)
        return [told(result) for result in await stores.orders.transition([change])]

    def new_offer(self, waiting: list[int]) -> NewOffer:
        """Mostly of orders that wait."""
        draw = self.draw
        number = draw.choice((1, 1, 1, 2, 3))
        if waiting and draw.random() < 0.8:
            order_ids = tuple(draw.sample(waiting, min(number, len(waiting))))
        else:
            order_ids = tuple(self.order_id() for _ in range(number))
        return NewOffer(
            driver_id=draw.choice(DRIVERS),
            order_ids=order_ids,
            plan=tuple(
                Stop(
                    kind=kind, order_id=i, lat=draw.uniform(49.0, 49.5), lon=draw.choice((-123.0, 0.0, 1e-9))
                )
                for kind in StopKind
                for i in order_ids
            ),
            created_at_s=self.at_s,
            expires_at_s=self.at_s + 30.0,
            pay_cents=500,
            drive_s_est=draw.uniform(0.0, 900.0),
            pickup_m=draw.uniform(0.0, 900.0),
            eta_s=tuple(self.at_s + 1000.0 + i for i in range(len(order_ids) + (draw.random() < 0.02))),
        )

    async def open(self, stores: Stores) -> Any:
        live = await stores.orders.live()
        waiting = [
            one.id for one in live if one.assignment is _UNASSIGNED and one.state in DISPATCHABLE_STATES
        ]
        offers = [self.new_offer(waiting) for _ in range(self.draw.randint(1, 4))]
        return [told(result) for result in await stores.offers.open(offers)]

    async def accept(self, stores: Stores) -> Any:
        return await self._answer(stores, "accept")

    async def decline(self, stores: Stores) -> Any:
        return await self._answer(stores, "decline")

    async def _answer(self, stores: Stores, answer: str) -> Any:
        """Mostly the asked driver answers a pending offer."""
        is_wild, pick, driver_id = self.draw.random() < 0.2, self.draw.random(), self.draw.choice(DRIVERS)
        pending = await stores.offers.pending()
        offer_id = 1 + int(pick * 20)
        if pending and not is_wild:
            offer = pending[int(pick * len(pending))]
            offer_id, driver_id = offer.id, offer.terms.driver_id
        return await getattr(stores.offers, answer)(offer_id, driver_id, self.at_s)

    async def expire(self, stores: Stores) -> Any:
        return await stores.offers.expire(self.at_s)

    async def release(self, stores: Stores) -> Any:
        order_ids = [self.order_id() for _ in range(self.draw.randint(1, 3))]
        results = await stores.offers.release(order_ids, self.at_s, "moved")
        return [told(result) for result in results]

    async def settle(self, stores: Stores) -> Any:
        settlements = [
            Settlement(
                event_id=self.draw.randint(1, 30),
                order_id=self.order_id(),
                state=self.draw.choice((PaymentState.CAPTURED, PaymentState.VOIDED)),
                at_s=self.at_s,
            )
            for _ in range(self.draw.randint(0, 4))
        ]
        return await stores.payments.settle(self.draw.choice("ab"), settlements)


def told(result: Any) -> Any:
    """Return a result so that refusals can be compared."""
    return (type(result).__name__, str(result)) if isinstance(result, ServiceError) else result


async def everything(stores: Stores, orders: int) -> dict[str, Any]:
    """Return all that stores hold: orders 1 to `orders`, and what belongs to them."""
    ids = range(1, orders + 1)
    placed = [order_id for order_id in ids if await _exists(stores, order_id)]
    return {
        "orders": await stores.orders.get(placed),
        "live": await stores.orders.live(),
        "carried": await stores.orders.live(np.array(DRIVERS[1:], np.int64)),
        "items": [await stores.orders.items(order_id) for order_id in placed],
        "audit": [await stores.orders.audit(order_id) for order_id in placed],
        "payments": [told(await _payment(stores, order_id)) for order_id in placed],
        "pending": await stores.offers.pending(),
        "of some": await stores.offers.pending(np.array(DRIVERS[1:], np.int64)),
        "refusals": await stores.offers.refusals(placed),
        "outbox": await stores.outbox.pending(100_000),
    }


async def _exists(stores: Stores, order_id: int) -> bool:
    try:
        return bool(await stores.orders.get([order_id]))
    except ServiceError:
        return False


async def _payment(stores: Stores, order_id: int) -> Any:
    try:
        return await stores.payments.get(order_id)
    except ServiceError as refusal:
        return refusal


def offer_of(order_ids: tuple[int, ...], driver_id: int, at_s: float = 200.0) -> NewOffer:
    """An offer of these orders for half a minute."""
    return NewOffer(
        driver_id=driver_id,
        order_ids=order_ids,
        plan=tuple(Stop(kind=StopKind.PICKUP, order_id=i, lat=49.0, lon=-123.0) for i in order_ids),
        created_at_s=at_s,
        expires_at_s=at_s + 30.0,
        pay_cents=500,
        drive_s_est=60.0,
        pickup_m=100.0,
        eta_s=(900.0,) * len(order_ids),
    )


async def confirmed(stores: Any, number: int) -> list[Order]:
    """Place orders and let their restaurant confirm them."""
    placed = await stores.orders.place([Commands(1).new_order(None) for _ in range(number)])
    results = await stores.orders.transition(
        [
            Transition(
                order_id=order.id,
                action=Action.CONFIRM,
                actor=Actor.RESTAURANT,
                actor_id=order.restaurant_id,
                at_s=150.0,
            )
            for order in placed
        ]
    )
    return [order for order in results if isinstance(order, Order)]
