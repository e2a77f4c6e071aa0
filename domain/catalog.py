"""Restaurants and menus."""

from __future__ import annotations

import msgspec


class Restaurant(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A restaurant as customers see it: `prep_time_s` its usual quote, `rating` 1-5 or None while unrated."""

    id: int
    name: str
    cuisine: str
    lat: float
    lon: float
    prep_time_s: float
    is_open: bool = True
    rating: float | None = None


class MenuItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One dish."""

    id: int
    restaurant_id: int
    name: str
    price_cents: int
    category: str
    is_available: bool = True


class Menu(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A restaurant with its available dishes: what the cache holds."""

    restaurant: Restaurant
    items: tuple[MenuItem, ...]


class Rating(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A customer's stars (1-5) for one order; None where not given."""

    order_id: int
    restaurant_id: int
    driver_id: int
    restaurant_stars: int | None
    driver_stars: int | None
    at_s: float
