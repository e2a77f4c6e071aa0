"""Recorded orders and shifts, in columns, ready to be replayed."""

from __future__ import annotations

from dataclasses import dataclass

from domain.units import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """A recorded city-day; times are seconds since local midnight, positions degrees.

    Orders, sorted by placement, [n]: `placed_s`, `prep_started_s`, `ready_s`, `promised_s` float64;
    `restaurant` int32, index of the r distinct pickup points in `restaurant_lat`, `restaurant_lon` [r];
    `customer_lat`, `customer_lon` [n]. Shifts [d]: `driver_lat`, `driver_lon`, `on_s`, `off_s` float64;
    `vehicle` int8 (`Vehicle`). `notes` says, a line each, what was repaired or dropped while reading.
    """

    name: str
    placed_s: FloatArray
    prep_started_s: FloatArray
    ready_s: FloatArray
    promised_s: FloatArray
    restaurant: IntArray
    restaurant_lat: FloatArray
    restaurant_lon: FloatArray
    customer_lat: FloatArray
    customer_lon: FloatArray
    driver_lat: FloatArray
    driver_lon: FloatArray
    on_s: FloatArray
    off_s: FloatArray
    vehicle: IntArray
    notes: tuple[str, ...]
