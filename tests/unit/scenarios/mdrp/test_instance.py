"""The reader of instances: what it reads, what it refuses; travel times."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import DataError
from scenarios.data import resolve
from scenarios.mdrp import Instance, Variant, find_instances, parse_name, read_instance


def spoil(folder: Path, name: str, old: str, new: str) -> Path:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_a_day_is_read_as_it_stands(instance: Instance) -> None:
    assert instance.name == "2r50t75s1p125"
    assert instance.order_ids == ("o1", "o2", "o3", "o4")
    assert instance.order_xy_m.tolist() == [[0, 500], [0, 801], [1000, -400], [0, 100]]
    assert instance.placed_min.tolist() == [10, 12, 40, 50]
    assert instance.ready_min.tolist() == [20, 22, 45, 60]
    assert instance.restaurant.tolist() == [0, 0, 1, 0]
    assert instance.driver_ids == ("c1", "c2")
    assert instance.driver_xy_m.tolist() == [[300, 0], [1000, 0]]
    assert (instance.on_min.tolist(), instance.off_min.tolist()) == ([0, 30], [120, 90])
    assert instance.restaurant_xy_m.tolist() == [[0, 0], [1000, 0]]
    assert (instance.speed_m_per_min, instance.pickup_service_min, instance.dropoff_service_min) == (
        100,
        4,
        4,
    )
    assert (instance.target_click_to_door_min, instance.max_click_to_door_min) == (20, 90)
    assert (instance.pay_per_order_usd, instance.pay_per_hour_usd) == (10.0, 15.0)


def test_the_name_says_the_variant(folder: Path) -> None:
    expected = Variant(seed=2, orders="r50", travel_pct=75, shifts=1, preparation_pct=125)
    assert parse_name("2r50t75s1p125") == expected
    assert read_instance(folder).variant == expected
    assert read_instance(folder.rename(folder.with_name("tuesday"))).variant is None


@pytest.mark.parametrize(
    "name", ["tuesday", "2r100t75s1p125", "2r50t75s3p125", "r50t75s1p125", "2r50t75s1p125x"]
)
def test_another_name_is_no_variant(name: str) -> None:
    with pytest.raises(DataError, match=f"'{name}' is not an instance's name such as"):
        parse_name(name)


def test_instances_are_found_by_pattern_in_order_of_name(folder: Path) -> None:
    root = folder.parent
    for name in ("1o100t100s1p100", "1o50t100s1p100"):
        (root / name).mkdir()
        for file in folder.iterdir():
            (root / name / file.name).write_bytes(file.read_bytes())
    (root / "1empty").mkdir()
    assert [found.name for found in find_instances(root, "1*")] == ["1o100t100s1p100", "1o50t100s1p100"]
    assert len(find_instances(root)) == 3
    with pytest.raises(DataError, match=r"no folder '7\*' with orders.txt"):
        find_instances(root, "7*")


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("orders.txt", "order\tx", "order\tX", r"orders.txt: no column 'x'"),
        ("orders.txt", "o3\t1000", "o3\tfar", r"orders.txt:4: x 'far' is not a whole number"),
        ("orders.txt", "o3\t1000", "o3\t10.5", r"orders.txt:4: x '10.5' is not a whole number"),
        ("orders.txt", "o3", "o1", r"orders.txt:4: order 'o1' stands already on line 2"),
        ("orders.txt", "40\tr2", "40\tr9", r"orders.txt:4: no restaurant 'r9' in the instance"),
        (
            "orders.txt",
            "r2\t45",
            "r2\t39",
            r"orders.txt:4: ready_time '39' is not at or after placement_time 40",
        ),
        ("orders.txt", "\t45", "", r"orders.txt:4: 5 cells, but the header has 6"),
        ("couriers.txt", "30\t90", "30\t30", r"couriers.txt:3: off_time '30' is not after on_time 30"),
        ("couriers.txt", "30\t90", "-1\t90", r"couriers.txt:3: on_time '-1' is not a whole number from 0"),
        ("restaurants.txt", "r2", "", r"restaurants.txt:3: restaurant '' is not a name"),
        (
            "instance_parameters.txt",
            "100\t",
            "0\t",
            r":2: meters_per_minute '0' is not a whole number from 1",
        ),
        ("instance_parameters.txt", "4\t4", "4\t3", r":2: dropoff service minutes '3' is not an even number"),
        (
            "instance_parameters.txt",
            "\t15",
            "\t-1",
            r":2: guaranteed pay per hour '-1' is not a number from 0",
        ),
        ("instance_parameters.txt", "100\t4\t4\t20\t90\t10\t15", "", r"0 rows of parameters; expected 1"),
    ],
)
def test_a_bad_cell_is_refused_in_one_line(folder: Path, name: str, old: str, new: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_instance(spoil(folder, name, old, new))
    assert "\n" not in str(caught.value)


def test_a_missing_or_unreadable_file_is_refused(folder: Path) -> None:
    (folder / "couriers.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DataError, match=r"couriers.txt: is not text"):
        read_instance(folder)
    (folder / "couriers.txt").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"couriers.txt: empty; expected the columns courier"):
        read_instance(folder)
    (folder / "couriers.txt").unlink()
    with pytest.raises(DataError, match=r"no couriers.txt; an instance is a folder with"):
        read_instance(folder)


def test_travel_is_rounded_up_and_whole_minutes_stay(instance: Instance) -> None:
    to = np.array([[0, 0], [1, 0], [300, 400], [300, 401], [500, 0], [-501, 0]])
    assert instance.travel_min(np.array([0, 0]), to).tolist() == [0, 1, 5, 6, 5, 6]
    pairs = instance.travel_min(to[:, None], to[None, :3])
    assert pairs.shape == (6, 3)
    assert pairs[:, 0].tolist() == [0, 1, 5, 6, 5, 6]


coordinates = st.integers(-10_000_000, 10_000_000)


@given(x=coordinates, y=coordinates, speed=st.integers(1, 5_000))
def test_travel_is_the_least_whole_minute_that_suffices(x: int, y: int, speed: int) -> None:
    square = x * x + y * y
    expected = math.isqrt((square - 1) // (speed * speed)) + 1 if square else 0
    assert timed(speed).travel_min(np.array([0, 0]), np.array([x, y])) == expected


@given(minutes=st.integers(0, 5_000), speed=st.integers(1, 2_000))
def test_a_distance_of_whole_minutes_takes_just_these(minutes: int, speed: int) -> None:
    to = np.array(
        [[3 * minutes * speed, 4 * minutes * speed], [3 * minutes * speed + 1, 4 * minutes * speed]]
    )
    instance = timed(speed)
    assert instance.travel_min(np.array([0, 0]), to).tolist() == [5 * minutes, 5 * minutes + 1]


def timed(speed: int) -> Instance:
    none = np.zeros(0, np.int64)
    return Instance(
        name="empty",
        variant=None,
        order_ids=(),
        order_xy_m=none.reshape(0, 2),
        placed_min=none,
        ready_min=none,
        restaurant=none,
        driver_ids=(),
        driver_xy_m=none.reshape(0, 2),
        on_min=none,
        off_min=none,
        restaurant_ids=(),
        restaurant_xy_m=none.reshape(0, 2),
        speed_m_per_min=speed,
        pickup_service_min=4,
        dropoff_service_min=4,
        target_click_to_door_min=40,
        max_click_to_door_min=90,
        pay_per_order_usd=10.0,
        pay_per_hour_usd=15.0,
    )


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "orders", "drivers", "restaurants", "speed"),
    [("0o100t100s1p100", 505, 113, 116, 320), ("0o50t75s1p100", 252, 61, 93, 427)],
)
def test_public_instances_are_read(
    name: str, orders: int, drivers: int, restaurants: int, speed: int
) -> None:
    instance = read_instance(resolve(f"orders/mdrp/{name}"))
    assert (len(instance.order_ids), len(instance.driver_ids)) == (orders, drivers)
    assert (len(instance.restaurant_ids), instance.speed_m_per_min) == (restaurants, speed)
    assert (instance.ready_min >= instance.placed_min).all()
    assert instance.variant == parse_name(name)
