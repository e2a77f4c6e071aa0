"""The kernels over positions against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from domain.units import haversine_m
from services import positions


def test_nearest_within_is_brute_force_with_ties_by_index() -> None:
    rng = np.random.default_rng(0)
    lat, lon = 49.2 + rng.uniform(-0.1, 0.1, 300), -123.1 + rng.uniform(-0.1, 0.1, 300)
    lat[200:], lon[200:] = lat[:100], lon[:100]
    places = positions.unit_vectors(lat, lon)
    metres = haversine_m(49.2, -123.1, lat, lon)
    expected = [i for i in np.argsort(metres, kind="stable").tolist() if metres[i] <= 6000.0]
    for limit in (0, 1, 7, 60, len(expected), 1000):
        found = positions.nearest_within(49.2, -123.1, places, 6000.0, limit)
        assert found.tolist() == expected[:limit]
    nowhere = positions.unit_vectors(np.empty(0), np.empty(0))
    assert positions.nearest_within(49.2, -123.1, nowhere, 6000.0, 7).tolist() == []


@pytest.mark.parametrize("radius_m", [0.0, 1.0, 3e7])
def test_places_at_one_point_come_by_index(radius_m: float) -> None:
    places = positions.unit_vectors(np.zeros(100), np.zeros(100))
    found = positions.nearest_within(0.0, 0.0, places, radius_m, 30)
    assert found.tolist() == list(range(30))


def test_the_circle_has_no_edge_at_the_180th_meridian_nor_at_a_pole() -> None:
    lat, lon = np.array([0.0, 0.0, 89.99, 89.99]), np.array([179.99, -179.99, 0.0, 180.0])
    places = positions.unit_vectors(lat, lon)
    assert positions.nearest_within(0.0, -179.98, places, 5000.0, 9).tolist() == [1, 0]
    assert positions.nearest_within(89.99, 179.0, places, 5000.0, 9).tolist() == [3, 2]
    assert sorted(positions.nearest_within(89.99, 179.0, places, 3e7, 9).tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("lat", "lon", "is_on"),
    [
        (85.05, 180.0, True),
        (-85.05, -180.0, True),
        (85.06, 0.0, False),
        (0.0, 180.1, False),
        (np.nan, 0.0, False),
        (0.0, np.nan, False),
        (0.0, -np.inf, False),
    ],
)
def test_positions_off_the_map_are_seen(lat: float, lon: float, is_on: bool) -> None:
    assert positions.are_on_the_map(np.array([1.0, lat]), np.array([1.0, lon])) is is_on


def test_after_warming_up_nothing_compiles() -> None:
    positions.warm_up()
    kernels = [positions.are_on_the_map, positions.nearest_within, positions._in_inner_rings]
    before = [len(kernel.signatures) for kernel in kernels]
    frozen = np.arange(12.0, dtype=np.float32)
    frozen.setflags(write=False)
    lat, lon = positions.degrees(frozen[::2]), positions.degrees([1, 2, 3, 4, 5, 6])
    assert positions.degrees(lat) is lat
    assert positions.are_on_the_map(lat, lon)
    assert positions.nearest_within(1.0, 2.0, positions.unit_vectors(lat, lon), 1e7, 3).tolist() == [1, 0, 2]
    assert [len(kernel.signatures) for kernel in kernels] == before
