"""Restaurants and menus in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
import numpy as np

from adapters.postgres.database import PostgresDatabase
from domain.catalog import Menu, MenuItem, Restaurant
from domain.errors import Conflict, NotFound
from domain.units import haversine_m

_RESTAURANT = "id, name, cuisine, lat, lon, prep_time_s, is_open, rating"
_ITEM = "id, restaurant_id, name, price_cents, category, is_available"
_GET = f"SELECT {_RESTAURANT} FROM restaurants WHERE id = $1"
_DISHES = f"SELECT {_ITEM} FROM menu_items WHERE restaurant_id = $1 AND is_available ORDER BY id"
_KNOWN = "SELECT id FROM restaurants WHERE id = ANY($1::bigint[])"
_CUISINES = "SELECT DISTINCT cuisine FROM restaurants"
_NEARBY = f"SELECT {_RESTAURANT} FROM nearby_restaurants($1, $2, $3, $4)"
_ADD = f"INSERT INTO restaurants ({_RESTAURANT}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
_ADD_ITEM = f"""
INSERT INTO menu_items ({_ITEM}) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (restaurant_id, id) DO UPDATE SET
    name = excluded.name, price_cents = excluded.price_cents, category = excluded.category,
    is_available = excluded.is_available
"""
_UPDATE = """
UPDATE restaurants SET
    name = $2, cuisine = $3, lat = $4, lon = $5, prep_time_s = $6, is_open = $7, rating = $8
WHERE id = $1 RETURNING id
"""
_AMEND = f"""
UPDATE restaurants SET is_open = coalesce($2, is_open), rating = coalesce($3, rating)
WHERE id = $1 RETURNING {_RESTAURANT}
"""
_UPDATE_ITEM = """
UPDATE menu_items SET name = $3, price_cents = $4, category = $5, is_available = $6
WHERE id = $1 AND restaurant_id = $2 RETURNING id
"""
# The search in the database is a little generous; which are within the radius, and their order, is decided
# here, by the same arithmetic as in every other store.
_MORE = 8
_WIDER = 1.0 + 1e-9


class PostgresCatalog:
    """Restaurants and menus (implements domain.ports.CatalogStore)."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._db = database

    async def add(self, restaurants: Sequence[Restaurant], items: Sequence[MenuItem]) -> None:
        """Insert restaurants and dishes.

        Raises:
            Conflict: an id is taken. NotFound: a dish of an unknown restaurant. Nothing is written then.
        """
        await self._db.run(lambda connection: _add(connection, restaurants, items))

    async def menu(self, restaurant_id: int) -> Menu:
        """Return a restaurant with its available dishes, by id."""
        row = await self._db.row(_GET, restaurant_id, is_repeatable=True)
        if row is None:
            raise NotFound(f"no restaurant {restaurant_id}")
        dishes = await self._db.rows(_DISHES, restaurant_id, is_repeatable=True)
        return Menu(restaurant=_restaurant(row), items=tuple(_item(dish) for dish in dishes))

    async def nearby(self, lat: float, lon: float, *, radius_m: float, limit: int) -> list[Restaurant]:
        """Return open restaurants within `radius_m`, nearest first, ties by id."""
        arguments = lat, lon, radius_m * _WIDER, limit + _MORE
        rows = await self._db.rows(_NEARBY, *arguments, is_repeatable=True)
        found = [_restaurant(row) for row in rows]
        distance_m = haversine_m(lat, lon, np.array([r.lat for r in found]), np.array([r.lon for r in found]))
        ranked = sorted(zip(distance_m.tolist(), (r.id for r in found), found, strict=True))
        return [one for far_m, _, one in ranked if far_m <= radius_m][:limit]

    async def cuisines(self) -> list[str]:
        """Return the cuisines of all restaurants, sorted."""
        return sorted(row[0] for row in await self._db.rows(_CUISINES, is_repeatable=True))

    async def update_restaurant(self, restaurant: Restaurant) -> None:
        """Replace a restaurant."""
        if await self._db.row(_UPDATE, *_restaurant_row(restaurant), is_repeatable=True) is None:
            raise NotFound(f"no restaurant {restaurant.id}")

    async def amend_restaurant(
        self, restaurant_id: int, *, is_open: bool | None = None, rating: float | None = None
    ) -> Restaurant:
        """Change what is given of a restaurant."""
        row = await self._db.row(_AMEND, restaurant_id, is_open, rating, is_repeatable=True)
        if row is None:
            raise NotFound(f"no restaurant {restaurant_id}")
        return _restaurant(row)

    async def update_item(self, item: MenuItem) -> None:
        """Replace a dish."""
        if await self._db.row(_UPDATE_ITEM, *_item_row(item), is_repeatable=True) is None:
            raise NotFound(f"restaurant {item.restaurant_id} has no dish {item.id}")


async def _add(connection: Any, restaurants: Sequence[Restaurant], items: Sequence[MenuItem]) -> None:
    async with connection.transaction():
        new = {restaurant.id for restaurant in restaurants}
        wanted = {item.restaurant_id for item in items}
        known = {row[0] for row in await connection.fetch(_KNOWN, list(new | wanted))}
        if new & known or len(new) != len(restaurants):
            raise Conflict(f"restaurant ids are taken or given twice: {sorted(new & known)}")
        if wanted - new - known:
            raise NotFound(f"no restaurants {sorted(wanted - new - known)}")
        try:
            await connection.executemany(_ADD, [_restaurant_row(one) for one in restaurants])
        except asyncpg.UniqueViolationError:
            raise Conflict("somebody else adds restaurants with these ids") from None
        await connection.executemany(_ADD_ITEM, [_item_row(item) for item in items])


def _restaurant(row: Any) -> Restaurant:
    number, name, cuisine, lat, lon, prep_time_s, is_open, rating = row
    return Restaurant(
        id=number,
        name=name,
        cuisine=cuisine,
        lat=lat,
        lon=lon,
        prep_time_s=prep_time_s,
        is_open=is_open,
        rating=rating,
    )


def _item(row: Any) -> MenuItem:
    number, restaurant_id, name, price_cents, category, is_available = row
    return MenuItem(
        id=number,
        restaurant_id=restaurant_id,
        name=name,
        price_cents=price_cents,
        category=category,
        is_available=is_available,
    )


def _restaurant_row(one: Restaurant) -> tuple[Any, ...]:
    return one.id, one.name, one.cuisine, one.lat, one.lon, one.prep_time_s, one.is_open, one.rating


def _item_row(item: MenuItem) -> tuple[Any, ...]:
    return item.id, item.restaurant_id, item.name, item.price_cents, item.category, item.is_available
