"""Real city-days of the Rappi platform: `orders.csv` and `couriers.csv` in one folder.

Times in the files are 24-hour clock readings. What is placed before midnight can be ready or promised after
it, and a shift can end after it: a reading more than twelve hours before its predecessor is of the next day.
A promise is a quote made at placement; that it is often earlier than the food is ready is no error.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from domain.errors import DataError
from domain.trace import Trace
from domain.units import DAY_S, BoolArray, FloatArray, IntArray, haversine_m
from domain.vehicles import Vehicle
from scenarios.columns import clock_seconds, numbers, read_table

ORDER_COLUMNS = (
    "pick_up_lat",
    "pick_up_lng",
    "drop_off_lat",
    "drop_off_lng",
    "placement_time",
    "preparation_time",
    "ready_time",
    "expected_drop_off_time",
)
COURIER_COLUMNS = ("vehicle", "on_lat", "on_lng", "on_time", "off_time")
VEHICLES = {
    "car": Vehicle.CAR,
    "motorcycle": Vehicle.SCOOTER,
    "bicycle": Vehicle.BICYCLE,
    "walking": Vehicle.BICYCLE,
}
FAR_M = 50_000.0
"""A driver who signs on farther than this from the middle pickup point belongs to another city."""


def read_rappi(folder: Path) -> Trace:
    """Read one city-day; `notes` of the trace count what was repaired or dropped.

    Restaurants are the distinct pickup points, in order of first use. Orders are sorted by placement, ties in
    the file's order; shifts keep the file's order. Scooter stands for motorcycle, bicycle for walking.

    Raises:
        DataError: a file or column is missing, or a cell is not what its column holds.
    """
    for name in ("orders.csv", "couriers.csv"):
        if not (folder / name).is_file():
            raise DataError(f"{folder}: no {name}; a Rappi day is a folder with orders.csv and couriers.csv")
    notes: list[str] = []
    orders = _orders(folder / "orders.csv", notes)
    shifts = _shifts(folder / "couriers.csv", orders, notes)
    restaurant, first = _distinct_points(orders["pick_up_lat"], orders["pick_up_lng"])
    return Trace(
        name=f"rappi_{folder.name}",
        placed_s=orders["placed"],
        prep_started_s=orders["started"],
        ready_s=orders["ready"],
        promised_s=orders["promised"],
        restaurant=restaurant,
        restaurant_lat=orders["pick_up_lat"][first],
        restaurant_lon=orders["pick_up_lng"][first],
        customer_lat=orders["drop_off_lat"],
        customer_lon=orders["drop_off_lng"],
        driver_lat=shifts["on_lat"],
        driver_lon=shifts["on_lng"],
        on_s=shifts["on"],
        off_s=shifts["off"],
        vehicle=shifts["vehicle"].astype(np.int8),
        notes=tuple(notes),
    )


def _orders(path: Path, notes: list[str]) -> dict[str, FloatArray]:
    table = read_table(path, ORDER_COLUMNS)
    columns = {name: numbers(path, table, name, *_bounds(name)) for name in ORDER_COLUMNS[:4]}
    columns["placed"] = clock_seconds(path, table, "placement_time")
    columns["started"] = clock_seconds(path, table, "preparation_time")
    columns["ready"] = clock_seconds(path, table, "ready_time")
    columns["promised"] = clock_seconds(path, table, "expected_drop_off_time")
    needed = [columns[name] for name in (*ORDER_COLUMNS[:4], "placed")]
    columns = _keep(
        columns, ~np.isnan(np.sum(needed, axis=0)), "orders without a place or placement time", notes
    )
    columns = _sorted(columns, np.argsort(columns["placed"], kind="stable"))
    _repair_times(columns, notes)
    return columns


def _bounds(column: str) -> tuple[float, float]:
    return (-90.0, 90.0) if column.endswith("lat") else (-180.0, 180.0)


def _repair_times(columns: dict[str, FloatArray], notes: list[str]) -> None:
    """Bring an order's times into order, in place: across midnight, missing, or before what comes first."""
    placed, started, ready, promised = (columns[k] for k in ("placed", "started", "ready", "promised"))
    crossed = np.zeros(len(placed), np.bool_)
    for times, before in ((started, placed), (ready, placed), (promised, placed)):
        is_next_day = times < before - DAY_S / 2.0
        times[is_next_day] += DAY_S
        crossed |= is_next_day
    _note(notes, crossed, "orders with times after midnight moved to the next day")
    _fill(started, placed, np.isnan(started), "preparation starts missing: taken as placement", notes)
    _fill(started, placed, started < placed, "preparation starts before placement: taken as placement", notes)
    cooking, quote = _median(ready - started), _median(promised - placed)
    _fill(ready, started + cooking, np.isnan(ready), "ready times missing: median cooking time used", notes)
    _fill(ready, started, ready < started, "ready before preparation started: taken as its start", notes)
    _fill(promised, placed + quote, np.isnan(promised), "promises missing: median quote used", notes)
    _fill(promised, placed + quote, promised < placed, "promises before placement: median quote used", notes)


