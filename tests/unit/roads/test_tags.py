from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roads.city import RoadClass
from roads.tags import HIGHWAYS, directions, highway_index, is_drivable, speed_kph, way_speed_kph


@pytest.mark.parametrize(
    ("text", "kph"),
    [
        ("50", 50.0),
        ("50 km/h", 50.0),
        ("30 mph", 48.28032),
        ("30mph", 48.28032),
        ("50;30", 40.0),
        ("50|70|60", 60.0),
        ("DE:urban", 50.0),
        ("DE:rural", 100.0),
        ("DE:zone:30", 30.0),
        ("DE:zone30", 30.0),
        ("FR:50", 50.0),
        ("GB:nsl_single", 96.56064),
        ("none", 130.0),
        ("walk", 7.0),
        ("12.5", 12.5),
        ("0", None),
        ("5000", None),
        ("signals", None),
        ("", None),
        ("fast", None),
    ],
)
def test_maxspeed_values(text: str, kph: float | None) -> None:
    assert speed_kph(text) == (None if kph is None else pytest.approx(kph))


@given(st.integers(1, 124))
def test_miles_are_longer_than_kilometres(value: int) -> None:
    miles, kilometres = speed_kph(f"{value} mph"), speed_kph(str(value))
    assert miles is not None
    assert kilometres is not None
    assert miles == pytest.approx(kilometres * 1.609344)


@given(st.text())
def test_no_maxspeed_text_breaks_the_import(text: str) -> None:
    kph = speed_kph(text)
    assert kph is None or 0.0 < kph <= 200.0


@given(st.lists(st.integers(5, 130), min_size=1, max_size=5))
def test_several_speeds_mean_their_average(values: list[int]) -> None:
    assert speed_kph(";".join(map(str, values))) == pytest.approx(sum(values) / len(values))


def test_speed_by_direction_and_by_zone() -> None:
    assert way_speed_kph({"maxspeed:forward": "60", "maxspeed:backward": "40"}) == pytest.approx(50.0)
    assert way_speed_kph({"zone:maxspeed": "DE:30"}) == pytest.approx(30.0)
    assert way_speed_kph({"maxspeed": "signals", "maxspeed:forward": "60"}) == pytest.approx(60.0)
    assert way_speed_kph({"highway": "residential"}) is None


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, (True, True)),
        ({"oneway": "no"}, (True, True)),
        ({"oneway": "yes"}, (True, False)),
        ({"oneway": "true"}, (True, False)),
        ({"oneway": "-1"}, (False, True)),
        ({"oneway": "reverse"}, (False, True)),
        ({"junction": "roundabout"}, (True, False)),
        ({"highway": "motorway"}, (True, False)),
        ({"highway": "motorway", "oneway": "no"}, (True, True)),
        ({"highway": "motorway_link"}, (True, True)),
    ],
)
def test_one_way_rules(tags: dict[str, str], expected: tuple[bool, bool]) -> None:
    assert directions(tags) == expected


@pytest.mark.parametrize("highway", [name for name in HIGHWAYS if name != "service"])
def test_every_known_highway_is_drivable(highway: str) -> None:
    assert is_drivable({"highway": highway})


@pytest.mark.parametrize(
    "tags",
    [
        {"building": "yes"},
        {"highway": "footway"},
        {"highway": "cycleway"},
        {"highway": "proposed"},
        {"highway": "service"},
        {"highway": "residential", "access": "private"},
        {"highway": "residential", "motor_vehicle": "no"},
        {"highway": "residential", "area": "yes"},
        {"highway": "unclassified", "service": "alley"},
    ],
)
def test_what_is_not_drivable(tags: dict[str, str]) -> None:
    assert not is_drivable(tags)


def test_service_roads_are_an_option() -> None:
    assert is_drivable({"highway": "service"}, service_roads=True)
    assert is_drivable({"highway": "service", "service": "alley"}, service_roads=True)
    assert not is_drivable({"highway": "service", "service": "parking_aisle"}, service_roads=True)
    assert not is_drivable({"highway": "footway"}, service_roads=True)


def test_an_unheard_of_highway_counts_as_unclassified() -> None:
    assert list(HIGHWAYS.values())[highway_index("escape")][0] is RoadClass.UNCLASSIFIED
