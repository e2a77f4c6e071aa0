"""OpenStreetMap extracts: `.osm.pbf`, `.osm`, `.osm.bz2`, `.osm.gz`, read by pyosmium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import CityError
from roads.raw import OSM_LICENCE, RawCity, RawOsm, RawPlace, RawWay
from roads.sources.extras import require

SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.bz2", ".osm.gz")
PLACE_KEYS = ("amenity", "building", "addr:housenumber")
_SPEED_KEYS = ("maxspeed", "maxspeed:forward", "maxspeed:backward", "zone:maxspeed", "maxspeed:type")
_USE_KEYS = ("area", "access", "motor_vehicle", "motorcar", "service", "oneway", "junction")
_WAY_KEYS = ("highway", "name", "bridge", *_USE_KEYS, *_SPEED_KEYS)
_PLACE_TAGS = (*PLACE_KEYS, "name", "cuisine", "building:levels", "shop", "office")


def read_osm(path: Path) -> RawCity:
    """Return the roads and places of an extract.

    Ways that refer to nodes outside the extract keep those references (the import splits the way there).
    Raises CityError when the file is truncated, corrupt or holds no roads.
    """
    reader = _Reader()
    reader.read(path, ("highway", *PLACE_KEYS))
    if not reader.ways:
        raise CityError(f"{path} holds no roads (no way with a highway tag)")
    provenance = {"source_kind": "osm extract", **OSM_LICENCE}
    return RawCity(roads=reader.roads(), places=reader.places, provenance=provenance)


def read_osm_places(path: Path) -> list[RawPlace]:
    """Return the restaurants, buildings and addresses of an extract; CityError when it has none."""
    reader = _Reader()
    reader.read(path, PLACE_KEYS)
    if not reader.places:
        raise CityError(f"{path} holds no restaurants, buildings or addresses")
    return reader.places


class _Reader:
    """Collects ways and places of one file."""

    def __init__(self) -> None:
        self.ways: list[RawWay] = []
        self.places: list[RawPlace] = []
        self._located: dict[int, tuple[float, float]] = {}

    def read(self, path: Path, keys: tuple[str, ...]) -> None:
        osmium = require("osmium", f"read {path.name}")
        try:
            processor = osmium.FileProcessor(str(path)).with_locations()
            processor.with_filter(osmium.filter.KeyFilter(*keys))
            for thing in processor:
                if thing.is_node():
                    self._node(thing)
                elif thing.is_way():
                    self._way(thing)
        except (RuntimeError, ValueError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise CityError(
                f"{path} cannot be read as an OSM extract (truncated or corrupt?): {reason}"
            ) from error

    def _node(self, node: Any) -> None:
        if any(key in node.tags for key in PLACE_KEYS):
            self._place(node.tags, node.location.lat, node.location.lon)

    def _way(self, way: Any) -> None:
        if "highway" in way.tags:
            self._road(way)
        elif any(key in way.tags for key in PLACE_KEYS):
            points = [(n.location.lat, n.location.lon) for n in way.nodes if n.location.valid()]
            ring = points[:-1] if len(points) > 1 and points[0] == points[-1] else points
            if ring:
                lat, lon = np.mean(ring, axis=0)
                self._place(way.tags, float(lat), float(lon))

    def _road(self, way: Any) -> None:
        refs = []
        for node in way.nodes:
            refs.append(node.ref)
            if node.ref not in self._located and node.location.valid():
                self._located[node.ref] = (node.location.lat, node.location.lon)
        self.ways.append(RawWay(tags=_some(way.tags, _WAY_KEYS), refs=np.array(refs, dtype=np.int64)))

    def _place(self, tags: Any, lat: float, lon: float) -> None:
        self.places.append(RawPlace(tags=_some(tags, _PLACE_TAGS), lat=lat, lon=lon))

    def roads(self) -> RawOsm:
        """Return the ways with the nodes that are in the file."""
        ids = np.fromiter(self._located, dtype=np.int64, count=len(self._located))
        points = np.array(list(self._located.values()), dtype=np.float64).reshape(-1, 2)
        order = np.argsort(ids)
        return RawOsm(
            node_id=ids[order], node_lat=points[order, 0], node_lon=points[order, 1], ways=self.ways
        )


def _some(tags: Any, keys: tuple[str, ...]) -> dict[str, str]:
    return {key: tags[key] for key in keys if key in tags}
