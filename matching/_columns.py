"""Columns of a snapshot from the records of `matching.window`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from domain.errors import UserError
from domain.stop_kind import StopKind
from domain.units import FloatArray
from matching._records import Driver, Order, default_stops

Carried = Mapping[Hashable, Sequence[Order]]


def order_columns(orders: Sequence[Order], drivers: Sequence[Driver]) -> dict[str, Any]:
    """Return what a snapshot says of its orders, nodes aside."""
    driver_at = {driver.id: d for d, driver in enumerate(drivers)}
    restaurants = {order.restaurant: 0 for order in orders}
    restaurants = {name: i for i, name in enumerate(restaurants)}
    plain = ("placed_s", "due_s", "since_s", "latest_s", "is_ready", "is_picked_up", "is_pinned")
    return {
        "order_restaurant": [restaurants[order.restaurant] for order in orders],
        "order_restaurant_lat": [order.restaurant_at[0] for order in orders],
        "order_restaurant_lon": [order.restaurant_at[1] for order in orders],
        "order_customer_lat": [order.customer_at[0] for order in orders],
        "order_customer_lon": [order.customer_at[1] for order in orders],
        "order_ready_s_est": [order.ready_s for order in orders],
        "order_driver": [-1 if order.driver is None else driver_at[order.driver] for order in orders],
        **{f"order_{name}": [getattr(order, name) for order in orders] for name in plain},
    }


def driver_columns(drivers: Sequence[Driver], carried: Carried) -> dict[str, Any]:
    """Return what a snapshot says of its drivers, nodes aside."""
    plain = ("vehicle", "capacity", "rating", "short_orders", "shift_end_s", "from_s")
    return {
        "driver_lat": [driver.at[0] for driver in drivers],
        "driver_lon": [driver.at[1] for driver in drivers],
        "driver_load": [len(carried[driver.id]) for driver in drivers],
        **{f"driver_{name}": [getattr(driver, name) for driver in drivers] for name in plain},
    }


def stop_columns(orders: Sequence[Order], drivers: Sequence[Driver], carried: Carried) -> dict[str, Any]:
    """Return the drivers' planned stops.

    Raises:
        UserError: a driver's stops are not those owed.
    """
    row = {order.id: i for i, order in enumerate(orders)}
    plans = [_stops(driver, carried[driver.id]) for driver in drivers]
    return {
        "stop_offsets": np.cumsum([0, *map(len, plans)]),
        "stop_order": [row[order] for plan in plans for order, _ in plan],
        "stop_kind": [int(kind) for plan in plans for _, kind in plan],
    }


def node_columns(orders: Sequence[Order], drivers: Sequence[Driver]) -> dict[str, Any]:
    """Return the nodes that the records name, else the rows of `places`."""
    n = len(orders)
    own = [order.nodes or (i, n + i) for i, order in enumerate(orders)]
    return {
        "order_restaurant_node": [restaurant for restaurant, _ in own],
        "order_customer_node": [customer for _, customer in own],
        "driver_node": [
            2 * n + d if driver.node is None else driver.node for d, driver in enumerate(drivers)
        ],
    }


def places(orders: Sequence[Order], drivers: Sequence[Driver]) -> FloatArray:
    """Return every order's restaurant, every order's customer, every driver: float64 [2n + m, 2], degrees."""
    points = [order.restaurant_at for order in orders] + [order.customer_at for order in orders]
    return np.array([*points, *(driver.at for driver in drivers)], np.float64).reshape(-1, 2)


def _stops(driver: Driver, orders: Sequence[Order]) -> Sequence[tuple[Hashable, StopKind]]:
    """Return a driver's stops, checked: what is not picked up is picked up, then all is dropped off, once."""
    owed = default_stops(orders)
    if driver.stops is None:
        return owed
    is_whole = len(driver.stops) == len(owed) and set(driver.stops) == set(owed)
    at = {stop: i for i, stop in enumerate(driver.stops)}
    for order, kind in owed if is_whole else ():
        is_whole &= kind == StopKind.DROPOFF or at[order, kind] < at[order, StopKind.DROPOFF]
    if not is_whole:
        needed = ", ".join(f"{kind.name.lower()} {order!r}" for order, kind in owed) or "none"
        raise UserError(f"driver {driver.id!r}: stops must be, in some order with pickups first: {needed}")
    return driver.stops
