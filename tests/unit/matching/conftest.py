"""Small hand-made markets on a line: node k stands k hundredths of a degree north, a minute's drive apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from domain.units import haversine_m
from matching.contract import Snapshot
from matching.snapshot import build_snapshot
from matching.testing import PlainTravel

DEGREES = 0.01


class LineTravel(PlainTravel):
    """Sixty seconds from a node to the next; twice that on a bicycle. Counts its calls."""

    calls = 0

    def times(self, origins, destinations, *, at_s, vehicle=0):
        type(self).calls += 1
        return 60.0 * np.abs(np.asarray(origins, float) - destinations) * (2.0 if vehicle == 2 else 1.0)


def line_market(
    *,
    restaurants: list[int],
    customers: list[int],
    drivers: list[int],
    accepted: tuple[tuple[int, int, int, bool], ...] = (),
    plans: dict[int, list[tuple[int, int]]] | None = None,
    **changes: Any,
) -> Snapshot:
    """Open orders from `restaurants` to `customers`, drivers at nodes, everybody everybody's candidate.

    `accepted`: (restaurant, customer, driver, is picked up); `plans`: driver -> stops (order, kind).
    Food is ready, handling takes no time, it is 1000 s, every promise holds.
    """
    n, m, a = len(restaurants), len(drivers), len(accepted)
    shops = np.array(restaurants + [each[0] for each in accepted], float)
    homes = np.array(customers + [each[1] for each in accepted], float)
    cars = np.array(drivers, float)
    stops = [(plans or {}).get(d, []) for d in range(m)]
    away = haversine_m(shops[:n, None] * DEGREES, 0.0, cars[None, :] * DEGREES, 0.0)
    near = np.argsort(away, axis=1, kind="stable")
    columns: dict[str, Any] = {
        "now_s": 1_000.0,
        "next_s": 1_010.0,
        "open_orders": n,
        "order_restaurant": shops,
        "order_restaurant_node": shops,
        "order_customer_node": homes,
        "order_restaurant_lat": shops * DEGREES,
        "order_restaurant_lon": np.zeros(n + a),
        "order_customer_lat": homes * DEGREES,
        "order_customer_lon": np.zeros(n + a),
        "order_placed_s": np.full(n + a, 900.0),
        "order_ready_s_est": np.full(n + a, 950.0),
        "order_due_s": np.full(n + a, 1e6),
        "order_since_s": np.full(n + a, 900.0),
        "order_latest_s": np.full(n + a, np.inf),
        "order_is_ready": np.ones(n + a, bool),
        "order_is_picked_up": [False] * n + [each[3] for each in accepted],
        "order_is_pinned": [False] * n + [each[3] for each in accepted],
        "order_driver": [-1] * n + [each[2] for each in accepted],
        "driver_lat": cars * DEGREES,
        "driver_lon": np.zeros(m),
        "driver_node": cars,
        "driver_from_s": np.full(m, 1_000.0),
        "driver_vehicle": np.zeros(m),
        "driver_load": np.bincount([each[2] for each in accepted], minlength=m)[:m] if a else np.zeros(m),
        "driver_capacity": np.full(m, 4),
        "driver_rating": np.full(m, 4.0),
        "driver_short_orders": np.zeros(m),
        "driver_shift_end_s": np.full(m, 1e6),
        "stop_offsets": np.cumsum([0] + [len(each) for each in stops]),
        "stop_order": [order for each in stops for order, _ in each],
        "stop_kind": [kind for each in stops for _, kind in each],
        "candidate_offsets": np.arange(n + 1) * m,
        "candidate_driver": near.ravel(),
        "candidate_distance_m": np.take_along_axis(away, near, axis=1).ravel(),
        "pickup_service_s": 0.0,
        "dropoff_service_s": 0.0,
        "by_trips": False,
        "travel": LineTravel(),
    }
    return build_snapshot(**(columns | changes))


@pytest.fixture
def market():
    """Return the builder of line markets."""
    return line_market


@pytest.fixture
def rng():
    return np.random.default_rng(0)
