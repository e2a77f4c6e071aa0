"""Browsing through the cache: exact, fresh after updates, one refill at a time."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from adapters.memory import MemoryCache, MemoryCatalog, VirtualClock
from domain.catalog import MenuItem, Restaurant
from domain.errors import InvalidRequest, NotFound
from domain.units import haversine_m
from services.breakers import Breaker, unwitnessed
from services.cache_aside import CacheAside
from services.catalog_service import CatalogService
from services.drive import drive
from services.settings import BreakerSettings, CatalogSettings

LAT, LON = 49.25, -123.1


class Counting:
    """Passes calls on to a catalog store and counts them; `before` runs first in `menu`."""

    def __init__(self, store: MemoryCatalog) -> None:
        self._store = store
        self.calls: Counter[str] = Counter()
        self.before: Any = None

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)

        async def counted(*arguments: Any, **options: Any) -> Any:
            self.calls[name] += 1
            return await call(*arguments, **options)

        return counted

    async def menu(self, restaurant_id: int) -> Any:
        self.calls["menu"] += 1
        menu = await self._store.menu(restaurant_id)
        if self.before is not None:
            await self.before()
        return menu


def breaker(clock: VirtualClock) -> Breaker:
    return Breaker("cache", BreakerSettings(), clock, unwitnessed)


class Shop:
    def __init__(self, restaurants: int = 60, **options: Any) -> None:
        rng = np.random.default_rng(3)
        self.clock, self.cache, self.store = VirtualClock(0.0), MemoryCache(), Counting(MemoryCatalog())
        through = CacheAside(cache=self.cache, clock=self.clock, breaker=breaker(self.clock), **options)
        self.service = CatalogService(self.store, through, CatalogSettings(nearby_limit=20))
        self.restaurants = [
            Restaurant(
                id=i,
                name=f"r{i}",
                cuisine=f"c{i % 3}",
                lat=LAT + rng.uniform(-0.1, 0.1),
                lon=LON + rng.uniform(-0.1, 0.1),
                prep_time_s=600.0,
            )
            for i in range(1, restaurants + 1)
        ]
        self.dish = MenuItem(id=5, restaurant_id=1, name="soup", price_cents=900, category="main")
        drive(self.service.add(self.restaurants, [self.dish]))
        self.store.calls.clear()

    def expected(self, lat: float, lon: float) -> list[int]:
        found = [
            (float(haversine_m(lat, lon, one.lat, one.lon)), one.id)
            for one in self.restaurants
            if one.is_open
        ]
        return [number for metres, number in sorted(found) if metres <= 5000.0][:20]

    def browse(self, lat: float = LAT, lon: float = LON) -> list[int]:
        return [one.id for one in drive(self.service.browse(lat, lon))]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_browsing_is_exact_for_each_callers_point_though_a_cell_is_cached(shop: Shop) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        lat, lon = LAT + rng.uniform(-0.1, 0.1), LON + rng.uniform(-0.1, 0.1)
        assert shop.browse(lat, lon) == shop.expected(lat, lon)
    assert shop.store.calls["nearby"] <= 36


def test_impossible_places_are_refused(shop: Shop) -> None:
    for lat, lon in ((float("nan"), 0.0), (91.0, 0.0), (0.0, 181.0)):
        with pytest.raises(InvalidRequest):
            shop.browse(lat, lon)


def test_each_kind_lives_for_its_own_time(shop: Shop) -> None:
    for _ in range(2):
        drive(shop.service.menu(1))
        drive(shop.service.cuisines())
    assert (shop.store.calls["menu"], shop.store.calls["cuisines"]) == (1, 1)
    shop.clock.set_s(300.0)
    drive(shop.service.menu(1))
    drive(shop.service.cuisines())
    assert (shop.store.calls["menu"], shop.store.calls["cuisines"]) == (2, 1)
    shop.clock.set_s(600.0)
    drive(shop.service.cuisines())
    assert shop.store.calls["cuisines"] == 2


def test_a_changed_dish_shows_at_once(shop: Shop) -> None:
    drive(shop.service.menu(1))
    drive(shop.service.update_menu_item(replace(shop.dish, price_cents=1200)))
    assert drive(shop.service.menu(1)).items[0].price_cents == 1200
    with pytest.raises(InvalidRequest):
        drive(shop.service.update_menu_item(replace(shop.dish, price_cents=-1)))
    with pytest.raises(NotFound):
        drive(shop.service.menu(99))


def test_closing_a_restaurant_shows_everywhere_at_once(shop: Shop) -> None:
    rng = np.random.default_rng(1)
    points = [(LAT + rng.uniform(-0.1, 0.1), LON + rng.uniform(-0.1, 0.1)) for _ in range(40)]
    for point in points:
        shop.browse(*point)
    for i in (0, 7, 20):
        drive(shop.service.set_open(shop.restaurants[i].id, False))
        shop.restaurants[i] = replace(shop.restaurants[i], is_open=False)
    for point in points:
        assert shop.browse(*point) == shop.expected(*point)
    assert not drive(shop.service.menu(1)).restaurant.is_open


def test_a_restaurant_that_is_rated_or_moves_shows_as_and_where_it_is(shop: Shop) -> None:
    nearest = shop.restaurants[shop.browse()[0] - 1]
    rated = replace(nearest, rating=4.5)
    drive(shop.service.update_restaurant(rated))
    assert drive(shop.service.browse(LAT, LON))[0] == rated
    moved = replace(rated, lat=rated.lat + 0.03)
    drive(shop.service.update_restaurant(moved))
    shop.restaurants[moved.id - 1] = moved
    assert shop.browse() == shop.expected(LAT, LON)
    assert shop.browse()[0] != moved.id


def test_a_refill_that_read_before_an_update_does_not_bring_the_old_back(shop: Shop) -> None:
    async def update() -> None:
        shop.store.before = None
        await shop.service.update_menu_item(replace(shop.dish, price_cents=1200))

    shop.store.before = update
    assert drive(shop.service.menu(1)).items[0].price_cents == 900  # read before the update
    assert drive(shop.service.menu(1)).items[0].price_cents == 1200


def test_a_cell_near_its_end_serves_and_is_refilled_in_the_background() -> None:
    later: list[Any] = []

    async def background(work: Any) -> None:
        later.append(work)

    shop = Shop(background=background)
    shop.browse()
    shop.clock.set_s(89.0)
    shop.browse()
    assert later == []
    shop.clock.set_s(91.0)
    shop.browse()
    shop.browse()
    assert (len(later), shop.store.calls["nearby"]) == (1, 1)
    drive(later[0])
    assert shop.store.calls["nearby"] == 2
    shop.clock.set_s(150.0)
    assert shop.browse() == shop.expected(LAT, LON)
    assert shop.store.calls["nearby"] == 2


def test_while_one_refills_others_wait_for_it() -> None:
    pauses: list[int] = []

    async def pause() -> None:
        pauses.append(1)
        if len(pauses) == 3:
            await shop.cache.finish_fill("cache:cuisines", token, ["filled"], ttl_s=9.0, now_s=0.0)

    shop = Shop(pause=pause)
    token = drive(shop.cache.begin_fill("cache:cuisines", 0.0))
    assert drive(shop.service.cuisines()) == ["filled"]
    assert (len(pauses), shop.store.calls["cuisines"]) == (3, 0)


def test_whoever_waits_in_vain_loads_without_caching() -> None:
    shop = Shop()
    drive(shop.cache.begin_fill("cache:cuisines", 0.0))
    assert drive(shop.service.cuisines()) == ["c0", "c1", "c2"]
    assert drive(shop.cache.get("cache:cuisines", 0.0)) is None
