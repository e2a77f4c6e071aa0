"""A small made-up instance: for compiling kernels before anything is timed, for tests and examples."""

from __future__ import annotations

import numpy as np

from benchmarks.mdrp.day import play
from matching.contract import Strategy
from scenarios.mdrp import Instance


def small_instance(*, orders: int = 40, drivers: int = 6, restaurants: int = 5, seed: int = 0) -> Instance:
    """Return two hours in a square of 4 km; parameters are those of the public instances.

    The same arguments give the same instance.
    """
    rng = np.random.default_rng(seed)
    placed = np.sort(rng.integers(600, 720, orders))
    return Instance(
        name=f"small{seed}",
        variant=None,
        order_ids=tuple(f"o{i + 1}" for i in range(orders)),
        order_xy_m=rng.integers(0, 4_000, (orders, 2)),
        placed_min=placed,
        ready_min=placed + rng.integers(5, 25, orders),
        restaurant=rng.integers(0, restaurants, orders),
        driver_ids=tuple(f"c{i + 1}" for i in range(drivers)),
        driver_xy_m=rng.integers(0, 4_000, (drivers, 2)),
        on_min=np.full(drivers, 590) + rng.integers(0, 30, drivers),
        off_min=np.full(drivers, 800) + rng.integers(0, 30, drivers),
        restaurant_ids=tuple(f"r{i + 1}" for i in range(restaurants)),
        restaurant_xy_m=rng.integers(0, 4_000, (restaurants, 2)),
        speed_m_per_min=320,
        pickup_service_min=4,
        dropoff_service_min=4,
        target_click_to_door_min=40,
        max_click_to_door_min=90,
        pay_per_order_usd=10.0,
        pay_per_hour_usd=15.0,
    )


def warm_up(strategy: Strategy) -> None:
    """Play a small instance, so that no kernel of the day or of the strategy is compiled while it counts."""
    for preposition in ("none", "nearby"):
        play(small_instance(), strategy, preposition=preposition)
