"""Random valid snapshots, for tests and for people who write strategies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from domain.stop_kind import StopKind
from domain.units import FloatArray, IntArray, haversine_m
from domain.vehicles import PROFILES, Vehicle
from matching.contract import Snapshot
from matching.plain_travel import SOUTH, SPAN_LAT, SPAN_LON, WEST, PlainTravel
from matching.snapshot import build_snapshot
from roads.protocols import TravelTimes


def make_snapshot(
    *,
    orders: int = 20,
    drivers: int = 40,
    carrying: float = 0.0,
    ready: float = 0.3,
    candidates: int = 20,
    radius_m: float = 5_000.0,
    restaurants: int = 30,
    vehicles: tuple[Vehicle, ...] = (Vehicle.CAR, Vehicle.SCOOTER),
    now_s: float = 68_400.0,
    window_s: float = 10.0,
    seed: int = 0,
    travel: TravelTimes | None = None,
    by_trips: bool = False,
) -> Snapshot:
    """Return a random valid snapshot: `orders` open orders, `drivers` drivers of whom a share is `carrying`.

    A carrying driver has one or two accepted orders, some picked up, and a plan that serves them. A share
    `ready` of the open orders is ready; the others will be in 1-20 minutes. Full drivers are nobody's
    candidates; drivers who are nobody's candidates fall out, as they do in the service, so the driver axis
    may be shorter than `drivers`. The same arguments give the same snapshot.

    In a market `by_trips` carrying drivers are on a trip of one order, and plan another one after it.

    With a `travel` of your own, nodes are drawn from it; positions come from its ``position(nodes)`` where
    it has one, and are random otherwise.
    """
    rng = np.random.default_rng(seed)
    roads = PlainTravel() if travel is None else travel
    fleet = _draw_fleet(rng, roads, drivers, vehicles, now_s)
    plans = _draw_plans(rng, fleet["capacity"], carrying, by_trips)
    owners = np.array([d for d, plan in enumerate(plans) for _ in range(plan.count)], np.int64)
    picked = np.array([flag for plan in plans for flag in plan.picked], bool)
    columns = _draw_orders(rng, roads, orders, picked, ready=ready, restaurants=restaurants, now_s=now_s)
    load = np.array([plan.count for plan in plans], np.int64)
    offsets, driver, metres = _candidates(columns, fleet, load, orders, candidates, radius_m)
    keep = np.unique(driver)
    return _assemble(
        columns,
        fleet,
        plans,
        keep=keep,
        owners=owners,
        load=load,
        open_orders=orders,
        now_s=now_s,
        next_s=now_s + window_s,
        candidate_offsets=offsets,
        candidate_driver=np.searchsorted(keep, driver),
        candidate_distance_m=metres,
        by_trips=by_trips,
        wait_node=np.unique(columns["restaurant_node"]) if by_trips else [],
        wait_demand=np.ones(len(np.unique(columns["restaurant_node"]))) if by_trips else [],
        travel=roads,
    )


@dataclass(frozen=True)
class _Plan:
    """A driver's accepted orders, numbered from 0, and stops over them."""

    picked: tuple[bool, ...]
    stops: tuple[tuple[int, StopKind], ...]

    @property
    def count(self) -> int:
        return len(self.picked)


def _draw_fleet(
    rng: np.random.Generator,
    roads: TravelTimes,
    drivers: int,
    vehicles: tuple[Vehicle, ...],
    now_s: float,
) -> dict[str, NDArray[Any]]:
    node = rng.integers(0, roads.node_count, drivers)
    lat, lon = _positions(rng, roads, node)
    vehicle = rng.choice(np.array([int(v) for v in vehicles]), drivers)
    capacity = np.array([PROFILES[Vehicle(int(v))].capacity_orders for v in vehicle], np.int64)
    return {
        "node": node,
        "lat": lat,
        "lon": lon,
        "from_s": np.full(drivers, now_s),
        "vehicle": vehicle,
        "capacity": capacity,
        "rating": rng.uniform(3.5, 5.0, drivers),
        "short_orders": np.where(rng.random(drivers) < 0.3, 2.0, 0.0),
        "shift_end_s": rng.uniform(75_000.0, 90_000.0, drivers),
    }


def _draw_plans(rng: np.random.Generator, capacity: IntArray, carrying: float, by_trips: bool) -> list[_Plan]:
    return [
        _draw_plan(rng, int(size), by_trips) if rng.random() < carrying else _Plan((), ())
        for size in capacity
    ]


def _draw_plan(rng: np.random.Generator, capacity: int, by_trips: bool) -> _Plan:
    count = int(rng.integers(1, min(capacity, 2) + 1))
    picked = tuple(bool(rng.random() < 0.5) for _ in range(count))
    if by_trips:
        return _draw_trips(picked)
    stops: list[tuple[int, StopKind]] = []
    for order, is_picked in enumerate(picked):
        drop = int(rng.integers(0, len(stops) + 1))
        stops.insert(drop, (order, StopKind.DROPOFF))
        if not is_picked:
            stops.insert(int(rng.integers(0, drop + 1)), (order, StopKind.PICKUP))
    return _Plan(picked, tuple(stops))


def _draw_trips(picked: tuple[bool, ...]) -> _Plan:
    """Plan a trip per order; only the first one may have begun."""
    picked = (picked[0], *(False for _ in picked[1:]))
    stops: list[tuple[int, StopKind]] = []
    for order, is_picked in enumerate(picked):
        stops += [] if is_picked else [(order, StopKind.PICKUP)]
        stops.append((order, StopKind.DROPOFF))
    return _Plan(picked, tuple(stops))


