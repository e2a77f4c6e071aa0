"""What customers browse: restaurants near them, menus, cuisines; read through the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from domain.catalog import Menu, MenuItem, Restaurant
from domain.errors import InvalidRequest
from domain.ports import CatalogStore
from domain.units import FloatArray
from services.cache_aside import CacheAside
from services.geocell import Cell, cell_of, cells_near
from services.positions import nearest_within, unit_vectors
from services.settings import CatalogSettings

CUISINES = "cache:cuisines"
_ALL = 1_000_000
_CELLS_KEPT = 4096
_ID = attrgetter("id")


def menu_key(restaurant_id: int) -> str:
    """Return the cache key of a restaurant with its menu."""
    return f"cache:restaurant_full:{restaurant_id}"


def nearby_key(cell: str, radius_m: float) -> str:
    """Return the cache key of the restaurants near a geohash cell."""
    return f"cache:nearby:{cell}:{radius_m:g}"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Listing:
    """A cached cell made ready for exact searches; `source` is the cached value it was made from."""

    source: tuple[float, list[Restaurant]]
    places: FloatArray


class CatalogService:
    """Serves from the cache and invalidates it on updates.

    Nearby restaurants are cached by geohash cell of precision 5: everything within the radius of any point of
    the cell, with the time it was read. Each answer is filtered and sorted for the caller's own point, so the
    cell never shows.
    """

    def __init__(self, store: CatalogStore, through: CacheAside, settings: CatalogSettings) -> None:
        self._store = store
        self._through = through
        self._settings = settings
        self._listings: dict[str, _Listing] = {}

    async def browse(self, lat: float, lon: float) -> list[Restaurant]:
        """Return open restaurants within the radius, nearest first, ties by id."""
        if not (abs(lat) <= 90.0 and abs(lon) <= 180.0):
            raise InvalidRequest(f"no such place: {lat}, {lon}")
        listing = await self._listing(cell_of(lat, lon))
        limits = float(self._settings.nearby_radius_m), int(self._settings.nearby_limit)
        order = nearest_within(float(lat), float(lon), listing.places, *limits)
        restaurants = listing.source[1]
        return [restaurants[at] for at in order.tolist()]

    async def menu(self, restaurant_id: int) -> Menu:
        """Return a restaurant with its available dishes; NotFound for an unknown one."""
        key, ttl_s = menu_key(restaurant_id), self._settings.menu_ttl_s
        return await self._through.read(key, ttl_s, lambda: self._store.menu(restaurant_id))

    async def cuisines(self) -> list[str]:
        """Return the cuisines on offer, sorted."""
        return await self._through.read(CUISINES, self._settings.cuisines_ttl_s, self._store.cuisines)

    async def add(self, restaurants: Sequence[Restaurant], items: Sequence[MenuItem]) -> None:
        """Take in restaurants and dishes."""
        await self._store.add(restaurants, items)
        ids = {item.restaurant_id for item in items} | {restaurant.id for restaurant in restaurants}
        keys = [menu_key(one) for one in ids]
        nearby = dict.fromkeys(key for one in restaurants for key in self._nearby_keys(one))
        await self._through.invalidate([*keys, *nearby, CUISINES])

    async def update_restaurant(self, restaurant: Restaurant) -> None:
        """Change a restaurant's details; its menu, the lists around it and the cuisines are read anew."""
        before = (await self._store.menu(restaurant.id)).restaurant
        await self._store.update_restaurant(restaurant)
        await self._read_anew(before, restaurant)

    async def set_open(self, restaurant_id: int, is_open: bool) -> None:
        """Open or close a restaurant."""
        restaurant = (await self._store.menu(restaurant_id)).restaurant
        if restaurant.is_open != is_open:
            await self._read_anew(await self._store.amend_restaurant(restaurant_id, is_open=is_open))

    async def update_menu_item(self, item: MenuItem) -> None:
        """Change a dish."""
        if item.price_cents < 0:
            raise InvalidRequest(f"dish {item.id}: price {item.price_cents} is negative")
        await self._store.update_item(item)
        await self._through.invalidate([menu_key(item.restaurant_id)])

    async def _read_anew(self, *versions: Restaurant) -> None:
        """Let a restaurant's menu, the lists around each of its versions and the cuisines be read anew."""
        nearby = dict.fromkeys(key for restaurant in versions for key in self._nearby_keys(restaurant))
        await self._through.invalidate([menu_key(versions[0].id), *nearby, CUISINES])

    def _nearby_keys(self, restaurant: Restaurant) -> list[str]:
        radius_m = self._settings.nearby_radius_m
        cells = cells_near(restaurant.lat, restaurant.lon, radius_m)
        return [nearby_key(cell, radius_m) for cell in cells]

    async def _listing(self, cell: Cell) -> _Listing:
        """Return a cell's restaurants by id, refilling the cache ahead of its end."""
        settings, through = self._settings, self._through
        key = nearby_key(cell.name, settings.nearby_radius_m)

        async def load() -> tuple[float, list[Restaurant]]:
            read_at_s = through.clock.now_s()
            wide_m = settings.nearby_radius_m + cell.reach_m
            found = await self._store.nearby(cell.lat, cell.lon, radius_m=wide_m, limit=_ALL)
            return read_at_s, sorted(found, key=_ID)

        source = await through.read(key, settings.nearby_ttl_s, load)
        if through.clock.now_s() >= source[0] + settings.nearby_ttl_s - settings.refresh_ahead_s:
            await through.refresh(key, settings.nearby_ttl_s, load)
        listing = self._listings.get(key)
        if listing is None or listing.source is not source:
            listing = _listed(source, listing)
            if len(self._listings) >= _CELLS_KEPT:
                self._listings.clear()
            self._listings[key] = listing
        return listing


def _listed(source: tuple[float, list[Restaurant]], before: _Listing | None) -> _Listing:
    """Return the listing of a cached value; it shares the places of the one before if they are the same."""
    restaurants = source[1]
    if before is not None and _are_where_they_were(before.source[1], restaurants):
        return _Listing(source=source, places=before.places)
    lat = np.array([one.lat for one in restaurants], np.float64)
    lon = np.array([one.lon for one in restaurants], np.float64)
    return _Listing(source=source, places=unit_vectors(lat, lon))


def _are_where_they_were(before: list[Restaurant], now: list[Restaurant]) -> bool:
    """Return whether two lists have the same positions; most restaurants are the very same objects."""
    return len(before) == len(now) and all(
        old is new or (old.lat, old.lon) == (new.lat, new.lon) for old, new in zip(before, now, strict=True)
    )
