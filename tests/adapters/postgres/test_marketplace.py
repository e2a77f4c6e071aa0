"""The services, unchanged, on PostgreSQL: a customer's evening is the same as in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.memory import VirtualClock, memory_stores
from adapters.stand_in import StandInProvider
from domain.catalog import MenuItem, Restaurant
from domain.drivers import DriverProfiles
from domain.order_state import Actor, OrderState
from domain.orders import OrderItem, OrderRequest
from domain.payments import PaymentState
from domain.stores import Stores
from eta.multi_factor import MultiFactor
from matching.nearest import Nearest
from matching.plain_travel import PlainTravel
from roads.snap import Snapper
from services.building import build_marketplace
from services.drive import drive
from services.notifications import OfferMade
from tests.contract.stores.backend import Backend

LAT, LON, DRIVER = 49.245, -123.13, 50
TRAVEL = PlainTravel()
SNAP = Snapper(*TRAVEL.position(np.arange(TRAVEL.node_count))).nearest


def profile() -> DriverProfiles:
    return DriverProfiles(
        id=np.array([DRIVER]),
        vehicle=np.zeros(1, np.int8),
        capacity=np.array([2], np.int16),
        rating=np.array([4.0]),
        goal_deliveries=np.zeros(1, np.int32),
        shift_end_s=np.array([9e9]),
        lat=np.array([LAT]),
        lon=np.array([LON]),
    )


async def evening(stores: Stores) -> list[Any]:
    """One order from the search to the stars, a second that is cancelled; return all that is on record."""
    clock = VirtualClock(1000.0)
    app = build_marketplace(
        stores=stores,
        strategy=Nearest(),
        eta_model=MultiFactor(),
        travel=TRAVEL,
        snap=SNAP,
        clock=clock,
        rng=np.random.default_rng(0),
        provider=StandInProvider(),
    )
    place = Restaurant(id=1, name="r", cuisine="thai", lat=LAT, lon=LON, prep_time_s=300.0)
    await app.add_restaurants(
        [place], [MenuItem(id=10, restaurant_id=1, name="soup", price_cents=900, category="main")]
    )
    await app.sign_on(profile())
    placed = []
    for key in ("first", "second"):
        (found,) = await app.browse(LAT + 0.01, LON)
        items = (OrderItem(menu_item_id=10, quantity=2, price_cents=0),)
        request = OrderRequest(
            idempotency_key=key,
            customer_id=7,
            restaurant_id=found.id,
            customer_lat=LAT + 0.01,
            customer_lon=LON,
            items=items,
        )
        placed.append((await app.place(request)).id)
        assert (await app.place(request)).id == placed[-1]
    first, second = placed
    await app.confirm(first, 1)
    await app.run_due()
    (asked,) = [told for told in app.take_notifications() if isinstance(told, OfferMade)]
    await app.accept(asked.offer.id, DRIVER)
    for step, who in ((app.start_prep, 1), (app.ready, 1), (app.pick_up, DRIVER), (app.deliver, DRIVER)):
        clock.set_s(clock.now_s() + 60.0)
        await step(first, who)
    await app.rate(first, 7, restaurant_stars=5, driver_stars=4)
    await app.cancel(second, Actor.CUSTOMER, 7, "changed my mind")
    orders = await stores.orders.get(placed)
    return [
        *orders,
        *[await stores.orders.audit(one.id) for one in orders],
        *[(await stores.payments.get(one.id)).state for one in orders],
        await stores.outbox.pending(10),
        await app.browse(LAT, LON),
    ]


def test_the_services_do_on_postgres_what_they_do_in_memory(backend: Backend) -> None:
    expected = drive(evening(memory_stores()))
    assert backend.run(evening(backend.stores)) == expected
    first, second, _, _, *settled = expected[:6]
    assert (first.state, second.state) == (OrderState.DELIVERED, OrderState.CANCELLED)
    assert settled == [PaymentState.CAPTURED, PaymentState.VOIDED]