def _median(durations: FloatArray) -> float:
    """Return the median of what is known and not negative; 0 if nothing is."""
    known = durations[durations >= 0.0]
    return float(np.median(known)) if len(known) else 0.0


def _fill(times: FloatArray, values: FloatArray, where: BoolArray, text: str, notes: list[str]) -> None:
    times[where] = values[where]
    _note(notes, where, text)


def _shifts(path: Path, orders: dict[str, FloatArray], notes: list[str]) -> dict[str, FloatArray]:
    table = read_table(path, COURIER_COLUMNS)
    columns = {name: numbers(path, table, name, *_bounds(name)) for name in ("on_lat", "on_lng")}
    columns["on"] = clock_seconds(path, table, "on_time")
    columns["off"] = clock_seconds(path, table, "off_time")
    columns["vehicle"] = _vehicles(path, table, notes)
    is_whole = ~np.isnan(np.sum(list(columns.values()), axis=0))
    columns = _keep(columns, is_whole, "shifts without a place or time", notes)
    is_next_day = columns["off"] < columns["on"]
    columns["off"][is_next_day] += DAY_S
    _note(notes, is_next_day, "shifts that end after midnight moved to the next day")
    columns = _keep(columns, columns["off"] > columns["on"], "shifts of no length", notes)
    if len(orders["placed"]) == 0:
        return columns
    lat, lon = np.median(orders["pick_up_lat"]), np.median(orders["pick_up_lng"])
    is_near = haversine_m(columns["on_lat"], columns["on_lng"], lat, lon) <= FAR_M
    return _keep(columns, is_near, f"shifts that start over {FAR_M / 1000:g} km from the pickups", notes)


def _vehicles(path: Path, table: pd.DataFrame, notes: list[str]) -> FloatArray:
    texts = table["vehicle"]
    is_bad = ~texts.isin(list(VEHICLES)).to_numpy()
    if is_bad.any():
        row = int(np.argmax(is_bad))
        raise DataError(f"{path}:{row + 2}: vehicle {texts.iloc[row]!r} is not one of {', '.join(VEHICLES)}")
    _note(notes, (texts == "walking").to_numpy(), "walking couriers ride bicycles here")
    _note(notes, (texts == "motorcycle").to_numpy(), "motorcycles ride as scooters here")
    return texts.map({name: float(vehicle) for name, vehicle in VEHICLES.items()}).to_numpy(np.float64)


def _keep(
    columns: dict[str, FloatArray], mask: BoolArray, text: str, notes: list[str]
) -> dict[str, FloatArray]:
    """Drop the rows outside the mask, and say how many."""
    _note(notes, ~mask, f"{text}: dropped")
    return _sorted(columns, np.flatnonzero(mask))


def _sorted(columns: dict[str, FloatArray], rows: IntArray) -> dict[str, FloatArray]:
    return {name: values[rows] for name, values in columns.items()}


def _note(notes: list[str], where: BoolArray, text: str) -> None:
    count = int(np.count_nonzero(where))
    if count:
        notes.append(f"{count} {text}")


def _distinct_points(lat: FloatArray, lon: FloatArray) -> tuple[IntArray, IntArray]:
    """Number the distinct points by first use: index per row int32 [n], first row of each point [r]."""
    points = np.stack([lat, lon], axis=1)
    _, first, inverse = np.unique(points, axis=0, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    by_use = np.argsort(first, kind="stable")
    rank[by_use] = np.arange(len(first), dtype=np.int32)
    return rank[inverse.reshape(-1)], first[by_use]
