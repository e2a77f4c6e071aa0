"""Restaurants and menus in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from domain.catalog import Menu, MenuItem, Restaurant
from domain.errors import Conflict, NotFound
from domain.units import BoolArray, FloatArray, haversine_m


class MemoryCatalog:
    """Restaurants in columns for search, menus ready to serve (implements domain.ports.CatalogStore)."""

    def __init__(self) -> None:
        self._restaurants: dict[int, Restaurant] = {}
        self._items: dict[int, dict[int, MenuItem]] = {}
        self._menus: dict[int, Menu] = {}
        self._columns: _Columns | None = None

    async def add(self, restaurants: Sequence[Restaurant], items: Sequence[MenuItem]) -> None:
        """Insert restaurants and dishes.

        Raises:
            Conflict: an id is taken. NotFound: a dish of an unknown restaurant. Nothing is written then.
        """
        new = {restaurant.id for restaurant in restaurants}
        taken = sorted(new & self._restaurants.keys())
        if taken or len(new) != len(restaurants):
            raise Conflict(f"restaurant ids are taken or given twice: {taken}")
        homeless = {item.restaurant_id for item in items} - new - self._restaurants.keys()
        if homeless:
            raise NotFound(f"no restaurants {sorted(homeless)}")
        for restaurant in restaurants:
            self._restaurants[restaurant.id] = restaurant
            self._items[restaurant.id] = {}
        for item in items:
            self._items[item.restaurant_id][item.id] = item
            self._menus.pop(item.restaurant_id, None)
        self._columns = None

    async def menu(self, restaurant_id: int) -> Menu:
        """Return a restaurant with its available dishes, by id."""
        menu = self._menus.get(restaurant_id)
        if menu is None:
            restaurant = self._known(restaurant_id)
            dishes = (item for item in self._items[restaurant_id].values() if item.is_available)
            menu = Menu(restaurant=restaurant, items=tuple(sorted(dishes, key=lambda item: item.id)))
            self._menus[restaurant_id] = menu
        return menu

    async def nearby(self, lat: float, lon: float, *, radius_m: float, limit: int) -> list[Restaurant]:
        """Return open restaurants within `radius_m`, nearest first, ties by id."""
        columns = self._columns
        if columns is None:
            columns = self._columns = _Columns(list(self._restaurants.values()))
        return columns.nearby(lat, lon, radius_m, limit)

    async def cuisines(self) -> list[str]:
        """Return the cuisines of all restaurants, sorted."""
        return sorted({restaurant.cuisine for restaurant in self._restaurants.values()})

    async def update_restaurant(self, restaurant: Restaurant) -> None:
        """Replace a restaurant."""
        before = self._known(restaurant.id)
        self._restaurants[restaurant.id] = restaurant
        menu = self._menus.get(restaurant.id)
        if menu is not None:
            self._menus[restaurant.id] = Menu(restaurant=restaurant, items=menu.items)
        if self._columns is not None:
            if (before.lat, before.lon) == (restaurant.lat, restaurant.lon):
                self._columns.replace(restaurant)
            else:
                self._columns = None

    async def amend_restaurant(
        self, restaurant_id: int, *, is_open: bool | None = None, rating: float | None = None
    ) -> Restaurant:
        """Change what is given of a restaurant."""
        before = self._known(restaurant_id)
        after = replace(
            before,
            is_open=before.is_open if is_open is None else is_open,
            rating=before.rating if rating is None else rating,
        )
        await self.update_restaurant(after)
        return after

    async def update_item(self, item: MenuItem) -> None:
        """Replace a dish."""
        if item.id not in self._items.get(item.restaurant_id, {}):
            raise NotFound(f"restaurant {item.restaurant_id} has no dish {item.id}")
        self._items[item.restaurant_id][item.id] = item
        self._menus.pop(item.restaurant_id, None)

    def _known(self, restaurant_id: int) -> Restaurant:
        try:
            return self._restaurants[restaurant_id]
        except KeyError:
            raise NotFound(f"no restaurant {restaurant_id}") from None


class _Columns:
    """Positions of restaurants by id, for search."""

    def __init__(self, restaurants: list[Restaurant]) -> None:
        rows = sorted(restaurants, key=lambda restaurant: restaurant.id)
        self._rows = np.array(rows, object)
        self._row_of = {restaurant.id: row for row, restaurant in enumerate(rows)}
        self._lat: FloatArray = np.array([r.lat for r in rows], np.float64)
        self._lon: FloatArray = np.array([r.lon for r in rows], np.float64)
        self._is_open: BoolArray = np.array([r.is_open for r in rows], np.bool_)

    def replace(self, restaurant: Restaurant) -> None:
        row = self._row_of[restaurant.id]
        self._rows[row] = restaurant
        self._is_open[row] = restaurant.is_open

    def nearby(self, lat: float, lon: float, radius_m: float, limit: int) -> list[Restaurant]:
        distance_m = haversine_m(lat, lon, self._lat, self._lon)
        near = np.flatnonzero(self._is_open & (distance_m <= radius_m))
        order = near[np.argsort(distance_m[near], kind="stable")][:limit]
        found: list[Restaurant] = self._rows[order].tolist()
        return found
