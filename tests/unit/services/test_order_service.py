"""Placing, pricing, idempotency, repeated transitions, completion."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import (
    Conflict,
    IdempotencyMismatch,
    InvalidRequest,
    InvalidTransition,
    NotFound,
    UserError,
)
from domain.order_state import Actor, OrderState
from domain.orders import OrderItem
from services.order_service import delivery_fee_cents
from services.settings import MarketplaceSettings, OrderSettings


def item(menu_item_id: int = 10, quantity: int = 1, price_cents: int = 1) -> OrderItem:
    return OrderItem(menu_item_id=menu_item_id, quantity=quantity, price_cents=price_cents)


def test_prices_come_from_the_menu_not_from_the_client(market: Any) -> None:
    order = market.place(items=(item(10, 2, 1), item(11, 1, 1)))
    assert order.subtotal_cents == 2 * 1000 + 1001
    assert [one.price_cents for one in market.run(market.stores.orders.items(order.id))] == [1000, 1001]


def test_the_promise_is_a_quantile_of_the_prediction(market: Any) -> None:
    order = market.place()
    mean_s = order.eta_placement_s - order.placed_at_s
    assert mean_s > order.prep_quote_s == 600.0
    assert order.promised_at_s == pytest.approx(order.placed_at_s + 2 * mean_s)


@pytest.mark.parametrize(
    ("distance_m", "fee"), [(0, 199), (2000, 199), (2001, 207), (3000, 274), (3050, 282)]
)
def test_the_fee_grows_with_each_started_100_m_beyond_the_free_distance(distance_m: float, fee: int) -> None:
    assert delivery_fee_cents(distance_m, OrderSettings()) == pytest.approx(fee, abs=1)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"idempotency_key": ""}, InvalidRequest),
        ({"items": ()}, InvalidRequest),
        ({"items": (item(quantity=0),)}, InvalidRequest),
        ({"items": (item(quantity=-3),)}, InvalidRequest),
        ({"items": (item(quantity=10**9),)}, InvalidRequest),
        ({"customer_lat": float("nan")}, InvalidRequest),
        ({"customer_lon": 181.0}, InvalidRequest),
        ({"restaurant_id": 99}, NotFound),
        ({"items": (item(20),)}, Conflict),
    ],
)
def test_bad_baskets_are_refused_and_free_the_key(
    market: Any, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        market.place(**{"idempotency_key": "k", **changes})
    assert market.place(idempotency_key="k").id == 1


def test_closed_restaurants_and_dishes_that_ran_out_are_refused(market: Any) -> None:
    market.run(market.app.set_open(1, False))
    with pytest.raises(Conflict):
        market.place()
    market.run(market.app.set_open(1, True))
    dish = market.run(market.app.menu(1)).items[0]
    gone = type(dish)(**{name: getattr(dish, name) for name in dish.__slots__} | {"is_available": False})
    market.run(market.app.update_menu_item(gone))
    with pytest.raises(Conflict):
        market.place()


def test_the_same_key_and_body_make_one_order(market: Any) -> None:
    request = market.request(idempotency_key="k")
    first = market.run(market.app.place(request))
    assert market.run(market.app.place(request)) == first
    with pytest.raises(IdempotencyMismatch):
        market.run(market.app.place(market.request(idempotency_key="k", customer_lat=49.21)))
    other = market.run(market.app.place(market.request(idempotency_key="k", customer_id=8)))
    assert other.id != first.id


def test_a_key_serves_again_after_24_hours(market: Any) -> None:
    request = market.request(idempotency_key="k")
    first = market.run(market.app.place(request))
    market.clock.set_s(first.placed_at_s + 86_399.0)
    assert market.run(market.app.place(request)).id == first.id
    market.clock.set_s(first.placed_at_s + 86_400.0)
    assert market.run(market.app.place(request)).id != first.id


class Step:
    """An awaitable that suspends once, so that two coroutines can be interleaved by hand."""

    def __await__(self) -> Any:
        yield


def test_a_twin_that_comes_while_the_first_is_in_progress_is_a_conflict(
    market: Any, monkeypatch: Any
) -> None:
    load = market.stores.catalog.menu

    async def slow(restaurant_id: int) -> Any:
        await Step()
        return await load(restaurant_id)

    monkeypatch.setattr(market.stores.catalog, "menu", slow)
    request = market.request()
    first = market.app.place(request)
    first.send(None)  # has claimed the key and waits for the menu
    with pytest.raises(Conflict, match="in progress"):
        market.run(market.app.place(request))
    with pytest.raises(StopIteration) as done:
        first.send(None)
    assert market.run(market.stores.orders.get([1])) == [done.value.value]
    assert market.run(market.app.place(request)).id == done.value.value.id
    with pytest.raises(NotFound):
        market.run(market.stores.orders.get([2]))


def test_a_request_that_is_broken_off_frees_its_key(market: Any, monkeypatch: Any) -> None:
    load = market.stores.catalog.menu

    async def slow(restaurant_id: int) -> Any:
        await Step()
        return await load(restaurant_id)

    monkeypatch.setattr(market.stores.catalog, "menu", slow)
    request = market.request()
    first = market.app.place(request)
    first.send(None)
    first.close()
    monkeypatch.undo()
    assert market.run(market.app.place(request)).id == 1


def test_confirmation_may_change_the_quote(market: Any) -> None:
    order = market.place()
    assert market.run(market.app.confirm(order.id, 1, 900.0)).prep_quote_s == 900.0
    for quote_s in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidRequest):
            market.run(market.app.confirm(order.id, 1, quote_s))


def test_repeating_what_one_has_done_returns_the_order_unchanged(market: Any) -> None:
    market.drivers(50)
    order, driver_id = market.assigned()
    order = market.cooked(order)
    steps = [
        (market.app.confirm, (order.id, 1)),
        (market.app.start_prep, (order.id, 1)),
        (market.app.ready, (order.id, 1)),
        (market.app.pick_up, (order.id, driver_id)),
        (market.app.deliver, (order.id, driver_id)),
        (market.app.complete, (order.id, 7)),
    ]
    for i, (call, arguments) in enumerate(steps):
        market.run(call(*arguments))
        before = market.get(order)
        for repeated, same in steps[: i + 1]:
            assert market.run(repeated(*same)) == before
    assert market.get(order).state is OrderState.COMPLETED
    assert market.states(driver_id).deliveries.tolist() == [1]


def test_repeating_what_another_did_is_refused(market: Any) -> None:
    order = market.place()
    market.run(market.app.cancel(order.id, Actor.CUSTOMER, 7, "changed my mind"))
    again = market.run(market.app.cancel(order.id, Actor.CUSTOMER, 7, "again"))
    assert again.cancel_reason == "changed my mind"
    for actor, actor_id in ((Actor.RESTAURANT, 1), (Actor.ADMIN, 1), (Actor.CUSTOMER, 8)):
        with pytest.raises(InvalidTransition):
            market.run(market.app.cancel(order.id, actor, actor_id, "me too"))
    with pytest.raises(InvalidTransition):
        market.run(market.app.confirm(order.id, 1))


def test_delivered_orders_are_completed_after_a_while_unless_the_customer_was_first(make_market: Any) -> None:
    market = make_market(settings=MarketplaceSettings(orders=OrderSettings(auto_complete_s=60.0)))
    market.drivers(50, 51)
    orders = [market.assigned() for _ in range(2)]
    for order, driver_id in orders:
        market.cooked(order)
        market.run(market.app.pick_up(order.id, driver_id))
        market.run(market.app.deliver(order.id, driver_id))
    assert market.app.next_due_s() == 1060.0
    market.run(market.app.complete(orders[0][0].id, 7))
    market.at(1059.0)
    assert market.get(orders[1][0]).state is OrderState.DELIVERED
    market.at(1060.0)
    assert market.get(orders[1][0]).completed_at_s == 1060.0
    assert market.get(orders[0][0]).completed_at_s == 1000.0
    assert market.app.next_due_s() == float("inf")


@pytest.mark.parametrize(
    "wrong", [{"promise_level": 1.0}, {"fee_base_cents": -1}, {"idempotency_ttl_s": 0.0}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        OrderSettings(**wrong)
