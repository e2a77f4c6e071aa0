"""Compile a raw city: junction graph, contraction order, restaurants and homes, into a `City`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from domain.errors import CityError
from roads.city import City
from roads.hierarchy import build_hierarchy
from roads.links import CLASS_OF_HIGHWAY, Links, impute_speeds
from roads.pois import Homes, Restaurants, homes_of, restaurants_of
from roads.raw import RawCity, RawOsm, RawPlace
from roads.simplify import junction_links, without_parallels
from roads.snap import Snapper
from roads.ways import links_of_ways

MIN_NODES = 10


def compile_city(raw: RawCity, *, name: str, service_roads: bool = False) -> City:
    """Return the compiled city of one read source; CityError when too little of it is drivable."""
    counts: dict[str, Any] = {}
    if isinstance(raw.roads, RawOsm):
        links, counts = links_of_ways(raw.roads, service_roads=service_roads)
    else:
        links = raw.roads
    links, speed_counts = impute_speeds(links)
    links, graph_counts = junction_links(links)
    if links.node_count < MIN_NODES:
        raise CityError(
            f"only {links.node_count} connected junctions: too small for a city (needs {MIN_NODES})"
        )
    warnings = list(raw.provenance.get("warnings", []))
    if counts.get("ways_with_clipped_nodes"):
        warnings.append(f"{counts['ways_with_clipped_nodes']} ways refer to clipped nodes: split there")
    provenance = {**raw.provenance, **counts, **speed_counts, **graph_counts, "warnings": warnings}
    return _city(links, raw.places, name, provenance)


def _city(links: Links, places: list[RawPlace], name: str, provenance: dict[str, Any]) -> City:
    """Return the city of junction links, its nodes renumbered in contraction order."""
    hierarchy = build_hierarchy(links.node_count, links.start, links.end)
    links = _renumbered(links, hierarchy.order)
    snapper = Snapper(links.node_lat, links.node_lon)
    restaurants = restaurants_of(places, links, snapper, provenance)
    homes = homes_of(places, links, snapper, provenance)
    out = np.concatenate([[0], np.cumsum(np.bincount(links.start, minlength=links.node_count))])
    return City(
        name=name,
        node_lat=links.node_lat,
        node_lon=links.node_lon,
        edge_from=links.start,
        edge_to=links.end,
        out_offsets=out.astype(np.int32),
        edge_length_m=links.length_m.astype(np.float32),
        edge_speed_kph=links.speed_kph.astype(np.float32),
        edge_class=CLASS_OF_HIGHWAY[links.highway],
        edge_is_bridge=links.is_bridge,
        edge_street=links.street,
        geom_offsets=links.geom_offsets.astype(np.int32),
        geom_lat=links.geom_lat,
        geom_lon=links.geom_lon,
        tree_parent=hierarchy.tree_parent,
        up_offsets=hierarchy.up_offsets,
        up_to=hierarchy.up_to,
        streets=links.streets,
        **_restaurant_fields(restaurants),
        **_home_fields(homes),
        provenance=provenance,
    )


def _renumbered(links: Links, order: np.ndarray[Any, np.dtype[np.int32]]) -> Links:
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    moved = replace(
        links,
        node_lat=links.node_lat[order],
        node_lon=links.node_lon[order],
        start=rank[links.start],
        end=rank[links.end],
    )
    return without_parallels(moved)[0]


def _restaurant_fields(found: Restaurants) -> dict[str, Any]:
    return {
        "restaurant_lat": found.lat,
        "restaurant_lon": found.lon,
        "restaurant_node": found.node,
        "restaurant_name": found.name,
        "restaurant_kind": found.kind,
        "restaurant_cuisine": found.cuisine,
    }


def _home_fields(homes: Homes) -> dict[str, Any]:
    return {
        "home_lat": homes.lat,
        "home_lon": homes.lon,
        "home_node": homes.node,
        "home_weight": homes.weight,
    }
