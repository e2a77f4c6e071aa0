"""Restaurants and homes: an extract's own where it has them, else drawn from the roads, and said so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roads.city import Float32, Float64, Int32, RoadClass
from roads.links import CLASS_OF_HIGHWAY, Links
from roads.raw import RawPlace
from roads.snap import Snapper

RESTAURANT_KINDS = ("restaurant", "fast_food", "cafe", "food_court", "ice_cream", "pub", "bar", "biergarten")
DEFAULT_KINDS = RESTAURANT_KINDS[:4]
FAR_FROM_ROAD_M = 500.0
MIN_RESTAURANTS = 10
# people behind one building of that value, relative to a house
_BUILDING_WEIGHT: Mapping[str, float] = {
    "yes": 1.0,
    "house": 1.0,
    "detached": 1.0,
    "bungalow": 1.0,
    "semidetached_house": 1.0,
    "terrace": 2.0,
    "residential": 3.0,
    "apartments": 8.0,
    "dormitory": 8.0,
    "static_caravan": 0.5,
    "houseboat": 0.5,
    "farm": 0.5,
}
_RESIDENTIAL = (RoadClass.RESIDENTIAL, RoadClass.LIVING_STREET, RoadClass.UNCLASSIFIED, RoadClass.TERTIARY)
_LIVELY = (RoadClass.PRIMARY, RoadClass.SECONDARY, RoadClass.TERTIARY)


@dataclass(frozen=True, kw_only=True, eq=False)
class Restaurants:
    """r restaurants: `lat`, `lon` float64 [r], `node` int32 [r]; name, kind, cuisine: r strings."""

    lat: Float64
    lon: Float64
    node: Int32
    name: tuple[str, ...]
    kind: tuple[str, ...]
    cuisine: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Homes:
    """h homes: `lat`, `lon` float64 [h], `node` int32 [h], `weight` float32 [h]."""

    lat: Float64
    lon: Float64
    node: Int32
    weight: Float32


def restaurants_of(
    places: list[RawPlace], links: Links, snapper: Snapper, provenance: dict[str, Any]
) -> Restaurants:
    """Return the extract's restaurants near a road, or drawn ones where it has fewer than ten.

    Adds `restaurant_source` and counts to `provenance`.
    """
    eating = [place for place in places if place.tags.get("amenity") in DEFAULT_KINDS]
    lat, lon, node, is_near = _snap(eating, snapper)
    kept = [place for place, near in zip(eating, is_near, strict=True) if near]
    provenance["restaurants_far_from_any_road"] = len(eating) - len(kept)
    if len(kept) < MIN_RESTAURANTS:
        provenance["warnings"].append(
            f"only {len(kept)} restaurants in the source: drawn along its main roads"
        )
        provenance["restaurant_source"] = "drawn along primary, secondary and tertiary roads"
        return _drawn_restaurants(links)
    provenance["restaurant_source"] = "amenity tags of the source"
    return Restaurants(
        lat=lat[is_near],
        lon=lon[is_near],
        node=node[is_near],
        name=tuple(place.tags.get("name", "") for place in kept),
        kind=tuple(place.tags["amenity"] for place in kept),
        cuisine=tuple(place.tags.get("cuisine", "").split(";")[0].strip().lower() for place in kept),
    )


def homes_of(places: list[RawPlace], links: Links, snapper: Snapper, provenance: dict[str, Any]) -> Homes:
    """Return the extract's homes near a road; where they are fewer than half the junctions, drawn ones.

    Adds `home_source` and counts to `provenance`.
    """
    weight = np.array([home_weight(place.tags) for place in places], dtype=np.float32)
    built = [place for place, people in zip(places, weight, strict=True) if people > 0.0]
    lat, lon, node, is_near = _snap(built, snapper)
    provenance["homes_far_from_any_road"] = int((~is_near).sum())
    if 2 * int(is_near.sum()) < links.node_count:
        provenance["warnings"].append(
            f"only {int(is_near.sum()):,} homes in the source for {links.node_count:,} junctions: "
            "drawn along its residential roads"
        )
        provenance["home_source"] = "drawn: each junction, weighted by the residential road length at it"
        return _drawn_homes(links)
    provenance["home_source"] = "buildings and addresses of the source"
    weight = weight[weight > 0.0]
    return Homes(lat=lat[is_near], lon=lon[is_near], node=node[is_near], weight=weight[is_near])


def home_weight(tags: Mapping[str, str]) -> float:
    """Return how many homes a place stands for: by building value and storeys; 1 for an address."""
    building = tags.get("building")
    if building is None:
        return 1.0 if "addr:housenumber" in tags and "amenity" not in tags else 0.0
    if "amenity" in tags or "shop" in tags or "office" in tags:
        return 0.0
    levels = tags.get("building:levels", "")
    storeys = min(int(levels), 60) if levels.isascii() and levels.isdigit() else 0
    weight = _BUILDING_WEIGHT.get(building, 0.0)
    is_flats = building in ("apartments", "residential", "yes")
    return 2.0 * storeys if weight and is_flats and storeys > 3 else weight


def _snap(places: list[RawPlace], snapper: Snapper) -> tuple[Float64, Float64, Int32, NDArray[np.bool_]]:
    lat = np.array([place.lat for place in places], dtype=np.float64)
    lon = np.array([place.lon for place in places], dtype=np.float64)
    node, distance = snapper.nearest_with_distance(lat, lon)
    return lat, lon, node, distance <= FAR_FROM_ROAD_M


def _length_at_nodes(links: Links, classes: tuple[RoadClass, ...]) -> Float64:
    """Return the metres of roads of those classes that touch each node, float64 [n]."""
    length = np.where(np.isin(CLASS_OF_HIGHWAY[links.highway], classes), links.length_m, 0.0)
    at_node = np.bincount(links.start, weights=length, minlength=links.node_count)
    at_node += np.bincount(links.end, weights=length, minlength=links.node_count)
    return np.asarray(at_node, dtype=np.float64)


def _drawn_homes(links: Links) -> Homes:
    """Return one home per junction on a residential road, or per junction where there is none of these."""
    length = _length_at_nodes(links, _RESIDENTIAL)
    if not length.any():
        length = np.ones(links.node_count)
    node = np.flatnonzero(length).astype(np.int32)
    weight = (length[node] / length[node].mean()).astype(np.float32)
    return Homes(lat=links.node_lat[node], lon=links.node_lon[node], node=node, weight=weight)


def _drawn_restaurants(links: Links) -> Restaurants:
    """Return about one restaurant per 40 junctions (at least ten), drawn along the lively roads; seeded."""
    weight = _length_at_nodes(links, _LIVELY)
    if not weight.any():
        weight = np.ones(links.node_count)
    count = min(max(links.node_count // 40, MIN_RESTAURANTS), int(np.count_nonzero(weight)))
    draw = np.random.default_rng(0).choice(
        links.node_count, size=count, replace=False, p=weight / weight.sum()
    )
    node = np.sort(draw).astype(np.int32)
    return Restaurants(
        lat=links.node_lat[node],
        lon=links.node_lon[node],
        node=node,
        name=tuple(f"Restaurant {number + 1}" for number in range(count)),
        kind=("restaurant",) * count,
        cuisine=("",) * count,
    )
