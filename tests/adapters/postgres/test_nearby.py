"""Restaurants near a point are the same, in the same order, as in memory: with PostGIS and without."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from adapters.memory import MemoryCatalog
from domain.catalog import Restaurant
from domain.units import haversine_m
from services.drive import drive
from tests.contract.stores.backend import Backend
from tests.contract.stores.on_postgres import BUILDERS

PLACES = {
    "a city": (49.2, -123.1),
    "the date line": (-17.0, 179.99),
    "the far north": (89.98, 10.0),
    "the origin": (0.0, 0.0),
}


@pytest.fixture(params=["postgis", "postgres-plain"])
def catalogs(request: pytest.FixtureRequest) -> Iterator[Backend]:
    yield from BUILDERS[request.param]()


def restaurants(lat: float, lon: float, rng: np.random.Generator) -> list[Restaurant]:
    """Two hundred around a point, many of them under one roof, some closed."""
    lats = np.clip(lat + rng.choice([-0.01, 0.0, 0.004], 200) + rng.normal(0.0, 0.02, 200).round(2), -90, 90)
    lons = lon + rng.normal(0.0, 0.02, 200).round(2) / max(np.cos(np.radians(lat)), 1e-3)
    lons = (lons + 180.0) % 360.0 - 180.0
    return [
        Restaurant(
            id=int(number),
            name=f"r{number}",
            cuisine="thai",
            lat=float(lats[i]),
            lon=float(lons[i]),
            prep_time_s=600.0,
            is_open=bool(rng.random() < 0.9),
        )
        for i, number in enumerate(rng.permutation(200))
    ]


@pytest.mark.parametrize("place", PLACES)
def test_searches_find_what_they_find_in_memory(catalogs: Backend, place: str) -> None:
    rng = np.random.default_rng(len(place))
    lat, lon = PLACES[place]
    known, memory = restaurants(lat, lon, rng), MemoryCatalog()
    drive(memory.add(known, []))
    catalogs.run(catalogs.stores.catalog.add(known, []))
    found = 0
    for _ in range(60):
        at = known[int(rng.integers(200))]
        far = known[int(rng.integers(200))]
        radius_m = float(haversine_m(at.lat, at.lon, far.lat, far.lon)) * rng.choice([1.0, 0.7])
        limit = int(rng.choice([1, 5, 20, 300]))
        expected = drive(memory.nearby(at.lat, at.lon, radius_m=radius_m, limit=limit))
        ours = catalogs.run(catalogs.stores.catalog.nearby(at.lat, at.lon, radius_m=radius_m, limit=limit))
        assert ours == expected
        found += len(expected)
    assert found > 300


def test_no_radius_is_too_large(catalogs: Backend) -> None:
    known = restaurants(49.2, -123.1, np.random.default_rng(1))
    catalogs.run(catalogs.stores.catalog.add(known, []))
    found = catalogs.run(catalogs.stores.catalog.nearby(-49.2, 56.9, radius_m=1e9, limit=1000))
    assert {one.id for one in found} == {one.id for one in known if one.is_open}
