"""A place by name, downloaded from OpenStreetMap through OSMnx (responses are cached in a folder)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from domain.errors import CityError
from roads.raw import OSM_LICENCE, RawCity, RawPlace
from roads.sources.extras import require
from roads.sources.graph import links_of_graph
from roads.sources.osm_file import PLACE_KEYS


def read_place(name: str, *, cache_dir: Path, service_roads: bool = False) -> RawCity:
    """Return roads, restaurants and buildings of a place such as ``Piedmont, California, USA``.

    Raises CityError when the place is unknown or the network is out of reach.
    """
    osmnx = require("osmnx", f"download {name!r}")
    osmnx.settings.use_cache = True
    osmnx.settings.cache_folder = str(cache_dir / "osmnx")
    try:
        network = "drive_service" if service_roads else "drive"
        graph = osmnx.graph_from_place(name, network_type=network, simplify=True, retain_all=True)
        features = osmnx.features_from_place(name, tags=dict.fromkeys(PLACE_KEYS, True))
    except Exception as error:  # OSMnx raises requests', urllib3's and its own errors
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CityError(f"cannot download {name!r} from OpenStreetMap: {reason[:200]}") from error
    links, counts = links_of_graph(graph.nodes(data=True), graph.edges(data=True), is_simplified=True)
    provenance = {"source_kind": "openstreetmap by place name", **OSM_LICENCE, **counts}
    return RawCity(roads=links, places=_places(features), provenance=provenance)


def _places(features: Any) -> list[RawPlace]:
    """Return OSMnx's features as places at their centroids."""
    places = []
    columns = [column for column in features.columns if column != "geometry"]
    points = features.geometry.representative_point()
    for row, lat, lon in zip(features[columns].to_dict("records"), points.y, points.x, strict=True):
        tags = {str(key): value for key, value in row.items() if isinstance(value, str)}
        places.append(RawPlace(tags=tags, lat=float(lat), lon=float(lon)))
    return places
