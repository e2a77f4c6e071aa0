"""CatalogStore: restaurants and menus."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from domain.catalog import MenuItem, Restaurant
from domain.errors import Conflict, NotFound

pytestmark = pytest.mark.port("catalog")


def restaurant(number: int, lat: float = 49.2, lon: float = -123.1, **more: Any) -> Restaurant:
    return Restaurant(
        id=number, name=f"r{number}", cuisine="thai", lat=lat, lon=lon, prep_time_s=600.0, **more
    )


def dish(number: int, restaurant_id: int, **more: Any) -> MenuItem:
    return MenuItem(
        id=number, restaurant_id=restaurant_id, name="soup", price_cents=800, category="main", **more
    )


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


def test_an_amended_restaurant_keeps_the_rest(backend: Any) -> None:
    run, catalog = backend.run, backend.stores.catalog
    run(catalog.add([restaurant(1)], [dish(11, 1)]))
    for given, wanted in (
        ({"rating": 4.5}, restaurant(1, rating=4.5)),
        ({"is_open": False}, restaurant(1, rating=4.5, is_open=False)),
        ({}, restaurant(1, rating=4.5, is_open=False)),
        ({"is_open": True, "rating": 3.0}, restaurant(1, rating=3.0)),
    ):
        assert run(catalog.amend_restaurant(1, **given)) == wanted
        assert run(catalog.menu(1)).restaurant == wanted


def test_unknown_restaurants_and_dishes_are_not_found(backend: Any) -> None:
    run, catalog = backend.run, backend.stores.catalog
    run(catalog.add([restaurant(1)], []))
    for call in (
        catalog.menu(9),
        catalog.update_restaurant(restaurant(9)),
        catalog.amend_restaurant(9, rating=4.0),
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
