"""What the services do while a server is out of reach, and how they find back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters.memory import MemoryBus, MemoryDriverIndex, VirtualClock, memory_stores
from adapters.stand_in import Faults, StandInProvider
from domain.drivers import DriverStatus
from domain.errors import Conflict, PaymentDeclined, Unavailable, UserError
from domain.feed import Subject
from domain.order_state import Actor, Assignment, OrderState
from domain.payments import PaymentState
from domain.stop_kind import StopKind
from services.breakers import Breaker, Incident
from services.drive import drive
from services.settings import BreakerSettings

PICKUP, DROPOFF = StopKind


@pytest.fixture
def shaky(make_market: Any) -> Any:
    """A market whose servers can fail."""
    return make_market(can_fail=True)


def short(plan: Any) -> list[tuple[StopKind, int]]:
    return [(stop.kind, stop.order_id) for stop in plan]


# --- breakers


class Dependency:
    def __init__(self) -> None:
        self.is_down, self.calls = False, 0

    async def ask(self) -> str:
        self.calls += 1
        if self.is_down:
            raise Unavailable("no route")
        return "fine"


def test_a_breaker_opens_at_its_failure_rate_and_closes_after_a_trial() -> None:
    clock, seen, dependency = VirtualClock(0.0), [], Dependency()
    settings = BreakerSettings(failure_rate=0.5, reset_s=30.0, minimum_calls=4, window_s=10.0)
    breaker = Breaker("matching", settings, clock, seen.append)

    def ask() -> str:
        return drive(breaker.call(dependency.ask))

    assert [ask(), ask()] == ["fine", "fine"]
    dependency.is_down = True
    for _ in range(2):  # 2 of 4 calls failed
        with pytest.raises(Unavailable, match="no route"):
            ask()
    with pytest.raises(Unavailable, match=r"matching is out of order \(no route\)"):
        ask()
    assert dependency.calls == 4
    clock.set_s(30.0)
    with pytest.raises(Unavailable, match="no route"):  # the trial fails: open for as long again
        ask()
    dependency.is_down = False
    clock.set_s(59.0)
    with pytest.raises(Unavailable, match="out of order"):
        ask()
    clock.set_s(60.0)
    assert [ask(), ask()] == ["fine", "fine"]
    assert seen == [
        Incident(at_s=0.0, subject="breaker matching", state="open", detail="no route"),
        Incident(at_s=60.0, subject="breaker matching", state="closed"),
    ]


def test_answers_within_the_window_count_and_older_ones_do_not() -> None:
    """Of ten answers, five in the window: five failures are half of ten; without them, of five."""
    for at_s, opens_after in ((0.0, 4), (8.0, 5)):
        clock, seen, dependency = VirtualClock(at_s), [], Dependency()
        settings = BreakerSettings(failure_rate=0.5, minimum_calls=4, window_s=10.0)
        breaker = Breaker("b", settings, clock, seen.append)
        for _ in range(5):
            drive(breaker.call(dependency.ask))
        dependency.is_down = True
        clock.set_s(12.0)
        for failures in range(1, 6):
            with pytest.raises(Unavailable):
                drive(breaker.call(dependency.ask))
            assert bool(seen) == (failures >= opens_after), (at_s, failures)


def test_refusals_are_answers_not_failures() -> None:
    breaker = Breaker("b", BreakerSettings(minimum_calls=1), VirtualClock(0.0), lambda _: None)

    async def refuse() -> None:
        raise Conflict("taken")

    for _ in range(5):
        with pytest.raises(Conflict):
            drive(breaker.call(refuse))


def test_a_call_that_takes_too_long_has_failed() -> None:
    breaker = Breaker("b", BreakerSettings(timeout_s=0.01), VirtualClock(0.0), lambda _: None)
    with pytest.raises(Unavailable, match=r"no answer within 0.01 s"):
        asyncio.run(breaker.call(lambda: asyncio.sleep(5.0)))


def test_breaker_settings_are_checked() -> None:
    for wrong in ({"failure_rate": 1.5}, {"timeout_s": 0.0}, {"window_s": 0.5}):
        with pytest.raises(UserError):
            BreakerSettings(**wrong)


# --- the driver index is down


def test_orders_queue_while_the_index_is_down_and_are_matched_after(shaky: Any) -> None:
    shaky.drivers(50)
    shaky.servers.fail("valkey")
    order = shaky.confirmed()
    for now_s in (1000.0, 1010.0, 1020.0, 1030.0):
        shaky.at(now_s)
    assert [stats.has_failed for stats in shaky.windows] == [True] * len(shaky.windows)
    assert [one.state for one in shaky.incidents if one.subject == "breaker matching"] == ["open"]
    assert shaky.app.match.waiting == 1
    shaky.servers.heal("valkey")
    shaky.clock.set_s(1055.0)
    shaky.ping(50)
    for now_s in (1060.0, 1070.0):
        shaky.at(now_s)
    assert [one.state for one in shaky.incidents if one.subject == "breaker matching"] == ["open", "closed"]
    assert shaky.get(order).assignment is Assignment.OFFERED


def test_a_driver_works_on_while_the_index_is_down_and_the_plan_follows(shaky: Any) -> None:
    shaky.drivers(50)
    first, told = shaky.offered()
    shaky.servers.fail("valkey")
    plan = shaky.run(shaky.app.accept(told.offer.id, 50))
    assert short(plan) == [(PICKUP, first.id), (DROPOFF, first.id)]
    shaky.run(shaky.app.start_prep(first.id, 1))
    shaky.run(shaky.app.ready(first.id, 1))
    picked_up = shaky.run(shaky.app.pick_up(first.id, 50))
    assert (picked_up.state, picked_up.eta_pickup_s) == (OrderState.PICKED_UP, None)
    with pytest.raises(Unavailable):
        shaky.run(shaky.app.ping(np.array([50]), np.array([49.2]), np.array([-123.1]), 1005.0))
    shaky.servers.heal("valkey")
    assert shaky.plan(50) == []
    shaky.at(1010.0)  # the events that waited
    assert shaky.plan(50) == [(DROPOFF, first.id)]
    assert shaky.states(50).status[0] == DriverStatus.AVAILABLE
    assert shaky.app.next_due_s() == np.inf


def test_stars_are_kept_while_the_index_is_down(shaky: Any) -> None:
    shaky.drivers(50)
    order, _ = shaky.assigned()
    shaky.finish(order, 50)
    shaky.servers.fail("valkey")
    rating = shaky.run(shaky.app.rate(order.id, order.customer_id, restaurant_stars=2, driver_stars=1))
    assert (rating.restaurant_stars, rating.driver_stars) == (2, 1)
    with pytest.raises(Conflict):  # it is stored
        shaky.run(shaky.app.rate(order.id, order.customer_id, restaurant_stars=2, driver_stars=1))
    shaky.servers.heal("valkey")
    assert shaky.states(50).rating[0] == 4.0


def test_the_catalog_serves_without_its_cache_and_forgets_stale_values_after(shaky: Any) -> None:
    menu = shaky.run(shaky.app.menu(1))
    shaky.servers.fail("valkey")
    dearer = menu.items[0].__class__(
        id=menu.items[0].id, restaurant_id=1, name="soup", price_cents=5, category="main"
    )
    shaky.run(shaky.app.update_menu_item(dearer))
    assert shaky.run(shaky.app.menu(1)).items[0].price_cents == 5
    shaky.servers.heal("valkey")
    shaky.clock.set_s(1100.0)
    assert shaky.run(shaky.app.menu(1)).items[0].price_cents == 5
    assert shaky.run(shaky.app.browse(49.245, -123.13))


def test_a_driver_who_signs_on_again_gets_the_work_back(market: Any) -> None:
    market.drivers(50, 51)
    first, _ = market.assigned()
    market.run(market.stores.drivers.set_plan(50, ()))
    market.drivers(50)
    assert market.plan(50) == [(PICKUP, first.id), (DROPOFF, first.id)]
    second, told = market.offered()
    market.drivers(told.driver_id)
    assert market.states(told.driver_id).status[0] == DriverStatus.OFFERED
    assert second.id in told.offer.terms.order_ids


# --- payments


def test_a_payment_is_authorised_with_the_order_captured_on_delivery_voided_on_cancellation(
    shaky: Any,
) -> None:
    shaky.drivers(50)
    delivered, _ = shaky.assigned()
    cancelled = shaky.place()
    payment = shaky.run(shaky.stores.payments.get(delivered.id))
    assert payment.amount_cents == delivered.subtotal_cents + delivered.delivery_fee_cents
    shaky.finish(delivered, 50)
    shaky.run(shaky.app.cancel(cancelled.id, Actor.CUSTOMER, cancelled.customer_id))
    states = [shaky.run(shaky.stores.payments.get(one.id)).state for one in (delivered, cancelled)]
    assert states == [PaymentState.CAPTURED, PaymentState.VOIDED]
    assert list(shaky.provider.charged_cents.values()) == [payment.amount_cents]


def test_without_the_provider_no_order_is_placed_and_the_key_is_free(shaky: Any) -> None:
    shaky.servers.fail("payments")
    with pytest.raises(Unavailable):
        shaky.place(idempotency_key="mine")
    with pytest.raises(Unavailable):
        shaky.place(idempotency_key="mine")
    assert [one.subject for one in shaky.incidents] == ["breaker payment"]
    assert shaky.run(shaky.stores.orders.live()) == []
    shaky.servers.heal("payments")
    shaky.clock.set_s(1061.0)
    assert shaky.place(idempotency_key="mine").id == 1


def test_a_capture_that_failed_is_repeated_until_it_is_done(shaky: Any) -> None:
    shaky.drivers(50)
    order, _ = shaky.assigned()
    shaky.servers.fail("payments")
    shaky.finish(order, 50)
    assert shaky.run(shaky.stores.payments.get(order.id)).state is PaymentState.AUTHORISED
    shaky.servers.heal("payments")
    for now_s in (1010.0, 1080.0):
        shaky.at(now_s)
    assert shaky.run(shaky.stores.payments.get(order.id)).state is PaymentState.CAPTURED


def test_the_stand_in_declines_and_fails_as_it_is_told_and_the_same_in_every_run() -> None:
    def answers() -> list[str]:
        provider = StandInProvider(Faults(decline_share=0.3, failure_share=0.3), seed=4)
        found = []
        for i in range(200):
            try:
                found.append(drive(provider.authorise(f"k{i}", i, 100)))
            except (PaymentDeclined, Unavailable) as refusal:
                found.append(type(refusal).__name__)
        return found

    first = answers()
    assert first == answers()
    assert 40 <= first.count("Unavailable") <= 80
    assert 25 <= first.count("PaymentDeclined") <= 60
    provider = StandInProvider()
    assert drive(provider.authorise("k", 1, 5)) == drive(provider.authorise("k", 1, 5))
    with pytest.raises(UserError):
        Faults(failure_share=1.5)


# --- after a crash


def left_behind(market: Any, **lost: Any) -> Any:
    """The stores of a process that died, without the bus that was in it."""
    return replace(market.stores, bus=MemoryBus(), **lost)


def test_a_restarted_marketplace_goes_on_where_the_stores_are(market: Any, make_market: Any) -> None:
    market.drivers(50, 51, 52)
    assigned, _ = market.assigned()
    delivered, _ = market.assigned()
    market.finish(delivered, market.get(delivered).driver_id)
    offered, told = market.offered()
    declined, refusal = market.offered()
    market.run(market.app.decline(refusal.offer.id, refusal.driver_id))
    again = make_market(stores=left_behind(market), now_s=market.clock.now_s())
    again.run(again.app.recover())
    assert again.app.match.waiting == 1
    assert again.app.orders.next_due_s() == market.app.orders.next_due_s()
    assert again.app.match.offers.next_due_s() == told.offer.terms.expires_at_s
    again.at(again.clock.now_s())
    asked = {one.driver_id for one in again.app.take_notifications() if one.offer.id != told.offer.id}
    assert refusal.driver_id not in asked  # who declined is not asked again
    assert again.run(again.app.accept(told.offer.id, told.driver_id))
    assert again.plan(50)[:2] == [(PICKUP, assigned.id), (DROPOFF, assigned.id)]
    again.at(again.clock.now_s() + 400.0)
    assert again.get(delivered).state is OrderState.COMPLETED
    assert declined.id != offered.id


def test_recovery_repairs_what_the_index_missed(market: Any, make_market: Any) -> None:
    market.drivers(50)
    order, told = market.offered()
    market.run(market.stores.offers.accept(told.offer.id, 50, market.clock.now_s()))  # then the process dies
    again = make_market(stores=left_behind(market), now_s=market.clock.now_s())
    again.run(again.app.recover())
    assert again.plan(50) == [(PICKUP, order.id), (DROPOFF, order.id)]
    assert again.states(50).status[0] == DriverStatus.AVAILABLE


def test_an_index_without_memory_is_filled_as_drivers_sign_on(market: Any, make_market: Any) -> None:
    market.drivers(50)
    order, _ = market.assigned()
    again = make_market(stores=left_behind(market, drivers=MemoryDriverIndex()), now_s=1000.0)
    again.run(again.app.recover())
    again.drivers(49, 50, 51)
    assert [len(again.plan(driver_id)) for driver_id in (49, 50, 51)] == [0, 2, 0]
    assert again.plan(50) == [(PICKUP, order.id), (DROPOFF, order.id)]


# --- news


def test_whoever_watches_an_order_hears_of_it(make_market: Any) -> None:
    async def story() -> list[str]:
        market = make_market()
        feed = market.stores.feed
        news = feed.watch(Subject.ORDER, 1)
        order = await market.app.place(market.request())
        await market.app.confirm(order.id, 1, 60.0)
        heard = [(await asyncio.wait_for(anext(news), 1.0)).data["kind"] for _ in range(2)]
        await news.aclose()
        return heard

    assert asyncio.run(story()) == ["order_placed", "order_confirmed"]


def test_positions_are_written_to_the_history_apart(make_market: Any) -> None:
    stores = memory_stores(keeps_history=True)
    other = make_market(stores=stores)
    other.drivers(50)
    other.ping(50)
    assert len(other.run(stores.history.track(50, 0.0, 1e9))) == 0
    other.at(1010.0)
    assert len(other.run(stores.history.track(50, 0.0, 1e9))) == 1
