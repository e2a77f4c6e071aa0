"""GraphML files saved by OSMnx (`osmnx.save_graphml`)."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import ParseError

from domain.errors import CityError
from roads.raw import OSM_LICENCE, RawCity
from roads.sources.extras import require
from roads.sources.graph import links_of_graph

SUFFIXES = (".graphml",)


def read_graphml(path: Path) -> RawCity:
    """Return the roads of a GraphML file; CityError when it is not one that OSMnx could have saved."""
    networkx = require("networkx", f"read {path.name}")
    try:
        graph = networkx.read_graphml(path, force_multigraph=True)
    except (ParseError, networkx.NetworkXError, KeyError, ValueError, OSError) as error:
        raise CityError(f"{path} is not a readable GraphML file: {error}") from error
    crs = str(graph.graph.get("crs", "epsg:4326")).lower()
    if crs != "epsg:4326":
        raise CityError(f"{path} is projected ({crs}): save the unprojected graph (epsg:4326)")
    is_simplified = str(graph.graph.get("simplified", "False")).lower() == "true"
    try:
        links, counts = links_of_graph(
            graph.nodes(data=True), graph.edges(data=True), is_simplified=is_simplified
        )
    except CityError as error:
        raise CityError(f"{path}: {error}") from error
    return RawCity(roads=links, provenance={"source_kind": "osmnx graphml", **OSM_LICENCE, **counts})
