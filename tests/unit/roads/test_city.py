from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from domain.errors import CityError
from domain.units import haversine_m
from roads.city import City
from roads.compiling import compile_city
from roads.raw import RawCity, RawOsm, RawPlace, RawWay
from roads.sources.builtin import read_builtin


def test_the_graph_is_what_the_docstring_promises(riverton: City) -> None:
    city = riverton
    keys = city.edge_from.astype(np.int64) * city.node_count + city.edge_to
    assert (np.diff(keys) > 0).all()
    assert (city.edge_from != city.edge_to).all()
    np.testing.assert_array_equal(
        np.repeat(np.arange(city.node_count), np.diff(city.out_offsets)), city.edge_from
    )
    first, last = city.geom_offsets[:-1], city.geom_offsets[1:] - 1
    np.testing.assert_allclose(city.geom_lat[first], city.node_lat[city.edge_from])
    np.testing.assert_allclose(city.geom_lon[last], city.node_lon[city.edge_to])
    assert (city.edge_length_m > 0.0).all()
    assert ((city.edge_speed_kph >= 5.0) & (city.edge_speed_kph <= 130.0)).all()
    straight = haversine_m(
        city.node_lat[city.edge_from],
        city.node_lon[city.edge_from],
        city.node_lat[city.edge_to],
        city.node_lon[city.edge_to],
    )
    assert (city.edge_length_m >= straight - 0.1).all()


def test_every_node_reaches_every_other(riverton: City) -> None:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n = riverton.node_count
    ones = np.ones(riverton.edge_count)
    graph = csr_array((ones, riverton.edge_to, riverton.out_offsets), shape=(n, n))
    assert connected_components(graph, directed=True, connection="strong")[0] == 1


def test_riverton_is_a_whole_town(riverton: City) -> None:
    assert riverton.restaurant_count > 30
    assert riverton.home_count > 1000
    assert len(set(riverton.restaurant_name)) == riverton.restaurant_count
    assert set(riverton.restaurant_kind) == {"restaurant", "fast_food", "cafe"}
    assert "" not in riverton.restaurant_cuisine
    assert len(np.unique(riverton.edge_class)) >= 5
    assert 4 <= riverton.edge_is_bridge.sum() <= 40
    assert any("Bridge" in street for street in riverton.streets)
    assert riverton.provenance["share_in_largest_component"] > 0.98
    assert riverton.provenance["warnings"] == []


def test_same_source_same_hash_other_seed_other_hash(riverton: City) -> None:
    again = compile_city(read_builtin(size=24), name="another name")
    other = compile_city(read_builtin(size=24, seed=8), name="riverton")
    assert again.content_hash == riverton.content_hash
    assert other.content_hash != riverton.content_hash


def test_arrays_are_read_only(riverton: City) -> None:
    with pytest.raises(ValueError, match="read-only"):
        riverton.node_lat[0] = 0.0


def test_a_saved_city_comes_back_the_same(riverton: City, tmp_path: Path) -> None:
    path = tmp_path / "town.city"
    riverton.save(path)
    loaded = City.load(path)
    assert loaded.content_hash == riverton.content_hash
    assert loaded.provenance == riverton.provenance
    assert loaded.restaurant_name == riverton.restaurant_name
    assert all(array.flags.aligned for array in loaded.arrays().values())
    assert [p.name for p in tmp_path.iterdir()] == ["town.city"]


def test_a_city_survives_the_way_to_another_process(riverton: City) -> None:
    copy = pickle.loads(pickle.dumps(riverton))
    assert copy.content_hash == riverton.content_hash
    assert not any(array.flags.writeable for array in copy.arrays().values())


def test_projection_measures_metres(riverton: City) -> None:
    x, y = riverton.project(riverton.node_lat, riverton.node_lon)
    a, b = 0, riverton.node_count - 1
    sphere = haversine_m(
        riverton.node_lat[a], riverton.node_lon[a], riverton.node_lat[b], riverton.node_lon[b]
    )
    assert np.hypot(x[a] - x[b], y[a] - y[b]) == pytest.approx(sphere, rel=1e-3)
    south, west, north, east = riverton.bounds
    assert south < riverton.centre[0] < north
    assert west < riverton.centre[1] < east


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], "truncated or corrupt"),
        (lambda data: data[:20], "not a compiled city"),
        (lambda data: b"", "not a compiled city"),
        (lambda data: b"PK" + data[2:], "not a compiled city"),
        (lambda data: data[:8] + b"\x63" + data[9:], "city format 99"),
        (lambda data: data[:-5000] + bytes([data[-5000] ^ 1]) + data[-4999:], "truncated or corrupt"),
    ],
)
def test_a_damaged_file_is_named_in_one_line(
    riverton: City, tmp_path: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    path = tmp_path / "town.city"
    riverton.save(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CityError, match=message) as caught:
        City.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_and_unwritable_folder(riverton: City, tmp_path: Path) -> None:
    with pytest.raises(CityError, match="cannot read city file"):
        City.load(tmp_path / "none.city")
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(CityError, match="cannot write city file"):
        riverton.save(blocker / "town.city")


def test_a_city_without_places_draws_them_and_says_so() -> None:
    raw = read_builtin(size=14)
    city = compile_city(dataclasses.replace(raw, places=[]), name="bare")
    assert city.restaurant_count >= 10
    assert city.home_count > 100
    assert city.provenance["restaurant_source"].startswith("drawn")
    assert city.provenance["home_source"].startswith("drawn")
    assert len(city.provenance["warnings"]) == 2


def test_places_far_from_any_road_are_left_out() -> None:
    raw = read_builtin(size=14)
    far = RawPlace(tags={"amenity": "restaurant"}, lat=10.0, lon=10.0)
    near = compile_city(raw, name="a")
    with_far = compile_city(dataclasses.replace(raw, places=[*raw.places, far]), name="a")
    assert with_far.restaurant_count == near.restaurant_count
    assert with_far.provenance["restaurants_far_from_any_road"] == 1


def test_too_small_a_network_is_no_city() -> None:
    way = RawWay(tags={"highway": "residential"}, refs=np.array([0, 1]))
    raw = RawOsm(
        node_id=np.arange(2), node_lat=np.array([0.0, 0.001]), node_lon=np.array([0.0, 0.0]), ways=[way]
    )
    with pytest.raises(CityError, match="too small"):
        compile_city(RawCity(roads=raw), name="hamlet")
