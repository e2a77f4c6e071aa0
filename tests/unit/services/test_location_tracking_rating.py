"""Pings, following an order, stars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from domain.drivers import DriverProfiles
from domain.errors import Conflict, InvalidRequest, NotFound
from domain.events import EventKind, Topic
from domain.order_state import Actor, OrderState


def ping(market: Any, ids: list[int], lat: list[float], lon: list[float], at_s: float = 1000.0) -> None:
    market.run(market.app.ping(np.array(ids, np.int64), np.array(lat), np.array(lon), at_s))


@pytest.mark.parametrize(
    ("lat", "lon", "at_s"),
    [
        ([float("nan")], [0.0], 1.0),
        ([0.0], [float("inf")], 1.0),
        ([86.0], [0.0], 1.0),
        ([0.0], [-180.1], 1.0),
        ([0.0, 1.0], [0.0], 1.0),
        ([0.0], [0.0], float("nan")),
    ],
)
def test_impossible_pings_are_refused(market: Any, lat: list[float], lon: list[float], at_s: float) -> None:
    market.drivers(50)
    before = market.states(50).lat[0]
    with pytest.raises(InvalidRequest):
        ping(market, [50], lat, lon, at_s)
    assert market.states(50).lat[0] == before


def test_strangers_and_empty_batches(market: Any) -> None:
    with pytest.raises(NotFound):
        ping(market, [99], [49.0], [-123.0])
    ping(market, [], [], [])


def test_a_driver_who_can_carry_nothing_cannot_sign_on(market: Any) -> None:
    with pytest.raises(InvalidRequest):
        market.drivers(50, capacity=0)
    profile = DriverProfiles(
        id=np.array([1]),
        vehicle=np.array([0]),
        capacity=np.array([1]),
        rating=np.array([5.0]),
        goal_deliveries=np.array([0]),
        shift_end_s=np.array([9.0]),
        lat=np.array([np.nan]),
        lon=np.array([0.0]),
    )
    with pytest.raises(InvalidRequest):
        market.run(market.app.sign_on(profile))


def test_moves_are_published_for_followed_drivers_only(market: Any) -> None:
    moves: list[Any] = []

    async def take(events: Any) -> None:
        moves.extend(events)

    market.stores.bus.subscribe(Topic.LOCATIONS, "test", take)
    market.drivers(50, 51)
    order, driver_id = market.assigned()
    ping(market, [50, 51], [49.24, 49.25], [-123.1, -123.1])
    assert moves == []
    news: list[Any] = []
    stop = market.run(market.app.tracking.follow(order.id, news.append))
    ping(market, [50, 51], [49.24, 49.25], [-123.1, -123.1])
    assert [event.data["driver_ids"].tolist() for event in moves] == [[driver_id]]
    assert [(one.kind, one.lat) for one in news] == [(EventKind.DRIVERS_MOVED, 49.24)]
    stop()
    stop()
    ping(market, [50, 51], [49.24, 49.25], [-123.1, -123.1])
    assert len(moves) == 1


def test_a_follower_learns_of_every_step_of_this_order_only(market: Any) -> None:
    market.drivers(50, 51)
    order, other = market.place(), market.place()
    news: list[Any] = []
    market.run(market.app.tracking.follow(order.id, news.append))
    for one in (order, other):
        market.run(market.app.confirm(one.id, 1))
    market.run(market.app.run_due())
    for told in market.app.take_notifications():
        market.run(market.app.accept(told.offer.id, told.driver_id))
    driver_id = market.get(order).driver_id
    market.cooked(order)
    ping(market, [driver_id], [49.24], [-123.1])
    market.run(market.app.pick_up(order.id, driver_id))
    market.run(market.app.deliver(order.id, driver_id))
    ping(market, [driver_id], [49.24], [-123.1])
    assert [one.kind for one in news] == [
        EventKind.ORDER_CONFIRMED,
        EventKind.OFFER_ACCEPTED,
        EventKind.ORDER_PREPARING,
        EventKind.ORDER_READY,
        EventKind.DRIVERS_MOVED,
        EventKind.ORDER_PICKED_UP,
        EventKind.ORDER_DELIVERED,
    ]
    assert {one.order_id for one in news} == {order.id}
    with pytest.raises(NotFound):
        market.run(market.app.tracking.follow(99, news.append))


def test_the_remaining_time_shrinks_as_the_order_comes_nearer(market: Any) -> None:
    market.drivers(50)
    order, _ = market.assigned()
    first = market.run(market.app.track(order.id))
    assert first.remaining_s == pytest.approx(600.0 + first.breakdown["to_customer"])
    market.clock.set_s(1300.0)
    assert market.run(market.app.track(order.id)).remaining_s == pytest.approx(first.remaining_s - 300.0)
    market.cooked(order)
    ping(market, [50], [order.restaurant_lat], [order.restaurant_lon], 1300.0)
    picked = market.run(market.app.pick_up(order.id, 50))
    view = market.run(market.app.track(order.id))
    assert view.remaining_s == pytest.approx(picked.eta_pickup_s - 1300.0)
    assert (view.driver_lat, view.driver_lon) == (order.restaurant_lat, order.restaurant_lon)
    market.run(market.app.deliver(order.id, 50))
    view = market.run(market.app.track(order.id))
    assert (view.order.state, view.remaining_s, view.breakdown) == (OrderState.DELIVERED, None, {})


def test_orders_without_a_driver_have_an_outlook_too(market: Any) -> None:
    order = market.place()
    view = market.run(market.app.track(order.id))
    assert (view.driver_lat, view.remaining_s) == (None, pytest.approx(order.eta_placement_s - 1000.0))
    with pytest.raises(NotFound):
        market.run(market.app.track(99))


def test_stars_reach_the_restaurant_and_move_the_driver(market: Any) -> None:
    market.drivers(50)
    order, driver_id = market.assigned()
    market.cooked(order)
    for call in (market.app.pick_up, market.app.deliver):
        with pytest.raises(Conflict):
            market.run(market.app.rate(order.id, 7, restaurant_stars=5))
        market.run(call(order.id, driver_id))
    with pytest.raises(Conflict):
        market.run(market.app.rate(order.id, 8, restaurant_stars=5))
    market.run(market.app.rate(order.id, 7, restaurant_stars=3, driver_stars=5))
    assert market.run(market.stores.catalog.menu(1)).restaurant.rating == 3.0
    assert market.states(driver_id).rating[0] == pytest.approx(4.0 + 0.02)
    with pytest.raises(Conflict):
        market.run(market.app.rate(order.id, 7, driver_stars=1))
    assert market.states(driver_id).rating[0] == pytest.approx(4.02)


@pytest.mark.parametrize("stars", [{}, {"driver_stars": 0}, {"restaurant_stars": 6}, {"driver_stars": 2.5}])
def test_stars_are_whole_and_from_1_to_5(market: Any, stars: dict[str, Any]) -> None:
    order = market.place()
    with pytest.raises(InvalidRequest):
        market.run(market.app.rate(order.id, 7, **stars))


def test_cancelled_orders_cannot_be_rated(market: Any) -> None:
    order = market.place()
    market.run(market.app.cancel(order.id, Actor.CUSTOMER, 7, "x"))
    with pytest.raises(Conflict):
        market.run(market.app.rate(order.id, 7, restaurant_stars=1))
