"""The k nearest drivers equal brute force, wherever drivers are and however they move."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.memory import MemoryDriverIndex
from domain.drivers import DriverProfiles, DriverStatus, Stop
from domain.stop_kind import StopKind
from domain.units import haversine_m
from services.drive import drive

PLACES = st.sampled_from(
    [(49.25, -123.1, 0.2), (-17.7, 180.0, 0.5), (64.1, -21.9, 0.1), (0.0, 0.0, 30.0), (84.0, 10.0, 1.0)]
)


def scatter(rng: np.random.Generator, place: tuple[float, float, float], n: int) -> tuple[Any, Any]:
    """Positions around a place, some equal; across the 180th meridian they wrap."""
    lat, lon, spread = place
    lat = np.clip(lat + spread * rng.uniform(-1, 1, n), -85.0, 85.0)
    lon = (lon + spread * rng.uniform(-1, 1, n) + 180.0) % 360.0 - 180.0
    twins = rng.integers(0, n, n // 4)
    lat[: n // 4], lon[: n // 4] = lat[twins], lon[twins]
    return lat, lon


def brute_force(fleet: dict[str, Any], lat: float, lon: float, k: int, radius_m: float) -> list[float]:
    metres = haversine_m(lat, lon, fleet["lat"], fleet["lon"])[fleet["is_open"]]
    return np.sort(metres[metres <= radius_m])[:k].tolist()


# a driver strayed from the box that the grid was laid for, and so did the point that asks
@example(place=(49.25, -123.1, 0.2), seed=262, n=1, k=1, radius_m=5000.0, moves=2)
@settings(deadline=None, max_examples=60)
@given(
    place=PLACES,
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 400),
    k=st.integers(1, 60),
    radius_m=st.sampled_from([300.0, 5000.0, 200_000.0, math.pi * 6_372_797.6]),
    moves=st.integers(0, 3),
)
def test_nearest_equals_brute_force(
    place: tuple[float, float, float], seed: int, n: int, k: int, radius_m: float, moves: int
) -> None:
    rng = np.random.default_rng(seed)
    index = MemoryDriverIndex()
    ids = rng.choice(10**15, n, replace=False).astype(np.int64) - 10**14
    capacity, load = rng.integers(1, 3, n), rng.integers(0, 3, n)
    lat, lon = scatter(rng, place, n)
    profiles = DriverProfiles(
        id=ids,
        vehicle=np.zeros(n, np.int8),
        capacity=capacity,
        rating=np.full(n, 4.0),
        goal_deliveries=np.zeros(n, np.int32),
        shift_end_s=np.full(n, 9e9),
        lat=lat,
        lon=lon,
    )
    drive(index.sign_on(profiles, 0.0))
    for driver_id, orders in zip(ids.tolist(), load.tolist(), strict=True):
        plan = [Stop(kind=StopKind.DROPOFF, order_id=order, lat=0.0, lon=0.0) for order in range(orders)]
        drive(index.set_plan(driver_id, tuple(plan)))
    seen_at_s = np.zeros(n)
    for step in range(moves):
        moved = rng.random(n) < 0.6
        other = scatter(rng, place, n)
        lat, lon = np.where(moved, other[0], lat), np.where(moved, other[1], lon)
        seen_at_s[moved] = 10.0 * (step + 1)
        drive(index.move(ids[moved], lat[moved], lon[moved], 10.0 * (step + 1)))
    off, paused = rng.random(n) < 0.1, rng.random(n) < 0.1
    drive(index.sign_off(ids[off]))
    drive(index.set_status(ids[paused & ~off], DriverStatus.ON_BREAK))
    is_open = ~off & ~paused & (load < capacity) & (load <= 1) & (seen_at_s >= 5.0)
    query = scatter(rng, place, 20)
    query[0][0], query[1][0] = -place[0], (place[1] + 90.0) % 360.0 - 180.0
    found = drive(index.nearest(*query, k=k, radius_m=radius_m, now_s=35.0, max_load=1))
    fleet = {"lat": lat, "lon": lon, "is_open": is_open}
    allowed = set(ids[is_open].tolist())
    for i in range(20):
        span = slice(found.offsets[i], found.offsets[i + 1])
        expected = brute_force(fleet, query[0][i], query[1][i], k, radius_m)
        np.testing.assert_allclose(found.distance_m[span], expected, rtol=1e-7, atol=1e-2)
        chosen = list(zip(found.distance_m[span].tolist(), found.driver_id[span].tolist(), strict=True))
        assert chosen == sorted(chosen)
        assert {driver_id for _, driver_id in chosen} <= allowed
        assert len({driver_id for _, driver_id in chosen}) == len(chosen)
