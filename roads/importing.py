"""`import_city`: one verb for every kind of road source."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from domain.errors import CityError, UnknownNameError
from roads.city import SUFFIX, City
from roads.compiling import compile_city
from roads.raw import RawCity
from roads.sources import builtin, graphml, matsim, node_link, osm_file

IMPORTER_VERSION = 1
BUILTIN = "builtin:"
PLACE = "place:"
BUILTIN_CITIES = {"riverton": builtin.read_builtin}
SOURCE_SUFFIXES = (*osm_file.SUFFIXES, *graphml.SUFFIXES, *node_link.SUFFIXES, *matsim.SUFFIXES)


def import_city(
    source: Path | str,
    *,
    name: str | None = None,
    pois: Path | str | None = None,
    crs: str | None = None,
    service_roads: bool = False,
    download_dir: Path | str | None = None,
) -> City:
    """Return the compiled city of a road source.

    `source`: ``builtin:riverton``; a file (`.osm.pbf`, `.osm`, `.osm.bz2`, `.osm.gz`, OSMnx `.graphml`,
    node-link `.json`, MATSim `.xml` or `.xml.gz`); or ``place:Piedmont, California, USA``, downloaded into
    `download_dir`. `pois`: a second OSM extract whose restaurants and homes replace the source's. `crs`: a
    MATSim network's coordinate system. Raises CityError, in one line, when any of them cannot be used.
    """
    began = time.perf_counter()
    text = str(source)
    raw, label, digest = _read(text, crs, service_roads, download_dir)
    record: dict[str, object] = {"source": label, "sha256": digest, "importer_version": IMPORTER_VERSION}
    if pois is not None:
        path = checked_file(Path(pois), osm_file.SUFFIXES)
        raw = replace(raw, places=osm_file.read_osm_places(path))
        record |= {"pois_source": path.name, "pois_sha256": file_digest(path)}
    raw = replace(raw, provenance={**raw.provenance, **record, "service_roads": service_roads})
    try:
        city = compile_city(raw, name=name or default_name(text), service_roads=service_roads)
    except CityError as error:
        raise CityError(f"{text}: {error}") from error
    seconds = round(time.perf_counter() - began, 3)
    return replace(city, provenance={**city.provenance, "import_seconds": seconds})


def default_name(source: str) -> str:
    """Return a city name for a source: the last part without its suffixes."""
    for prefix in (BUILTIN, PLACE):
        if source.startswith(prefix):
            return source.removeprefix(prefix).split(",")[0].strip()
    return Path(source).name.split(".")[0]


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked_file(path: Path, suffixes: tuple[str, ...]) -> Path:
    """Return the path if it is a non-empty file with such a suffix; else CityError says what is near."""
    if not path.exists():
        folder = path.parent
        names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        near = get_close_matches(path.name, names, n=1, cutoff=0.4)
        hint = f"; did you mean {folder / near[0]}?" if near else ""
        raise CityError(f"no road source {path}{hint}")
    if path.is_dir():
        raise CityError(f"{path} is a folder; a road source is a file ({', '.join(suffixes)})")
    if not path.name.lower().endswith(suffixes):
        near = get_close_matches("".join(path.suffixes).lower(), suffixes, n=1, cutoff=0.3)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise CityError(f"{path} has no suffix of a road source ({', '.join(suffixes)}){hint}")
    if path.stat().st_size == 0:
        raise CityError(f"{path} is empty")
    return path


def _read(
    source: str, crs: str | None, service_roads: bool, download_dir: Path | str | None
) -> tuple[RawCity, str, str]:
    """Return the raw city, the source's name for the record, and its digest."""
    if source.startswith(BUILTIN):
        known = source.removeprefix(BUILTIN)
        if known not in BUILTIN_CITIES:
            raise UnknownNameError("built-in city", known, BUILTIN_CITIES)
        raw = BUILTIN_CITIES[known]()
        return raw, source, hashlib.sha256(str(raw.provenance["source"]).encode()).hexdigest()
    if source.startswith(PLACE):
        from roads.sources.place import read_place

        if download_dir is None:
            raise CityError(f"{source}: a download needs a folder (download_dir)")
        wanted = source.removeprefix(PLACE)
        raw = read_place(wanted, cache_dir=Path(download_dir), service_roads=service_roads)
        return raw, source, hashlib.sha256(source.encode()).hexdigest()
    path = Path(source)
    if path.suffix == SUFFIX:
        raise CityError(f"{path} is compiled already: load it with City.load")
    path = checked_file(path, SOURCE_SUFFIXES)
    return _read_file(path, crs), path.name, file_digest(path)


def _read_file(path: Path, crs: str | None) -> RawCity:
    name = path.name.lower()
    if name.endswith(osm_file.SUFFIXES):
        return osm_file.read_osm(path)
    if name.endswith(graphml.SUFFIXES):
        return graphml.read_graphml(path)
    if name.endswith(node_link.SUFFIXES):
        return node_link.read_node_link(path)
    return matsim.read_matsim(path, crs=crs)
