"""Read the records of `matching.window`: mappings with documented keys into columns."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import UnknownNameError, UserError
from domain.stop_kind import StopKind
from domain.vehicles import PROFILES, Vehicle

Record = Mapping[str, Any]
ORDER_NEEDS = (
    "id",
    "restaurant",
    "restaurant_lat",
    "restaurant_lon",
    "customer_lat",
    "customer_lon",
    "placed_s",
)
ORDER_MAY = (
    *("ready_s", "is_ready", "due_s", "since_s", "latest_s", "driver", "is_picked_up", "is_pinned"),
    *("declined_by", "restaurant_node", "customer_node"),
)
DRIVER_NEEDS = ("id", "lat", "lon")
DRIVER_MAY = ("vehicle", "capacity", "rating", "short_orders", "shift_end_s", "from_s", "stops", "node")
PROMISE_S = 2_400.0
"""Promised delivery after placement where a record says none: 40 minutes."""
SHIFT_S = 86_400.0
KINDS = {"pickup": StopKind.PICKUP, "dropoff": StopKind.DROPOFF}


@dataclass(frozen=True, kw_only=True)
class Order:
    """One order, every default filled in."""

    id: Hashable
    restaurant: Hashable
    restaurant_at: tuple[float, float]
    customer_at: tuple[float, float]
    nodes: tuple[int, int] | None
    placed_s: float
    ready_s: float
    is_ready: bool
    due_s: float
    since_s: float
    latest_s: float
    driver: Hashable | None
    is_picked_up: bool
    is_pinned: bool
    declined_by: frozenset[Hashable]


@dataclass(frozen=True, kw_only=True)
class Driver:
    """One driver, every default filled in; `stops` None: as `default_stops`."""

    id: Hashable
    at: tuple[float, float]
    node: int | None
    vehicle: Vehicle
    capacity: int
    rating: float
    short_orders: float
    shift_end_s: float
    from_s: float
    stops: tuple[tuple[Hashable, StopKind], ...] | None


def read_orders(records: Iterable[Record], now_s: float, *, on_nodes: bool) -> list[Order]:
    """Return the open orders by placement, then the accepted ones; ties keep the records' order.

    Raises:
        UserError: a key is missing, unknown or holds no such value, or an id stands twice.
    """
    orders = [_order(record, i, now_s, on_nodes) for i, record in enumerate(records)]
    _check_ids("order", [order.id for order in orders])
    return sorted(orders, key=lambda order: (order.driver is not None, order.placed_s))


def read_drivers(records: Iterable[Record], now_s: float, *, on_nodes: bool) -> list[Driver]:
    """Return the drivers, in the records' order.

    Raises:
        UserError: as `read_orders`.
    """
    drivers = [_driver(record, i, now_s, on_nodes) for i, record in enumerate(records)]
    _check_ids("driver", [driver.id for driver in drivers])
    return drivers


def default_stops(orders: Sequence[Order]) -> tuple[tuple[Hashable, StopKind], ...]:
    """Return stops for a driver's accepted orders: what is on board first, then order by order."""
    stops = [(order.id, StopKind.DROPOFF) for order in orders if order.is_picked_up]
    for order in orders:
        if not order.is_picked_up:
            stops += [(order.id, StopKind.PICKUP), (order.id, StopKind.DROPOFF)]
    return tuple(stops)


def _order(record: Record, i: int, now_s: float, on_nodes: bool) -> Order:
    where = f"orders[{i}]"
    _check_keys(where, record, ORDER_NEEDS, ORDER_MAY)
    placed_s = _number(where, record, "placed_s", now_s)
    is_ready = bool(record.get("is_ready", _number(where, record, "ready_s", now_s) <= now_s))
    ready_s = _number(where, record, "ready_s", now_s)
    is_picked_up = bool(record.get("is_picked_up", False))
    nodes = (
        (_node(where, record, "restaurant_node"), _node(where, record, "customer_node")) if on_nodes else None
    )
    return Order(
        id=record["id"],
        restaurant=record["restaurant"],
        restaurant_at=_place(where, record, "restaurant_lat", "restaurant_lon"),
        customer_at=_place(where, record, "customer_lat", "customer_lon"),
        nodes=nodes,
        placed_s=placed_s,
        ready_s=ready_s if is_ready else max(ready_s, now_s),
        is_ready=is_ready,
        due_s=_number(where, record, "due_s", placed_s + PROMISE_S),
        since_s=_number(where, record, "since_s", placed_s),
        latest_s=_number(where, record, "latest_s", math.inf),
        driver=record.get("driver"),
        is_picked_up=is_picked_up,
        is_pinned=is_picked_up or bool(record.get("is_pinned", False)),
        declined_by=frozenset(record.get("declined_by", ())),
    )


def _driver(record: Record, i: int, now_s: float, on_nodes: bool) -> Driver:
    where = f"drivers[{i}]"
    _check_keys(where, record, DRIVER_NEEDS, DRIVER_MAY)
    vehicle = _vehicle(record.get("vehicle", "car"))
    stops = record.get("stops")
    return Driver(
        id=record["id"],
        at=_place(where, record, "lat", "lon"),
        node=_node(where, record, "node") if on_nodes else None,
        vehicle=vehicle,
        capacity=int(_number(where, record, "capacity", PROFILES[vehicle].capacity_orders)),
        rating=_number(where, record, "rating", 5.0),
        short_orders=_number(where, record, "short_orders", 0.0),
        shift_end_s=_number(where, record, "shift_end_s", now_s + SHIFT_S),
        from_s=max(_number(where, record, "from_s", now_s), now_s),
        stops=None if stops is None else tuple(_stop(where, *stop) for stop in stops),
    )


def _check_keys(where: str, record: Record, needs: tuple[str, ...], may: tuple[str, ...]) -> None:
    for key in record:
        if key not in needs and key not in may:
            raise UnknownNameError(f"key of {where}:", key, (*needs, *may))
    missing = [key for key in needs if key not in record]
    if missing:
        raise UserError(f"{where} has no {', '.join(missing)}")


def _check_ids(kind: str, ids: Sequence[Hashable]) -> None:
    seen: set[Hashable] = set()
    for each in ids:
        if each in seen:
            raise UserError(f"{kind} {each!r} stands twice")
        seen.add(each)


def _number(where: str, record: Record, key: str, default: float) -> float:
    value = record.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise UserError(f"{where}: {key} must be a number, not {value!r}")
    return float(value)


def _place(where: str, record: Record, lat: str, lon: str) -> tuple[float, float]:
    for key, most in ((lat, 90.0), (lon, 180.0)):
        if not abs(_number(where, record, key, math.inf)) <= most:
            raise UserError(f"{where}: {key} must be from {-most:g} to {most:g} degrees, not {record[key]!r}")
    return float(record[lat]), float(record[lon])


def _node(where: str, record: Record, key: str) -> int:
    value = record.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UserError(f"{where}: {key} must be a node of `travel`, not {value!r}")
    return value


def _vehicle(value: Any) -> Vehicle:
    if isinstance(value, Vehicle):
        return value
    names = {vehicle.name.lower(): vehicle for vehicle in Vehicle}
    if value not in names:
        raise UnknownNameError("vehicle", str(value), names)
    return names[value]


def _stop(where: str, kind: Any, order: Hashable) -> tuple[Hashable, StopKind]:
    if kind not in KINDS:
        raise UnknownNameError(f"stop of {where}:", str(kind), KINDS)
    return order, KINDS[kind]
