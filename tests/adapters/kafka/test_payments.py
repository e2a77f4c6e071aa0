"""Effects, each once, though events come more often: with the payment store's own record of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from adapters.memory import SystemClock, memory_stores
from adapters.stand_in import StandInProvider
from domain.events import Event, EventKind, Topic
from domain.orders import NewOrder, OrderItem, OrderRequest
from domain.payments import PaymentState, Settlement
from domain.stores import Stores
from services.breakers import Breaker, unwitnessed
from services.payment_service import GROUP, PaymentService
from services.settings import ResilienceSettings
from tests.adapters.kafka.clusters import Cluster, go, until

ORDERS = 6
CENTS = 1500


class Killed(BaseException):
    """The process ends here."""


class KilledAfterSettling:
    """A payment store whose process dies when the settlements are written, before the offsets are."""

    def __init__(self, stores: Stores) -> None:
        self._payments = stores.payments
        self.get = stores.payments.get

    async def settle(self, group: str, settlements: Sequence[Settlement]) -> list[bool]:
        await self._payments.settle(group, settlements)
        raise Killed


class Counted:
    """A payment store that tells which settlements were new."""

    def __init__(self, stores: Stores) -> None:
        self._payments = stores.payments
        self.get = stores.payments.get
        self.new: list[bool] = []

    async def settle(self, group: str, settlements: Sequence[Settlement]) -> list[bool]:
        new = await self._payments.settle(group, settlements)
        self.new += new
        return new


async def place(stores: Stores, provider: StandInProvider) -> list[int]:
    """Place orders with authorised payments."""
    new = []
    for number in range(ORDERS):
        request = OrderRequest(
            idempotency_key=f"key-{number}",
            customer_id=number,
            restaurant_id=1,
            customer_lat=49.2,
            customer_lon=-123.1,
            items=(OrderItem(menu_item_id=1, quantity=1, price_cents=CENTS),),
        )
        new.append(
            NewOrder(
                request=request,
                restaurant_lat=49.2,
                restaurant_lon=-123.1,
                subtotal_cents=CENTS,
                delivery_fee_cents=0,
                placed_at_s=0.0,
                prep_quote_s=600.0,
                promised_at_s=2400.0,
                eta_placement_s=2400.0,
                payment=await provider.authorise(f"key-{number}", number, CENTS),
            )
        )
    return [order.id for order in await stores.orders.place(new)]


def test_a_consumer_killed_between_effect_and_commit_repeats_no_effect(cluster: Cluster) -> None:
    async def scenario() -> None:
        stores, provider = memory_stores(), StandInProvider()
        ids = await place(stores, provider)
        delivered = [
            Event(id=i, topic=Topic.ORDERS, kind=EventKind.ORDER_DELIVERED, key=i, at_s=60.0, data={})
            for i in ids
        ]
        breaker = Breaker("payment", ResilienceSettings().payment, SystemClock(), unwitnessed)
        doomed = await cluster.connect()
        PaymentService(provider, KilledAfterSettling(stores), breaker, doomed)
        await doomed.publish(delivered)
        with pytest.raises(Killed):
            await doomed.run(asyncio.Event())
        await doomed.close()
        settled = {i: (await stores.payments.get(i)).state for i in ids}
        assert PaymentState.CAPTURED in settled.values()

        counted, restarted, stop = Counted(stores), await cluster.connect(), asyncio.Event()
        PaymentService(provider, counted, breaker, restarted)
        running = asyncio.create_task(restarted.run(stop))
        await until(lambda: len(counted.new) >= ORDERS)
        stop.set()
        await running
        assert await restarted.lag() == {(Topic.ORDERS, GROUP): 0}
        await restarted.close()
        assert counted.new.count(False) == list(settled.values()).count(PaymentState.CAPTURED)
        assert [(await stores.payments.get(i)).state for i in ids] == [PaymentState.CAPTURED] * ORDERS
        assert sum(provider.charged_cents.values()) == ORDERS * CENTS

    go(scenario())
