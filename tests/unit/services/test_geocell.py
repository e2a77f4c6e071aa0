"""Geohash cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.units import haversine_m
from services.geocell import cell_of, cells_near, metres_between

LATS = st.floats(-89.9, 89.9)
LONS = st.floats(-180.0, 180.0)


@pytest.mark.parametrize(
    ("lat", "lon", "name"),
    [
        (57.64911, 10.40744, "u4pru"),  # the example of Niemeyer's page
        (42.605, -5.603, "ezs42"),
        (0.0, 0.0, "s0000"),
        (-90.0, -180.0, "00000"),
        (90.0, 180.0, "zzzzz"),
    ],
)
def test_names_are_geohashes(lat: float, lon: float, name: str) -> None:
    assert cell_of(lat, lon).name == name


@given(LATS, LONS)
def test_a_point_lies_within_the_reach_of_its_cell(lat: float, lon: float) -> None:
    cell = cell_of(lat, lon)
    assert haversine_m(lat, lon, cell.lat, cell.lon) <= cell.reach_m + 1e-6


@given(LATS, LONS, st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.floats(100.0, 20_000.0))
def test_cells_near_a_point_hold_every_point_in_range(
    lat: float, lon: float, dlat: float, dlon: float, radius_m: float
) -> None:
    lat2 = min(max(lat + dlat, -90.0), 90.0)
    lon2 = (lon + dlon + 180.0) % 360.0 - 180.0
    if abs(lat) < 80.0 and haversine_m(lat, lon, lat2, lon2) <= radius_m:
        assert cell_of(lat2, lon2).name in cells_near(lat, lon, radius_m)


@given(LATS, LONS, LATS, LONS)
def test_the_fast_distance_is_the_distance(lat1: float, lon1: float, lat2: float, lon2: float) -> None:
    expected = float(haversine_m(lat1, lon1, lat2, lon2))
    assert metres_between(lat1, lon1, lat2, lon2) == pytest.approx(expected, rel=1e-7, abs=1e-3)
