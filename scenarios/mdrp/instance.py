"""An instance of the problem, and the reader of its four tab-separated files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import DataError
from domain.units import IntArray
from scenarios.mdrp._tables import Table, amounts, ids, index_of, read_table, refusal, whole

FILES = ("orders.txt", "couriers.txt", "restaurants.txt", "instance_parameters.txt")
PLACE_M = (-10_000_000, 10_000_000)
"""Bounds of a coordinate: squares of distances stay exact in 64 bits."""
TIME_MIN = (0, 100_000)
_NAME = re.compile(r"(\d+)(o100|o50|r50)t(100|75)s([12])p(100|125)")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What a public instance's name says.

    `seed` numbers the day; `orders` is o100 (all), o50 (half, sampled by order) or r50 (half, by
    restaurant); `travel_pct` 100 or 75 of the original travel times; `shifts` 1 (historical) or 2
    (optimised); `preparation_pct` 100 or 125 of the original preparation times.
    """

    seed: int
    orders: str
    travel_pct: int
    shifts: int
    preparation_pct: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Instance:
    """A day of n orders, d drivers and r restaurants; times are whole minutes, places whole metres, int64.

    Orders, in the file's order: `order_ids` [n]; `order_xy_m` [n, 2], the customer's place; `placed_min`,
    `ready_min` [n]; `restaurant` [n], an index. Drivers: `driver_ids` [d]; `driver_xy_m` [d, 2], where the
    shift starts; `on_min`, `off_min` [d]. Restaurants: `restaurant_ids` [r]; `restaurant_xy_m` [r, 2]. Of a
    service, half is over at the pickup or drop-off itself, half follows; both services are even. A driver's
    pay is the larger of `pay_per_order_usd` per order and `pay_per_hour_usd` per hour of shift. `variant`
    is None for an instance that is not named like the public ones.
    """

    name: str
    variant: Variant | None
    order_ids: tuple[str, ...]
    order_xy_m: IntArray
    placed_min: IntArray
    ready_min: IntArray
    restaurant: IntArray
    driver_ids: tuple[str, ...]
    driver_xy_m: IntArray
    on_min: IntArray
    off_min: IntArray
    restaurant_ids: tuple[str, ...]
    restaurant_xy_m: IntArray
    speed_m_per_min: int
    pickup_service_min: int
    dropoff_service_min: int
    target_click_to_door_min: int
    max_click_to_door_min: int
    pay_per_order_usd: float
    pay_per_hour_usd: float

    def travel_min(self, from_xy: IntArray, to_xy: IntArray) -> IntArray:
        """Return straight-line travel times, rounded up to whole minutes: int64, broadcast over [..., 2].

        Exact: the least whole t with (t x speed)^2 >= dx^2 + dy^2, compared in integers. The quotient in
        floating point is a first guess only, so a distance of exactly k minutes takes k.
        """
        gap = np.asarray(to_xy, np.int64) - np.asarray(from_xy, np.int64)
        square = (gap * gap).sum(axis=-1)
        speed = self.speed_m_per_min
        minutes: IntArray = np.ceil(np.sqrt(square) / speed).astype(np.int64)
        minutes -= (minutes > 0) & (((minutes - 1) * speed) ** 2 >= square)
        minutes += (minutes * speed) ** 2 < square
        return minutes


