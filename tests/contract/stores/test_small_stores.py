"""Cache, idempotency keys, ratings, catalog and bus."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from domain.catalog import MenuItem, Rating, Restaurant
from domain.errors import Conflict, IdempotencyMismatch, NotFound
from domain.events import Event, EventKind, Topic
from domain.ports import ClaimState


def rating(order_id: int, restaurant_stars: int | None, driver_stars: int | None) -> Rating:
    return Rating(
        order_id=order_id,
        restaurant_id=1,
        driver_id=2,
        restaurant_stars=restaurant_stars,
        driver_stars=driver_stars,
        at_s=5.0,
    )


def restaurant(number: int, lat: float = 49.2, lon: float = -123.1, **more: Any) -> Restaurant:
    return Restaurant(
        id=number, name=f"r{number}", cuisine="thai", lat=lat, lon=lon, prep_time_s=600.0, **more
    )


def dish(number: int, restaurant_id: int, **more: Any) -> MenuItem:
    return MenuItem(
        id=number, restaurant_id=restaurant_id, name="soup", price_cents=800, category="main", **more
    )


def event(number: int, key: int, topic: Topic = Topic.ORDERS) -> Event:
    return Event(id=number, topic=topic, kind=EventKind.ORDER_PLACED, key=key, at_s=0.0, data={})


def test_cached_values_live_for_their_time(backend: Any) -> None:
    run, cache = backend.run, backend.stores.cache
    assert run(cache.get("k", 0.0)) is None
    token = run(cache.begin_fill("k", 0.0))
    assert run(cache.finish_fill("k", token, [1, "two"], ttl_s=10.0, now_s=0.0))
    assert run(cache.get("k", 9.9)) == [1, "two"]
    assert run(cache.get("k", 10.0)) is None


def test_one_caller_refills_until_the_claim_lapses(backend: Any) -> None:
    run, cache = backend.run, backend.stores.cache
    first = run(cache.begin_fill("k", 0.0))
    assert run(cache.begin_fill("k", 4.9)) is None
    second = run(cache.begin_fill("k", 5.0))
    assert second is not None
    assert second != first
    assert not run(cache.finish_fill("k", first, "old", ttl_s=10.0, now_s=6.0))
    assert run(cache.finish_fill("k", second, "new", ttl_s=10.0, now_s=6.0))
    assert run(cache.get("k", 7.0)) == "new"


def test_a_refill_begun_before_an_invalidation_is_void(backend: Any) -> None:
    run, cache = backend.run, backend.stores.cache
    token = run(cache.begin_fill("k", 0.0))
    run(cache.invalidate(["k", "unknown"]))
    assert not run(cache.finish_fill("k", token, "stale", ttl_s=10.0, now_s=1.0))
    assert run(cache.get("k", 1.0)) is None
    fresh = run(cache.begin_fill("k", 1.0))
    assert run(cache.finish_fill("k", fresh, "new", ttl_s=10.0, now_s=1.0))
    run(cache.invalidate(["k"]))
    assert run(cache.get("k", 2.0)) is None


def test_an_idempotency_key_is_claimed_answered_and_repeated(backend: Any) -> None:
    run, keys = backend.run, backend.stores.idempotency

    def claim(fingerprint: str = "body", now_s: float = 0.0) -> Any:
        return run(keys.claim("k", fingerprint, now_s=now_s, ttl_s=100.0))

    assert claim().state is ClaimState.NEW
    assert claim().state is ClaimState.IN_PROGRESS
    with pytest.raises(IdempotencyMismatch):
        claim("other body")
    run(keys.complete("k", 42))
    assert (claim(now_s=99.0).state, claim().response) == (ClaimState.DONE, 42)
    with pytest.raises(IdempotencyMismatch):
        claim("other body")
    assert claim(now_s=100.0).state is ClaimState.NEW


def test_a_released_key_can_be_claimed_with_another_body(backend: Any) -> None:
    run, keys = backend.run, backend.stores.idempotency
    run(keys.claim("k", "bad", now_s=0.0, ttl_s=100.0))
    run(keys.release("k"))
    run(keys.release("k"))
    assert run(keys.claim("k", "good", now_s=1.0, ttl_s=100.0)).state is ClaimState.NEW
    with pytest.raises(NotFound):
        run(keys.complete("never claimed", 1))


def test_of_racing_claims_of_a_key_one_is_new(backend: Any) -> None:
    keys = backend.stores.idempotency
    claims = backend.together([keys.claim("k", "body", now_s=0.0, ttl_s=9.0) for _ in range(8)])
    assert sorted(claim.state for claim in claims) == [ClaimState.NEW] + [ClaimState.IN_PROGRESS] * 7


def test_ratings_give_running_means_and_count_an_order_once(backend: Any) -> None:
    run, ratings = backend.run, backend.stores.ratings
    assert run(ratings.add(rating(1, 5, 4))) == (5.0, 4.0)
    assert run(ratings.add(rating(2, 2, None))) == (3.5, 4.0)
    with pytest.raises(Conflict):
        run(ratings.add(rating(2, 1, 1)))
    assert run(ratings.add(rating(3, None, 1))) == (3.5, 2.5)


def test_unrated_means_are_nan(backend: Any) -> None:
    restaurant_mean, driver_mean = backend.run(backend.stores.ratings.add(rating(1, None, 3)))
    assert math.isnan(restaurant_mean)
    assert driver_mean == 3.0


def test_menus_show_available_dishes_by_id(backend: Any) -> None:
    run, catalog = backend.run, backend.stores.catalog
    run(catalog.add([restaurant(1)], [dish(12, 1), dish(11, 1), dish(13, 1, is_available=False)]))
    assert [item.id for item in run(catalog.menu(1)).items] == [11, 12]
    run(catalog.update_item(dish(13, 1)))
    run(catalog.update_item(dish(11, 1, is_available=False)))
    assert [item.id for item in run(catalog.menu(1)).items] == [12, 13]
    run(catalog.update_restaurant(restaurant(1, is_open=False, rating=4.5)))
    assert run(catalog.menu(1)).restaurant.rating == 4.5
    assert [item.id for item in run(catalog.menu(1)).items] == [12, 13]


def test_unknown_restaurants_and_dishes_are_not_found(backend: Any) -> None:
    run, catalog = backend.run, backend.stores.catalog
    run(catalog.add([restaurant(1)], []))
    for call in (
        catalog.menu(9),
        catalog.update_restaurant(restaurant(9)),
        catalog.update_item(dish(5, 9)),
        catalog.update_item(dish(5, 1)),
        catalog.add([], [dish(5, 9)]),
    ):
        with pytest.raises(NotFound):
            run(call)
    with pytest.raises(Conflict):
        run(catalog.add([restaurant(1)], []))


def test_nearby_are_open_restaurants_nearest_first_ties_by_id(backend: Any) -> None:
    run, catalog = backend.run, backend.stores.catalog
    places = [
        restaurant(5, lat=49.20),
        restaurant(2, lat=49.21),
        restaurant(1, lat=49.21),
        restaurant(3, lat=49.205, is_open=False),
        restaurant(4, lat=49.60),
    ]
    run(catalog.add(places, []))

    def ids(**more: Any) -> list[int]:
        return [
            one.id for one in run(catalog.nearby(49.2, -123.1, **{"radius_m": 5000.0, "limit": 9, **more}))
        ]

    assert ids() == [5, 1, 2]
    assert ids(limit=2) == [5, 1]
    assert ids(radius_m=500.0) == [5]
    run(catalog.update_restaurant(replace(places[3], is_open=True)))
    run(catalog.update_restaurant(replace(places[4], lat=49.2)))
    assert ids() == [4, 5, 3, 1, 2]


def test_cuisines_are_sorted_and_distinct(backend: Any) -> None:
    run, catalog = backend.run, backend.stores.catalog
    run(catalog.add([restaurant(1), restaurant(2), replace(restaurant(3), cuisine="greek")], []))
    assert run(catalog.cuisines()) == ["greek", "thai"]


def test_every_group_gets_every_event_of_its_topic_in_order_per_key(backend: Any) -> None:
    run, bus = backend.run, backend.stores.bus
    seen: dict[str, list[int]] = {"a": [], "b": []}

    def handler(group: str) -> Any:
        async def take(events: Any) -> None:
            seen[group].extend(one.id for one in events)

        return take

    for group in seen:
        bus.subscribe(Topic.ORDERS, group, handler(group))
    run(bus.publish([event(1, 1), event(2, 2, Topic.DISPATCH), event(3, 1)]))
    run(bus.publish([event(4, 1)]))
    assert seen == {"a": [1, 3, 4], "b": [1, 3, 4]}
