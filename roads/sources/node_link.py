"""Node-link JSON as older OSMnx and networkx wrote it: a list of nodes and a list of links."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from domain.errors import CityError
from roads.raw import OSM_LICENCE, RawCity
from roads.sources.graph import links_of_graph

SUFFIXES = (".json",)


def read_node_link(path: Path) -> RawCity:
    """Return the roads of a node-link JSON file; CityError when it is truncated or something else."""
    data = _load(path)
    crs = str(data.get("graph", {}).get("crs", "epsg:4326")).lower()
    if crs != "epsg:4326":
        raise CityError(f"{path} is projected ({crs}): the unprojected graph (epsg:4326) is needed")
    links: list[Any] = data["links"] if "links" in data else data["edges"]
    is_simplified = bool(data["graph"].get("simplified", False)) if "graph" in data else False
    try:
        roads, counts = links_of_graph(
            ((node["id"], node) for node in data["nodes"]),
            ((link["source"], link["target"], link) for link in links),
            is_simplified=is_simplified,
        )
    except (KeyError, TypeError) as error:
        raise CityError(f"{path}: a node or link lacks {error}") from error
    except CityError as error:
        raise CityError(f"{path}: {error}") from error
    return RawCity(roads=roads, provenance={"source_kind": "osmnx node-link json", **OSM_LICENCE, **counts})


def _load(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CityError(f"{path} is not readable JSON (truncated?): {error}") from error
    has_links = isinstance(data, dict) and isinstance(data.get("links", data.get("edges")), list)
    if not has_links or not isinstance(data.get("nodes"), list):
        raise CityError(f"{path} is JSON, but not a node-link road graph (it needs nodes and links)")
    return dict(data)
