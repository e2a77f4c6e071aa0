"""Snapping, polylines, distances without roads, homes and restaurants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.units import haversine_m
from domain.vehicles import Vehicle
from roads.city import City
from roads.detour_times import DetourTimes
from roads.geometry import path_length_m, polyline, write_polyline
from roads.pois import home_weight
from roads.road_times import RoadTimes
from roads.snap import Snapper


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 300), squash=st.sampled_from([0.0, 1e-3, 1.0]))
def test_snapping_finds_the_nearest_of_all(seed: int, count: int, squash: float) -> None:
    rng = np.random.default_rng(seed)
    lat, lon = 41.0 + 0.1 * rng.random(count), -8.0 + 0.1 * squash * rng.random(count)
    snapper = Snapper(lat, lon)
    plat, plon = 41.0 + 0.3 * rng.random(50) - 0.1, -8.0 + 0.3 * rng.random(50) - 0.1
    found, metres = snapper.nearest_with_distance(plat, plon)
    x, y = (lon - lon.mean()) * np.cos(np.radians((lat.min() + lat.max()) / 2)), lat
    px, py = (plon - lon.mean()) * np.cos(np.radians((lat.min() + lat.max()) / 2)), plat
    distance = np.hypot(px[:, None] - x, py[:, None] - y)
    np.testing.assert_allclose(distance[np.arange(50), found], distance.min(axis=1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(metres, distance.min(axis=1) * np.radians(1.0) * 6_372_797.560856, rtol=1e-6)


def test_a_node_snaps_to_itself_and_ties_to_the_lowest(riverton: City) -> None:
    found = Snapper.of(riverton).nearest(riverton.node_lat, riverton.node_lon)
    np.testing.assert_array_equal(found, np.arange(riverton.node_count))
    twins = Snapper(np.array([1.0, 1.0, 1.0]), np.array([2.0, 2.0, 2.0]))
    assert twins.nearest(np.array([1.0]), np.array([2.0])).tolist() == [0]


def test_within_a_radius(riverton: City) -> None:
    lat, lon = riverton.centre
    near = Snapper.of(riverton).within(lat, lon, 500.0)
    metres = haversine_m(lat, lon, riverton.node_lat, riverton.node_lon)
    assert set(near) == set(np.flatnonzero(metres <= 500.0))


def test_snapping_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="no nodes"):
        Snapper(np.empty(0), np.empty(0))
    snapper = Snapper(np.array([1.0]), np.array([2.0]))
    with pytest.raises(ValueError, match="finite"):
        snapper.nearest(np.array([np.nan]), np.array([2.0]))
    assert snapper.nearest(np.empty(0), np.empty(0)).shape == (0,)


def test_a_polyline_follows_the_road(riverton: City) -> None:
    times = RoadTimes(riverton)
    path = times.path(0, riverton.node_count - 1, at_s=0.0)
    lat, lon, t_s = polyline(riverton, path)
    metres = haversine_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    assert metres.sum() == pytest.approx(path_length_m(riverton, path), rel=1e-4)
    assert len(lat) > len(path.nodes)
    ends = np.concatenate([[0.0], np.cumsum(path.seconds)])
    for node, end in zip(path.nodes, ends, strict=True):
        at = np.argmin(np.abs(lat - riverton.node_lat[node]) + np.abs(lon - riverton.node_lon[node]))
        assert t_s[at] == pytest.approx(end, abs=1e-6)


def test_a_polyline_to_itself_is_one_point(riverton: City) -> None:
    path = RoadTimes(riverton).path(4, 4, at_s=0.0)
    lat, lon, t_s = polyline(riverton, path)
    assert (lat.tolist(), lon.tolist(), t_s.tolist()) == (
        [riverton.node_lat[4]],
        [riverton.node_lon[4]],
        [0.0],
    )
    assert path_length_m(riverton, path) == 0.0


def test_a_polyline_is_written_where_there_is_room(riverton: City) -> None:
    path = RoadTimes(riverton).path(0, riverton.node_count - 1, at_s=0.0)
    line = polyline(riverton, path)
    points = np.full((line.shape[1] + 2, 3), -1.0)
    end, seconds, length_m = write_polyline(riverton, path, points, first=2, at_s=60.0)
    assert length_m == path_length_m(riverton, path)
    assert (end, seconds) == (len(points), line[2, -1])
    np.testing.assert_array_equal(points[2:, :2], line[:2].T)
    np.testing.assert_array_equal(points[2:, 2], line[2] + 60.0)
    assert (points[:2] == -1.0).all()

    points[:] = -1.0
    assert write_polyline(riverton, path, points, first=3, at_s=60.0)[0] == len(points) + 1
    assert (points == -1.0).all()


def test_detour_times_are_distance_over_speed() -> None:
    lat, lon = np.array([3.40, 3.45, 3.45]), np.array([-76.5, -76.5, -76.6])
    speed = {Vehicle.CAR: 36.0, Vehicle.SCOOTER: 18.0, Vehicle.BICYCLE: 9.0}
    times = DetourTimes(lat, lon, detour=1.5, speed_kph=speed)
    metres = haversine_m(lat[0], lon[0], lat[1:], lon[1:])
    for vehicle, kph in speed.items():
        found = times.times(np.array([0, 0]), np.array([1, 2]), at_s=0.0, vehicle=vehicle)
        np.testing.assert_allclose(found, metres * 1.5 / (kph / 3.6), rtol=1e-9)
    assert path_length_m(times, times.path(0, 1, at_s=0.0)) == pytest.approx(metres[0])


def test_points_on_a_plane_keep_their_distances() -> None:
    x, y = np.random.default_rng(0).uniform(0.0, 25_000.0, size=(2, 40))
    speed = dict.fromkeys(Vehicle, 3.6)  # a metre a second
    every = np.arange(40)
    found = DetourTimes.on_plane(x, y, speed_kph=speed).matrix(every, every, at_s=0.0)
    np.testing.assert_allclose(found, np.hypot(x[:, None] - x, y[:, None] - y), rtol=1e-5, atol=1e-6)


def test_detour_times_refuse_nonsense() -> None:
    lat = np.array([1.0, 2.0])
    with pytest.raises(ValueError, match="equally long"):
        DetourTimes(lat, np.array([1.0]))
    with pytest.raises(ValueError, match="below 1"):
        DetourTimes(lat, lat, detour=0.9)
    with pytest.raises(ValueError, match="every vehicle"):
        DetourTimes(lat, lat, speed_kph={Vehicle.CAR: 30.0})


@pytest.mark.parametrize(
    ("tags", "weight"),
    [
        ({"building": "yes"}, 1.0),
        ({"building": "house", "addr:housenumber": "4"}, 1.0),
        ({"building": "apartments"}, 8.0),
        ({"building": "apartments", "building:levels": "10"}, 20.0),
        ({"building": "apartments", "building:levels": "many"}, 8.0),
        ({"building": "school"}, 0.0),
        ({"building": "yes", "amenity": "hospital"}, 0.0),
        ({"addr:housenumber": "12"}, 1.0),
        ({"addr:housenumber": "12", "amenity": "cafe"}, 0.0),
        ({"amenity": "cafe"}, 0.0),
    ],
)
def test_homes_by_building(tags: dict[str, str], weight: float) -> None:
    assert home_weight(tags) == weight
