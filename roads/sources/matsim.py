"""MATSim networks (`network.xml`, `.xml.gz`): projected coordinates, free speeds in metres per second."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from domain.errors import CityError
from domain.units import haversine_m
from roads.links import Links
from roads.raw import OSM_LICENCE, RawCity
from roads.sources.extras import require
from roads.tags import highway_index

SUFFIXES = (".xml", ".xml.gz")
METRES_PER_FOOT = 0.3048
_TOLERANCE = 0.1


def read_matsim(path: Path, *, crs: str | None = None) -> RawCity:
    """Return the car links of a MATSim network; `crs` overrides the one that the file names.

    Lengths are compared with the distance between their ends: when the typical ratio says feet, they are
    converted and the provenance says so. Free speeds are metres per second by MATSim's own convention.
    Raises CityError when the file is corrupt or the coordinate system is unknown.
    """
    root = _parse(path)
    nodes = root.findall("nodes/node")
    links = [link for link in root.iterfind("links/link") if "car" in link.get("modes", "car").split(",")]
    if root.tag != "network" or not nodes or not links:
        raise CityError(f"{path} is not a MATSim network with car links")
    named = root.find("attributes/attribute[@name='coordinateReferenceSystem']")
    system = crs or (named.text if named is not None else None) or ""
    lat, lon = _degrees(path, nodes, system)
    roads, warnings = _links(path, nodes, links, lat, lon)
    provenance = {"source_kind": "matsim network", "crs": system, **OSM_LICENCE, "warnings": warnings}
    return RawCity(roads=roads, provenance=provenance)


def _parse(path: Path) -> Any:
    try:
        data = path.read_bytes()
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        return ElementTree.fromstring(text)
    except (OSError, EOFError, zlib.error, ElementTree.ParseError) as error:
        raise CityError(f"{path} is not readable XML (truncated or corrupt?): {error}") from error


def _numbers(path: Path, things: list[Any], name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return one numeric attribute of nodes or links."""
    try:
        return np.array([float(thing.get(name)) for thing in things])
    except (TypeError, ValueError) as error:
        raise CityError(f"{path}: a node or link has no number as its {name}") from error


def _degrees(path: Path, nodes: list[Any], crs: str) -> tuple[Any, Any]:
    """Return the nodes' latitudes and longitudes."""
    pyproj = require("pyproj", f"read {path.name}")
    try:
        transformer = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    except pyproj.exceptions.CRSError as error:
        raise CityError(
            f"{path} names the coordinate system {crs!r}, which is none: give crs, such as EPSG:26743"
        ) from error
    x, y = _numbers(path, nodes, "x"), _numbers(path, nodes, "y")
    lon, lat = transformer.transform(x, y)
    if not (np.isfinite(lat).all() and np.isfinite(lon).all()):
        raise CityError(f"{path}: coordinates are outside {crs}: is it the right crs?")
    return lat, lon


def _links(path: Path, nodes: list[Any], links: list[Any], lat: Any, lon: Any) -> tuple[Links, list[str]]:
    number = {node.get("id"): index for index, node in enumerate(nodes)}
    try:
        start = np.array([number[link.get("from")] for link in links], dtype=np.int32)
        end = np.array([number[link.get("to")] for link in links], dtype=np.int32)
    except KeyError as error:
        raise CityError(f"{path}: a link names node {error}, which is not there") from error
    length, speed = _numbers(path, links, "length"), _numbers(path, links, "freespeed")
    straight = haversine_m(lat[start], lon[start], lat[end], lon[end])
    length, warnings = _in_metres(path, length, straight)
    tags = [{a.get("name"): a.text or "" for a in link.iterfind("attributes/attribute")} for link in links]
    names = [tag.get("osm:way:name", "") for tag in tags]
    streets = sorted(set(names) - {""})
    street_number = {street: index for index, street in enumerate(streets)}
    ends = np.stack([start, end], axis=1).ravel()
    roads = Links(
        node_lat=lat,
        node_lon=lon,
        start=start,
        end=end,
        length_m=np.maximum(length, straight),
        speed_kph=np.where(speed > 0.0, speed * 3.6, np.nan),
        highway=np.array([highway_index(t.get("osm:way:highway", "")) for t in tags], dtype=np.int8),
        is_bridge=np.zeros(len(links), dtype=np.bool_),
        street=np.array([street_number.get(name, -1) for name in names], dtype=np.int32),
        streets=tuple(streets),
        geom_offsets=2 * np.arange(len(links) + 1, dtype=np.int64),
        geom_lat=lat[ends],
        geom_lon=lon[ends],
    )
    return roads, warnings


def _in_metres(path: Path, length: Any, straight: Any) -> tuple[Any, list[str]]:
    """Return lengths in metres: the median of length over straight distance tells metres from feet."""
    ratio = float(np.median(length[straight > 1.0] / straight[straight > 1.0]))
    if abs(ratio * METRES_PER_FOOT - 1.0) < _TOLERANCE:
        return length * METRES_PER_FOOT, ["link lengths are in feet: converted to metres"]
    if abs(ratio - 1.0) < _TOLERANCE * 3:
        return length, []
    raise CityError(
        f"{path}: link lengths are {ratio:.2f} x the distance of their ends, neither metres nor feet"
    )
