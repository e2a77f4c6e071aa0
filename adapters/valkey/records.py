"""Drivers as bytes: what the functions in `lua/` take and give, as numpy records.

Whole batches are packed and unpacked at once; no driver costs a step of Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.valkey.geohash import hashes, locate
from domain.drivers import DriverProfiles, DriverStates, DriverStatus, Plan
from domain.units import FloatArray, IntArray

Records = NDArray[Any]

SEEN = [("lat", "<f8"), ("lon", "<f8"), ("seen_at_s", "<f8"), ("score", "<f8"), ("cell", "<u4")]
"""What a ping changes: where the driver is, when, and the geohash and grid cell of that."""

DRIVER = np.dtype(
    [
        *SEEN,
        ("shelf", "u1"),
        ("status", "i1"),
        ("vehicle", "i1"),
        ("unused", "u1"),
        ("load", "<i2"),
        ("capacity", "<i2"),
        ("deliveries", "<i4"),
        ("goal_deliveries", "<i4"),
        ("stops", "<u4"),
        ("rating", "<f8"),
        ("shift_end_s", "<f8"),
        ("id", "<i8"),
    ]
)
"""A driver's record, 80 bytes."""

STOP = np.dtype([("kind", "i1"), ("order_id", "<i8"), ("lat", "<f8"), ("lon", "<f8")])
PING = np.dtype([("id", "<i8"), *SEEN])
POINT = np.dtype([("lat", "<f8"), ("lon", "<f8"), ("score", "<f8"), ("cell", "<u4")])

IDLE = 1
"""The shelf of drivers without orders, see `lua/layout.lua`."""

_PROFILE = ("id", "vehicle", "capacity", "rating", "goal_deliveries", "shift_end_s")


def pack_ids(driver_ids: IntArray) -> bytes:
    """Return ids as the server names drivers."""
    return np.ascontiguousarray(driver_ids, "<i8").tobytes()


def new_records(drivers: DriverProfiles, now_s: float) -> Records:
    """Return the records of drivers who sign on, each driver once, [n] of DRIVER.

    Raises:
        InvalidRequest: a position that the server refuses.
    """
    records = np.zeros(len(drivers.id), DRIVER)
    for name in _PROFILE:
        records[name] = getattr(drivers, name)
    _place(records, drivers.lat, drivers.lon, now_s)
    records["status"] = DriverStatus.AVAILABLE
    records["shelf"] = np.where(records["capacity"] > 0, IDLE, 0)
    last: Records = records[last_of_each(drivers.id)]
    return last


def new_pings(driver_ids: IntArray, lat: FloatArray, lon: FloatArray, at_s: float) -> Records:
    """Return pings, of each driver the last, [n] of PING.

    Raises:
        InvalidRequest: a position that the server refuses.
    """
    pings = np.empty(len(driver_ids), PING)
    pings["id"] = driver_ids
    _place(pings, lat, lon, at_s)
    last: Records = pings[last_of_each(driver_ids)]
    return last


def new_points(lat: FloatArray, lon: FloatArray) -> Records:
    """Return points to search around, [n] of POINT.

    Raises:
        InvalidRequest: a position that the server refuses.
    """
    points = np.empty(len(lat), POINT)
    points["lat"], points["lon"] = lat, lon
    points["score"], points["cell"] = hashes(lat, lon)
    return points


def pack_plan(plan: Plan) -> bytes:
    """Return planned stops, packed."""
    stops = [(stop.kind, stop.order_id, stop.lat, stop.lon) for stop in plan]
    return np.array(stops, STOP).tobytes()


def read_states(records: bytes, plans: bytes) -> DriverStates:
    """Return what records, and the planned stops of those who have some, tell."""
    known, stops = np.frombuffer(records, DRIVER), np.frombuffer(plans, STOP)
    offsets = np.zeros(len(known) + 1, np.int64)
    np.cumsum(known["stops"], out=offsets[1:])
    return DriverStates(
        id=_column(known, "id"),
        lat=_column(known, "lat"),
        lon=_column(known, "lon"),
        seen_at_s=_column(known, "seen_at_s"),
        status=_column(known, "status"),
        load=_column(known, "load"),
        vehicle=_column(known, "vehicle"),
        capacity=_column(known, "capacity"),
        rating=_column(known, "rating"),
        deliveries=_column(known, "deliveries"),
        goal_deliveries=_column(known, "goal_deliveries"),
        shift_end_s=_column(known, "shift_end_s"),
        stop_offsets=offsets,
        stop_kind=_column(stops, "kind"),
        stop_order_id=_column(stops, "order_id"),
        stop_lat=_column(stops, "lat"),
        stop_lon=_column(stops, "lon"),
    )


def last_of_each(driver_ids: IntArray) -> Any:
    """Return an index that keeps of every driver the last entry; all, in nearly every batch."""
    ordered = np.sort(driver_ids)
    if not (ordered[1:] == ordered[:-1]).any():
        return slice(None)
    _, from_the_end = np.unique(np.asarray(driver_ids)[::-1], return_index=True)
    return np.sort(len(driver_ids) - 1 - from_the_end)


def _place(records: Records, lat: FloatArray, lon: FloatArray, at_s: float) -> None:
    places = locate(lat, lon)
    records["lat"], records["lon"], records["seen_at_s"] = places.lat, places.lon, at_s
    records["score"], records["cell"] = places.score, places.cell


def _column(records: Records, name: str) -> Any:
    return np.array(records[name])  # a copy: the answer's bytes are read-only
