"""Opens the cities of markets; where a city's files are missing, the one that stands in."""

from __future__ import annotations

from typing import Any

from domain.errors import CityError
from domain.spec import MarketSpec
from lab.listeners import Tell
from roads.city import City
from roads.library import is_at_hand, open_city
from scenarios import data_dir


def open_market_city(market: MarketSpec, tell: Tell | None) -> City | None:
    """Return the market's city; None where a trace is replayed on straight lines."""
    if market.trace is not None and market.trace.geography == "detour":
        return None
    spec = market.city
    missing = [
        path for path in (spec.source, spec.pois) if path and not is_at_hand(path, data_dir=data_dir())
    ]
    if not missing or spec.fallback is None:
        return open_known_city(spec.source, pois=spec.pois, crs=spec.crs, progress=tell)
    note = f"{market.name}: {missing[0]} is not in the data folder {data_dir()}; {spec.fallback} stands in"
    if tell is not None:
        tell(note)
    return open_known_city(spec.fallback, progress=tell).with_warning(note)


def open_known_city(source: str, **options: Any) -> City:
    """Return a city of the library or the data folder; options are those of `roads.library.open_city`."""
    try:
        return open_city(source, data_dir=data_dir(), **options)
    except CityError as error:
        if data_dir().is_dir():
            raise
        raise CityError(f"{error}; there is no folder {data_dir()}: set DISPATCHLAB_DATA") from None
