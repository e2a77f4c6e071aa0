"""When and where customers order: a non-homogeneous Poisson process and a gravity model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from domain.spec import DemandSpec, ShockSpec
from domain.units import EARTH_RADIUS_M, HOUR_S, BoolArray, FloatArray, IntArray, haversine_m
from sim.workload import Restaurants


@dataclass(frozen=True, kw_only=True, eq=False)
class Homes:
    """Where customers live: positions [h], nodes, and weights that need not sum to one."""

    lat: FloatArray
    lon: FloatArray
    node: IntArray
    weight: FloatArray


def cumulative_rate(spec: DemandSpec, start_s: float, end_s: float) -> tuple[FloatArray, FloatArray]:
    """Return minutes [s] of the run and the expected number of orders up to each.

    The rate is linear between the middles of the hours of `spec.hourly`, periodic over days, and scaled so
    that a whole day holds `spec.orders_per_day`.
    """
    weights = np.asarray(spec.hourly, np.float64)
    minutes = np.append(np.arange(start_s, end_s, 60.0), end_s)
    middle = (minutes[:-1] + minutes[1:]) / 2.0 / HOUR_S
    hours = np.arange(-0.5, 25.0)
    padded = np.concatenate([weights[-1:], weights, weights[:1]])
    rate_per_h = np.interp(middle % 24.0, hours, padded) * spec.orders_per_day / weights.sum()
    expected = np.concatenate([[0.0], np.cumsum(rate_per_h * np.diff(minutes) / HOUR_S)])
    return minutes, expected


def poisson_moments(minutes: FloatArray, expected: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the sorted moments [s] of a Poisson process with this cumulative rate (by inversion)."""
    count = rng.poisson(expected[-1])
    if not count:
        return np.empty(0)
    at = np.sort(rng.random(count)) * expected[-1]
    moments: FloatArray = np.interp(at, expected, minutes)
    return moments


def draw_customers(
    spec: DemandSpec,
    shocks: tuple[ShockSpec, ...],
    homes: Homes,
    centre: tuple[float, float],
    span_s: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[FloatArray, IntArray]:
    """Return the moments [s], sorted, and the homes' indices of all customers who want to order.

    A shock that multiplies demand adds customers in a process of its own (or thins, below 1), so that those
    of the undisturbed day stay the same.
    """
    minutes, expected = cumulative_rate(spec, *span_s)
    moments = poisson_moments(minutes, expected, rng)
    home = _draw_homes(homes.weight, len(moments), rng)
    for shock in shocks:
        if shock.demand_factor == 1.0:
            continue
        inside = _affected_homes(shock, homes, centre)
        share = homes.weight[inside].sum() / max(homes.weight.sum(), 1e-300)
        window_s = shock.start_h * HOUR_S, shock.end_h * HOUR_S
        keep = np.ones(len(moments), bool)
        if shock.demand_factor < 1.0:
            hit = (moments >= window_s[0]) & (moments < window_s[1]) & inside[home]
            keep = ~(hit & (rng.random(len(moments)) >= shock.demand_factor))
        begins = np.roll((minutes >= window_s[0]) & (minutes < window_s[1]), 1)
        extra = np.diff(expected, prepend=0.0) * begins * share * max(shock.demand_factor - 1.0, 0.0)
        more = poisson_moments(minutes, np.cumsum(extra), rng)
        more_home = np.flatnonzero(inside)[_draw_homes(homes.weight[inside], len(more), rng)]
        moments, home = np.append(moments[keep], more), np.append(home[keep], more_home)
    order = np.argsort(moments, kind="stable")
    return moments[order], home[order]


def _draw_homes(weight: FloatArray, count: int, rng: np.random.Generator) -> IntArray:
    if not count:
        return np.empty(0, np.int64)
    cumulative = np.cumsum(weight, dtype=np.float64)
    drawn: IntArray = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
    return drawn


def _affected_homes(shock: ShockSpec, homes: Homes, centre: tuple[float, float]) -> BoolArray:
    if shock.kind != "stadium":
        return np.ones(len(homes.node), bool)
    lat, lon = centre if shock.lat is None or shock.lon is None else (shock.lat, shock.lon)
    inside: BoolArray = haversine_m(homes.lat, homes.lon, lat, lon) <= shock.radius_m
    return inside


def choose_restaurants(
    spec: DemandSpec,
    restaurants: Restaurants,
    at_s: FloatArray,
    lat: FloatArray,
    lon: FloatArray,
    rng: np.random.Generator,
) -> IntArray:
    """Return each customer's restaurant index, -1 where none is open in reach.

    Probability proportional to popularity x exp(-distance / `distance_scale_m`) among restaurants open then
    and within `max_distance_m`. O(customers x restaurants).
    """
    u = rng.random(len(at_s))
    chosen: IntArray = _choose(
        at_s % (24 * HOUR_S),
        np.radians(lat),
        np.radians(lon),
        u,
        restaurants.open_s,
        restaurants.close_s,
        np.radians(restaurants.lat),
        np.radians(restaurants.lon),
        restaurants.popularity,
        spec.distance_scale_m,
        spec.max_distance_m,
    )
    return chosen


@njit(cache=True, nogil=True, error_model="numpy")
def _choose(at, lat, lon, u, open_s, close_s, r_lat, r_lon, popularity, scale_m, max_m):  # type: ignore[no-untyped-def]  # numba
    chosen = np.full(len(at), -1, np.int64)
    weight = np.empty(len(r_lat))
    for i in range(len(at)):
        total = 0.0
        shrink = np.cos(lat[i])
        for r in range(len(r_lat)):
            dy = r_lat[r] - lat[i]
            dx = (r_lon[r] - lon[i]) * shrink
            metres = EARTH_RADIUS_M * np.sqrt(dx * dx + dy * dy)
            if metres <= max_m and is_open(at[i], open_s[r], close_s[r]):
                total += popularity[r] * np.exp(-metres / scale_m)
            weight[r] = total
        if total > 0.0:
            chosen[i] = np.searchsorted(weight, u[i] * total, side="right")
    return chosen


@njit(cache=True, nogil=True)
def is_open(at_s, open_s, close_s):  # type: ignore[no-untyped-def]  # numba
    """Tell whether a restaurant is open at a second of the day; closing may lie after midnight."""
    if open_s < close_s:
        return open_s <= at_s < close_s or open_s <= at_s + 86400.0 < close_s
    return False