def _draw_orders(
    rng: np.random.Generator,
    roads: TravelTimes,
    open_orders: int,
    picked: NDArray[np.bool_],
    *,
    ready: float,
    restaurants: int,
    now_s: float,
) -> dict[str, NDArray[Any]]:
    n = open_orders + len(picked)
    restaurant = rng.integers(0, restaurants, n)
    restaurant_node = rng.integers(0, roads.node_count, restaurants)
    lat, lon = _positions(rng, roads, restaurant_node)
    customer_node = rng.integers(0, roads.node_count, n)
    customer_lat, customer_lon = _positions(rng, roads, customer_node)
    placed = now_s - rng.uniform(5.0, 1_500.0, n)
    placed[:open_orders].sort()
    is_ready = rng.random(n) < ready
    is_ready[open_orders:] |= picked
    until = np.where(is_ready, -rng.uniform(0.0, 5.0, n), rng.uniform(60.0, 1_200.0, n))
    return {
        "restaurant": restaurant,
        "restaurant_node": restaurant_node[restaurant],
        "customer_node": customer_node,
        "restaurant_lat": lat[restaurant],
        "restaurant_lon": lon[restaurant],
        "customer_lat": customer_lat,
        "customer_lon": customer_lon,
        "placed_s": placed,
        "ready_s_est": now_s + until,
        "due_s": placed + rng.uniform(1_800.0, 3_000.0, n),
        "since_s": np.maximum(placed, now_s - rng.uniform(0.0, 30.0, n)),
        "is_ready": is_ready,
        "latest_s": np.full(n, np.inf),
        "is_picked_up": np.r_[np.zeros(open_orders, bool), picked],
        "is_pinned": np.r_[np.zeros(open_orders, bool), picked],
    }


def _positions(
    rng: np.random.Generator, roads: TravelTimes, nodes: IntArray
) -> tuple[FloatArray, FloatArray]:
    position = getattr(roads, "position", None)
    if position is not None:
        lat, lon = position(nodes)
    else:
        lat = SOUTH + SPAN_LAT * rng.random(len(nodes))
        lon = WEST + SPAN_LON * rng.random(len(nodes))
    # a few metres around the node: no two things are ever equally far from a third
    return lat + rng.uniform(-2e-4, 2e-4, len(nodes)), lon + rng.uniform(-2e-4, 2e-4, len(nodes))


def _candidates(
    orders: dict[str, NDArray[Any]],
    fleet: dict[str, NDArray[Any]],
    load: IntArray,
    open_orders: int,
    most: int,
    radius_m: float,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return candidates as CSR over open orders: not full, within the radius, nearest first."""
    free = np.flatnonzero(load < fleet["capacity"])
    k = min(most, len(free))
    if open_orders == 0 or k == 0:
        return np.zeros(open_orders + 1, np.int64), np.empty(0, np.int64), np.empty(0)
    lat, lon = orders["restaurant_lat"][:open_orders], orders["restaurant_lon"][:open_orders]
    tree = cKDTree(_on_sphere(fleet["lat"][free], fleet["lon"][free]))
    near = np.sort(tree.query(_on_sphere(lat, lon), k=np.arange(1, k + 1))[1], axis=1)
    away = haversine_m(lat[:, None], lon[:, None], fleet["lat"][free[near]], fleet["lon"][free[near]])
    by_distance = np.argsort(away, axis=1, kind="stable")
    near, away = np.take_along_axis(near, by_distance, 1), np.take_along_axis(away, by_distance, 1)
    is_near = away <= radius_m
    return np.r_[0, np.cumsum(is_near.sum(axis=1))], free[near[is_near]], away[is_near]


def _on_sphere(lat: FloatArray, lon: FloatArray) -> FloatArray:
    """Return points of the unit sphere, whose straight-line distances rank as great-circle ones do."""
    up, east = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(up) * np.cos(east), np.cos(up) * np.sin(east), np.sin(up)], axis=1)


def _assemble(
    orders: dict[str, NDArray[Any]],
    fleet: dict[str, NDArray[Any]],
    plans: list[_Plan],
    *,
    keep: IntArray,
    owners: IntArray,
    load: IntArray,
    open_orders: int,
    **rest: Any,
) -> Snapshot:
    """Put the snapshot together with the drivers `keep` and the orders that they have."""
    kept = np.isin(owners, keep)
    order_driver = np.r_[np.full(open_orders, -1), np.searchsorted(keep, owners[kept])]
    rows = np.r_[np.arange(open_orders), open_orders + np.flatnonzero(kept)]
    first = open_orders + np.r_[0, np.cumsum(load[keep])]
    stops = [
        (int(first[i]) + order, int(kind)) for i, d in enumerate(keep) for order, kind in plans[int(d)].stops
    ]
    return build_snapshot(
        open_orders=open_orders,
        order_driver=order_driver,
        driver_load=load[keep],
        stop_offsets=np.r_[0, np.cumsum([len(plans[int(d)].stops) for d in keep])].astype(np.int64),
        stop_order=[order for order, _ in stops],
        stop_kind=[kind for _, kind in stops],
        **{f"order_{name}": values[rows] for name, values in orders.items()},
        **{f"driver_{name}": values[keep] for name, values in fleet.items()},
        pickup_service_s=120.0,
        dropoff_service_s=120.0,
        **rest,
    )