def parse_name(name: str) -> Variant:
    """Read a public instance's name, such as ``0o100t75s1p125``.

    Raises:
        DataError: it is not of that form.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise DataError(f"{name!r} is not an instance's name such as 0o100t75s1p125 or 3r50t100s2p100")
    seed, orders, travel, shifts, preparation = match.groups()
    return Variant(
        seed=int(seed),
        orders=orders,
        travel_pct=int(travel),
        shifts=int(shifts),
        preparation_pct=int(preparation),
    )


def find_instances(root: Path, glob: str = "*") -> list[Path]:
    """Return the folders right below `root` that match and hold an instance, sorted by name.

    Raises:
        DataError: there are none.
    """
    found = sorted(folder for folder in root.glob(glob) if all((folder / name).is_file() for name in FILES))
    if not found:
        raise DataError(f"{root}: no folder {glob!r} with {', '.join(FILES)}")
    return found


def read_instance(folder: Path) -> Instance:
    """Read one instance.

    Raises:
        DataError: a file or column is missing, or a cell is not what its column holds; the message names
            file, line and column.
    """
    for name in FILES:
        if not (folder / name).is_file():
            raise DataError(f"{folder}: no {name}; an instance is a folder with {', '.join(FILES)}")
    name = folder.resolve().name
    restaurants = read_table(folder / "restaurants.txt", ("restaurant", "x", "y"))
    restaurant_ids = ids(restaurants, "restaurant")
    return Instance(
        name=name,
        variant=parse_name(name) if _NAME.fullmatch(name) else None,
        restaurant_ids=restaurant_ids,
        restaurant_xy_m=_places(restaurants),
        **_orders(folder / "orders.txt", restaurant_ids),
        **_drivers(folder / "couriers.txt"),
        **_parameters(folder / "instance_parameters.txt"),
    )


def _orders(path: Path, restaurant_ids: tuple[str, ...]) -> dict[str, Any]:
    table = read_table(path, ("order", "x", "y", "placement_time", "restaurant", "ready_time"))
    known = {name: index for index, name in enumerate(restaurant_ids)}
    names = zip(table.lines, table.columns["restaurant"], strict=True)
    return {
        "order_ids": ids(table, "order"),
        "order_xy_m": _places(table),
        "restaurant": np.array([index_of(path, n, "restaurant", r, known) for n, r in names], np.int64),
        "placed_min": whole(table, "placement_time", TIME_MIN),
        "ready_min": _not_before(table, "ready_time", "placement_time", least_min=0),
    }


def _drivers(path: Path) -> dict[str, Any]:
    table = read_table(path, ("courier", "x", "y", "on_time", "off_time"))
    return {
        "driver_ids": ids(table, "courier"),
        "driver_xy_m": _places(table),
        "on_min": whole(table, "on_time", TIME_MIN),
        "off_min": _not_before(table, "off_time", "on_time", least_min=1),
    }


def _parameters(path: Path) -> dict[str, Any]:
    """Read the single row of parameters."""
    whole_columns = {
        "speed_m_per_min": ("meters_per_minute", (1, 100_000)),
        "pickup_service_min": ("pickup service minutes", (0, 120)),
        "dropoff_service_min": ("dropoff service minutes", (0, 120)),
        "target_click_to_door_min": ("target click-to-door", TIME_MIN),
        "max_click_to_door_min": ("maximum click-to-door", TIME_MIN),
    }
    pay_columns = {"pay_per_order_usd": "pay per order", "pay_per_hour_usd": "guaranteed pay per hour"}
    names = [column for column, _ in whole_columns.values()]
    table = read_table(path, [*names, *pay_columns.values()])
    if len(table.lines) != 1:
        raise DataError(f"{path}: {len(table.lines)} rows of parameters; expected 1")
    values: dict[str, Any] = {
        key: int(whole(table, column, bounds)[0]) for key, (column, bounds) in whole_columns.items()
    }
    for key in ("pickup_service_min", "dropoff_service_min"):
        if values[key] % 2:
            raise refusal(path, table.lines[0], whole_columns[key][0], str(values[key]), "an even number")
    return values | {key: float(amounts(table, column, 1e6)[0]) for key, column in pay_columns.items()}


def _places(table: Table) -> IntArray:
    return np.stack([whole(table, "x", PLACE_M), whole(table, "y", PLACE_M)], axis=1)


def _not_before(table: Table, column: str, start: str, *, least_min: int) -> IntArray:
    """Return a column of times that come at least so many minutes after those of another."""
    late, early = whole(table, column, TIME_MIN), whole(table, start, TIME_MIN)
    is_bad = late < early + least_min
    if is_bad.any():
        row = int(np.argmax(is_bad))
        word = "after" if least_min else "at or after"
        expected = f"{word} {start} {early[row]}"
        raise refusal(table.path, table.lines[row], column, table.columns[column][row], expected)
    return late
