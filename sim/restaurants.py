"""Restaurants of a synthetic market: popularity, hours, preparation times, capacity, dishes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from domain.catalog import MenuItem, Restaurant
from domain.spec import DemandSpec, KitchenSpec
from domain.units import HOUR_S, FloatArray, IntArray
from roads.city import City
from sim.streams import Streams
from sim.workload import Restaurants

QUOTE_STEP_S = 300.0
DISHES = ("Soup of the day", "House salad", "Signature dish", "Family plate", "Side", "Dessert", "Soft drink")
_DISH_CENTS = (650, 850, 1450, 2600, 480, 600, 290)


def draw_restaurants(kitchens: KitchenSpec, demand: DemandSpec, city: City, streams: Streams) -> Restaurants:
    """Draw what a city's restaurants are like; capacities come later, from demand (`size_kitchens`)."""
    rng = streams.generator("restaurants")
    count = city.restaurant_count
    popularity = rng.lognormal(0.0, demand.popularity_sd, count)
    mean_s = np.maximum(rng.normal(kitchens.prep_mean_s, kitchens.prep_between_sd_s, count), 120.0)
    early, late = rng.uniform(-1.0, 1.0, (2, count)) * kitchens.hours_spread_h
    take = np.arange(count)
    if kitchens.restaurants is not None and kitchens.restaurants < count:
        take = np.sort(np.argsort(-popularity, kind="stable")[: kitchens.restaurants])
    never = kitchens.open_h == kitchens.close_h
    wraps = 24.0 if kitchens.close_h < kitchens.open_h else 0.0
    open_h = np.clip(kitchens.open_h + early, 0.0, 24.0)
    close_h = kitchens.close_h + wraps + (late if wraps or kitchens.close_h < 24.0 else 0.0)
    open_s, close_s = open_h * HOUR_S, np.maximum(open_h if never else close_h, open_h) * HOUR_S
    return Restaurants(
        name=tuple(city.restaurant_name[i] or f"Restaurant {i + 1}" for i in take),
        cuisine=tuple(city.restaurant_cuisine[i] or city.restaurant_kind[i] for i in take),
        lat=city.restaurant_lat[take],
        lon=city.restaurant_lon[take],
        node=city.restaurant_node[take],
        open_s=open_s[take],
        close_s=np.broadcast_to(close_s, count)[take],
        capacity=np.full(len(take), kitchens.min_capacity, np.int32),
        prep_mean_s=mean_s[take],
        prep_usual_s=usual_quote_s(mean_s[take], kitchens.quote_bias),
        popularity=popularity[take],
    )


def usual_quote_s(mean_s: FloatArray, bias: float) -> FloatArray:
    """Return mean preparation times as restaurants quote them: biased, rounded up to five minutes."""
    quotes: FloatArray = np.ceil(mean_s * (1.0 + bias) / QUOTE_STEP_S) * QUOTE_STEP_S
    return quotes


def draw_preparation_s(
    kitchens: KitchenSpec, restaurants: Restaurants, chosen: IntArray, streams: Streams
) -> FloatArray:
    """Return true cooking times [s] of orders at `chosen` restaurants: gamma around the restaurant's mean."""
    mean_s = restaurants.prep_mean_s[chosen]
    if kitchens.prep_within_cv <= 0.0:
        return mean_s
    shape = 1.0 / kitchens.prep_within_cv**2
    return streams.generator("preparation").gamma(shape, mean_s / shape)


def size_kitchens(
    kitchens: KitchenSpec,
    restaurants: Restaurants,
    chosen: IntArray,
    placed_s: FloatArray,
    prep_s: FloatArray,
) -> Restaurants:
    """Return the restaurants with kitchens large enough for `utilisation` in each one's busiest hour."""
    capacity = np.full(len(restaurants), kitchens.min_capacity, np.int32)
    if len(chosen):
        hour = (placed_s // HOUR_S).astype(np.int64)
        hour -= hour.min()
        work_s = np.zeros((len(restaurants), hour.max() + 1))
        np.add.at(work_s, (chosen, hour), prep_s)
        places = np.ceil(work_s.max(axis=1) / HOUR_S / kitchens.utilisation)
        capacity = np.maximum(capacity, places.astype(np.int32))
    return replace(restaurants, capacity=capacity)


def menus(restaurants: Restaurants, streams: Streams) -> tuple[list[Restaurant], list[MenuItem]]:
    """Return the catalog entries: ids 1..r, dish ids restaurant x 100 + number."""
    rng = streams.generator("menus")
    level = rng.lognormal(0.0, 0.2, len(restaurants))
    stars = np.clip(rng.normal(4.3, 0.3, len(restaurants)), 1.0, 5.0)
    entries = [
        Restaurant(
            id=i + 1,
            name=restaurants.name[i],
            cuisine=restaurants.cuisine[i],
            lat=float(restaurants.lat[i]),
            lon=float(restaurants.lon[i]),
            prep_time_s=float(restaurants.prep_usual_s[i]),
            is_open=False,
            rating=round(float(stars[i]), 1),
        )
        for i in range(len(restaurants))
    ]
    dishes = [
        MenuItem(
            id=(i + 1) * 100 + j,
            restaurant_id=i + 1,
            name=dish,
            price_cents=int(round(_DISH_CENTS[j] * level[i], -1)),
            category="main" if 2 <= j <= 3 else "side",
        )
        for i in range(len(restaurants))
        for j, dish in enumerate(DISHES)
    ]
    return entries, dishes
