"""Drivers of a synthetic market: shifts that follow a daily curve, vehicles, habits."""

from __future__ import annotations

import numpy as np

from domain.spec import FleetSpec, ShockSpec
from domain.units import HOUR_S, FloatArray, IntArray
from domain.vehicles import PROFILES, Vehicle
from sim.streams import Streams
from sim.workload import Shifts

_STEP_S = 300.0
_MIN_SHIFT_H = 1.0
_AFTER_END_S = 2 * HOUR_S  # shifts go on while the last orders are delivered


def draw_shifts(
    fleet: FleetSpec,
    drivers: int,
    span_s: tuple[float, float],
    shocks: tuple[ShockSpec, ...],
    places: tuple[FloatArray, FloatArray, IntArray],
    weight: FloatArray,
    streams: Streams,
) -> Shifts:
    """Draw shifts so that the drivers on shift follow `fleet.hourly`, `drivers` at its peak.

    Drivers start at one of `places` (latitude, longitude, node; arrays [p]), drawn by `weight` [p].
    """
    start_s, end_s = _shift_spans(fleet, drivers, span_s, streams.generator("shifts"))
    count = len(start_s)
    habits, spots = streams.generator("habits"), streams.generator("spots")
    vehicle = habits.choice(
        np.array([Vehicle.CAR, Vehicle.SCOOTER, Vehicle.BICYCLE], np.int8),
        size=count,
        p=np.array([fleet.car_share, fleet.scooter_share, fleet.bicycle_share])
        / (fleet.car_share + fleet.scooter_share + fleet.bicycle_share),
    )
    at = spots.choice(len(weight), size=count, p=weight / weight.sum()) if count else np.empty(0, np.int64)
    return with_habits(
        fleet,
        streams,
        vehicle=vehicle,
        lat=places[0][at],
        lon=places[1][at],
        node=places[2][at],
        start_s=start_s,
        end_s=_after_walkouts(shocks, start_s, end_s, streams),
    )


def with_habits(
    fleet: FleetSpec,
    streams: Streams,
    *,
    vehicle: IntArray,
    lat: FloatArray,
    lon: FloatArray,
    node: IntArray,
    start_s: FloatArray,
    end_s: FloatArray,
) -> Shifts:
    """Return shifts with the drivers' drawn traits: choosiness, reaction, rating, goal, break."""
    rng = streams.generator("traits")
    count = len(start_s)
    capacities = np.array([PROFILES[v].capacity_orders for v in Vehicle], np.int16)
    return Shifts(
        vehicle=vehicle,
        capacity=capacities[vehicle],
        lat=lat,
        lon=lon,
        node=node,
        start_s=start_s,
        end_s=end_s,
        choosiness=rng.normal(0.0, fleet.choosiness_sd, count),
        reaction_s=fleet.reaction_median_s * rng.lognormal(0.0, 0.3, count),
        rating=np.round(np.clip(rng.normal(fleet.rating_mean, 0.2, count), 1.0, 5.0), 2),
        goal_deliveries=np.maximum(rng.poisson(fleet.goal_deliveries, count), 1).astype(np.int32),
        break_at_s=start_s + fleet.break_every_h * HOUR_S * rng.uniform(0.8, 1.2, count),
        break_s=rng.gamma(4.0, fleet.break_mean_s / 4.0, count),
    )


def _shift_spans(
    fleet: FleetSpec, drivers: int, span_s: tuple[float, float], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Fill the wanted curve step by step, from early enough that the first hour has shifts of all ages."""
    curve = np.asarray(fleet.hourly, np.float64) * drivers / max(fleet.hourly)
    hours = np.arange(-0.5, 25.0)
    padded = np.concatenate([curve[-1:], curve, curve[:1]])
    warm_s = (fleet.shift_mean_h + 3 * fleet.shift_sd_h) * HOUR_S
    starts: list[FloatArray] = []
    ends: list[FloatArray] = []
    on_shift_until = np.empty(0)
    for at_s in np.arange(span_s[0] - warm_s, span_s[1] + _AFTER_END_S, _STEP_S):
        on_shift_until = on_shift_until[on_shift_until > at_s]
        wanted = np.interp(at_s / HOUR_S % 24.0, hours, padded)
        missing = max(round(float(wanted)) - len(on_shift_until), 0)
        length_h = np.maximum(rng.normal(fleet.shift_mean_h, fleet.shift_sd_h, missing), _MIN_SHIFT_H)
        begin = at_s + rng.uniform(0.0, _STEP_S, missing)
        starts.append(begin)
        ends.append(begin + length_h * HOUR_S)
        on_shift_until = np.append(on_shift_until, ends[-1])
    start_s, end_s = np.concatenate(starts), np.concatenate(ends)
    take = end_s > span_s[0]
    start_s, end_s = np.maximum(start_s[take], span_s[0]), end_s[take]
    order = np.argsort(start_s, kind="stable")
    return start_s[order], end_s[order]


def _after_walkouts(
    shocks: tuple[ShockSpec, ...], start_s: FloatArray, end_s: FloatArray, streams: Streams
) -> FloatArray:
    """Return shift ends after `drivers_leave` shocks: a share of those on shift goes home at once."""
    draw = streams.generator("walkouts").random(len(start_s))
    for shock in shocks:
        if shock.kind == "drivers_leave":
            at_s = shock.start_h * HOUR_S
            leaves = (start_s <= at_s) & (end_s > at_s) & (draw < shock.share)
            end_s = np.where(leaves, at_s, end_s)
    return end_s
