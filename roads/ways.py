"""From OSM ways to links: one link per pair of consecutive nodes and allowed direction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import CityError
from roads.links import Links, geometric_length_m
from roads.raw import RawOsm, RawWay
from roads.tags import directions, highway_index, is_bridge, is_drivable, way_speed_kph


def links_of_ways(raw: RawOsm, *, service_roads: bool = False) -> tuple[Links, dict[str, Any]]:
    """Return the drivable links of raw OSM ways, and counts for the provenance.

    A way that refers to nodes outside the extract (clipped) is split there; what is inside is kept.
    Raises CityError when no way is drivable.
    """
    ways = [way for way in raw.ways if is_drivable(way.tags, service_roads=service_roads)]
    refs = np.concatenate([way.refs for way in ways]) if ways else np.empty(0, dtype=np.int64)
    way_of_ref = np.repeat(np.arange(len(ways)), [len(way.refs) for way in ways])
    node, is_known = _node_index(raw.node_id, refs)
    pair = (way_of_ref[1:] == way_of_ref[:-1]) & is_known[1:] & is_known[:-1] & (refs[1:] != refs[:-1])
    first = np.flatnonzero(pair)
    if len(first) == 0:
        raise CityError(f"no drivable road among {len(raw.ways):,} ways")
    links = _links(raw, ways, node[first], node[first + 1], way_of_ref[first])
    clipped = len(np.unique(way_of_ref[~is_known]))
    counts = {"ways": len(raw.ways), "drivable_ways": len(ways), "ways_with_clipped_nodes": clipped}
    return links, counts


def _node_index(
    ids: NDArray[np.int64], refs: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return each ref's position in the ascending ids, and whether it is there."""
    position = np.minimum(np.searchsorted(ids, refs), max(len(ids) - 1, 0))
    is_known = ids[position] == refs if len(ids) else np.zeros(len(refs), dtype=np.bool_)
    return position, is_known


def _links(
    raw: RawOsm,
    ways: list[RawWay],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    way: NDArray[np.int64],
) -> Links:
    """Return one link per segment a-b of a way and direction that its tags allow."""
    allowed = np.array([directions(w.tags) for w in ways])
    names = [w.tags.get("name", "") for w in ways]
    streets = sorted(set(names) - {""})
    number = {name: index for index, name in enumerate(streets)}
    forward, backward = np.flatnonzero(allowed[way, 0]), np.flatnonzero(allowed[way, 1])
    start = np.concatenate([a[forward], b[backward]]).astype(np.int32)
    end = np.concatenate([b[forward], a[backward]]).astype(np.int32)
    of_way = np.concatenate([way[forward], way[backward]])
    ends = np.stack([start, end], axis=1).ravel()
    used, inverse = np.unique(ends, return_inverse=True)
    index = inverse.astype(np.int32).reshape(-1, 2)
    links = Links(
        node_lat=raw.node_lat[used],
        node_lon=raw.node_lon[used],
        start=np.ascontiguousarray(index[:, 0]),
        end=np.ascontiguousarray(index[:, 1]),
        length_m=np.empty(len(start)),
        speed_kph=np.array([way_speed_kph(w.tags) or np.nan for w in ways])[of_way],
        highway=np.array([highway_index(w.tags["highway"]) for w in ways], dtype=np.int8)[of_way],
        is_bridge=np.array([is_bridge(w.tags) for w in ways])[of_way],
        street=np.array([number.get(name, -1) for name in names], dtype=np.int32)[of_way],
        streets=tuple(streets),
        geom_offsets=2 * np.arange(len(start) + 1, dtype=np.int64),
        geom_lat=raw.node_lat[ends],
        geom_lon=raw.node_lon[ends],
    )
    return replace(links, length_m=geometric_length_m(links))
