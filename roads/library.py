"""Open a city by what the user calls it, compiling a road source once and keeping the result in a cache."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs

from domain.errors import CityError
from roads.city import SUFFIX, City
from roads.importing import (
    BUILTIN,
    BUILTIN_CITIES,
    IMPORTER_VERSION,
    PLACE,
    SOURCE_SUFFIXES,
    checked_file,
    default_name,
    file_digest,
    import_city,
)
from roads.sources import matsim, node_link

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class CityEntry:
    """A city that can be opened: `spec` is what to ask for, `kind` builtin, source or compiled."""

    spec: str
    kind: str


def default_cache_dir() -> Path:
    """Return the folder of compiled cities: DISPATCHLAB_CACHE, else the user's cache folder."""
    chosen = os.environ.get("DISPATCHLAB_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("dispatchlab"))


def open_city(
    spec: str,
    *,
    data_dir: Path | None = None,
    cache_dir: Path | None = None,
    pois: str | None = None,
    crs: str | None = None,
    service_roads: bool = False,
    name: str | None = None,
    progress: Progress | None = None,
) -> City:
    """Return the city that `spec` names.

    `spec`: ``builtin:riverton``, ``place:...``, a `.city` file, or a road source; files (`pois` too) are
    absolute, relative to the working folder, or relative to `data_dir`. Sources are compiled once and kept
    in `cache_dir` by content, importer version and options; when that folder cannot be written, the city is
    returned all the same, `progress` is told and the provenance records a warning. Raises CityError when
    the source cannot be used.
    """
    tell = progress or _silent
    cache = (cache_dir or default_cache_dir()) / "cities"
    if not spec.startswith((BUILTIN, PLACE)):
        path = _find(spec, data_dir)
        if path.suffix == SUFFIX:
            return _named(City.load(path), name)
        spec = str(checked_file(path, SOURCE_SUFFIXES))
    pois = str(_find(pois, data_dir)) if pois is not None else None
    options = {"pois": pois, "crs": crs, "service_roads": service_roads}
    compiled = cache / f"{_slug(default_name(spec))}-{_key(spec, options)}{SUFFIX}"
    if compiled.exists():
        try:
            return _named(City.load(compiled), name)
        except CityError as error:
            tell(f"{error}")
    tell(f"importing {spec} (once)")
    city = import_city(
        spec, pois=pois, crs=crs, service_roads=service_roads, download_dir=cache.parent / "downloads"
    )
    try:
        city.save(compiled)
    except CityError as error:
        warning = f"not cached: {error}"
        tell(warning)
        city = city.with_warning(warning)
    return _named(city, name)


def is_at_hand(spec: str, *, data_dir: Path | None = None) -> bool:
    """Tell whether `spec` names an existing file, a built-in city, or a place (which may need a network)."""
    return spec.startswith((BUILTIN, PLACE)) or _find(spec, data_dir).exists()


def list_cities(*, data_dir: Path | None = None, cache_dir: Path | None = None) -> list[CityEntry]:
    """Return the cities at hand: built-in, road sources below `data_dir`, compiled files in the cache."""
    entries = [CityEntry(spec=f"{BUILTIN}{name}", kind="builtin") for name in sorted(BUILTIN_CITIES)]
    if data_dir is not None and data_dir.is_dir():
        files = sorted(path for path in data_dir.rglob("*") if _may_be_roads(path))
        entries += [CityEntry(spec=str(path.relative_to(data_dir)), kind="source") for path in files]
    cache = (cache_dir or default_cache_dir()) / "cities"
    if cache.is_dir():
        entries += [CityEntry(spec=str(path), kind="compiled") for path in sorted(cache.glob(f"*{SUFFIX}"))]
    return entries


def _may_be_roads(path: Path) -> bool:
    """Return whether the suffix, and for JSON and XML the first bytes, are those of a road source."""
    name = path.name.lower()
    if not name.endswith(SOURCE_SUFFIXES) or not path.is_file():
        return False
    if not name.endswith((*matsim.SUFFIXES, *node_link.SUFFIXES)):
        return True
    opener = gzip.open if name.endswith(".gz") else open
    try:
        with opener(path, "rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return any(mark in head for mark in (b"<network", b'"directed"', b'"nodes"', b'"links"'))


def _find(spec: str, data_dir: Path | None) -> Path:
    """Return the file that `spec` names, preferring the working folder to the data folder."""
    path = Path(spec).expanduser()
    if path.is_absolute() or path.exists() or data_dir is None:
        return path
    return data_dir / path


def _key(spec: str, options: dict[str, str | bool | None]) -> str:
    """Return a short hash of everything that the compiled city depends on."""
    contents = [spec if spec.startswith((BUILTIN, PLACE)) else file_digest(Path(spec))]
    pois = options["pois"]
    if isinstance(pois, str):
        contents.append(file_digest(checked_file(Path(pois), SOURCE_SUFFIXES)))
    plain = {key: value for key, value in options.items() if key != "pois"}
    text = json.dumps([IMPORTER_VERSION, contents, plain], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _named(city: City, name: str | None) -> City:
    return city if name is None else replace(city, name=name)


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name.lower())


def _silent(_: str) -> None:
    """Tell nobody."""
