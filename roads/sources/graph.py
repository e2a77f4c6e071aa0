"""From an OSMnx graph (any version) to links: shared by the GraphML, node-link and place-name sources."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from domain.errors import CityError
from roads.links import Links, geometric_length_m
from roads.tags import highway_index, speed_kph

Attributes = Mapping[str, Any]


def links_of_graph(
    nodes: Iterable[tuple[Any, Attributes]],
    edges: Iterable[tuple[Any, Any, Attributes]],
    *,
    is_simplified: bool,
) -> tuple[Links, dict[str, Any]]:
    """Return the links of a graph's nodes (``x``, ``y``) and directed edges, and counts to record.

    Understands `highway`, `name`, `bridge`, `maxspeed` (lists too: the first, or their mean), `speed_kph`
    and OSMnx 0's `speed_kmph`, `length` (metres) and `geometry` (WKT or shapely). Edges that name a node
    outside the graph (clipped) are dropped and counted. Raises CityError when a node lacks a position or no
    edge is left.
    """
    position: dict[Any, tuple[float, float]] = {}
    for node, attributes in nodes:
        try:
            position[node] = float(attributes["y"]), float(attributes["x"])
        except (KeyError, TypeError, ValueError) as error:
            raise CityError(f"node {node} of the graph has no position (y, x)") from error
    number = {node: index for index, node in enumerate(position)}
    listed = list(edges)
    rows = [_Row(a, b, attributes, position) for a, b, attributes in listed if a in number and b in number]
    if not rows:
        raise CityError("the graph has no edges")
    clipped = len(listed) - len(rows)
    warnings = [f"{clipped} edges name nodes that are not there: dropped"] if clipped else []
    links = _links(rows, number, np.array(list(position.values())), is_simplified)
    counts = {"graph_nodes": len(position), "graph_edges": len(listed), "warnings": warnings}
    return links, counts


class _Row:
    """One edge, parsed."""

    def __init__(
        self, a: Any, b: Any, attributes: Attributes, position: dict[Any, tuple[float, float]]
    ) -> None:
        self.ends = a, b
        self.highway = highway_index(_first(attributes.get("highway"), "unclassified"))
        self.street = _first(attributes.get("name"), "")
        self.is_bridge = _first(attributes.get("bridge"), "no") not in ("no", "")
        self.kph = _speed(attributes)
        self.length_m = float(attributes.get("length", "nan"))
        self.points = _points(attributes.get("geometry"), position[a], position[b])


def _links(
    rows: list[_Row], number: dict[Any, int], positions: np.ndarray[Any, Any], is_simplified: bool
) -> Links:
    streets = sorted({row.street for row in rows} - {""})
    street_number = {street: index for index, street in enumerate(streets)}
    points = np.concatenate([row.points for row in rows])
    links = Links(
        node_lat=positions[:, 0],
        node_lon=positions[:, 1],
        start=np.array([number[row.ends[0]] for row in rows], dtype=np.int32),
        end=np.array([number[row.ends[1]] for row in rows], dtype=np.int32),
        length_m=np.array([row.length_m for row in rows]),
        speed_kph=np.array([row.kph for row in rows]),
        highway=np.array([row.highway for row in rows], dtype=np.int8),
        is_bridge=np.array([row.is_bridge for row in rows]),
        street=np.array([street_number.get(row.street, -1) for row in rows], dtype=np.int32),
        streets=tuple(streets),
        geom_offsets=np.concatenate([[0], np.cumsum([len(row.points) for row in rows])]).astype(np.int64),
        geom_lat=points[:, 0],
        geom_lon=points[:, 1],
        is_simplified=is_simplified,
    )
    length = np.where(np.isfinite(links.length_m), links.length_m, geometric_length_m(links))
    return replace(links, length_m=length)


def _values(value: Any) -> list[str]:
    """Return an attribute's values as texts: GraphML stores a list as its Python text."""
    if value is None:
        return []
    if isinstance(value, str) and value.startswith("["):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            return [str(value)]
    if isinstance(value, list | tuple | set):
        return [str(item) for item in value]
    return [str(value)]


def _first(value: Any, default: str) -> str:
    values = _values(value)
    return values[0] if values else default


def _speed(attributes: Attributes) -> float:
    """Return the edge's speed in kph, NaN when it has none."""
    for key in ("maxspeed", "speed_kph", "speed_kmph"):
        speeds = [kph for text in _values(attributes.get(key)) if (kph := speed_kph(text)) is not None]
        if speeds:
            return sum(speeds) / len(speeds)
    return float("nan")


def _points(
    geometry: Any, start: tuple[float, float], end: tuple[float, float]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the polyline as (lat, lon) rows from the start node to the end node."""
    if geometry is None or geometry == "":
        return np.array([start, end])
    line = shapely.from_wkt(geometry) if isinstance(geometry, str) else geometry
    points: np.ndarray[Any, np.dtype[np.float64]] = shapely.get_coordinates(line)[:, ::-1].copy()
    points[0], points[-1] = start, end
    return points
