"""What values are valid: one table, a line per key, and the few rules between keys."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from domain.spec import FleetSpec, MarketSpec, Scenario, ShockSpec
from scenarios.schema import LISTS

Fault = tuple[tuple[str, ...], Any, str]
"""Path of the key, its value, and what would be valid."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """Valid values of a key: in words, and as a test."""

    words: str
    accepts: Callable[[Any], bool]


def _at_least(low: float) -> Range:
    return Range(words=f"{low:g} or more", accepts=lambda x: math.isfinite(x) and x >= low)


def _above(low: float) -> Range:
    return Range(words=f"more than {low:g}", accepts=lambda x: math.isfinite(x) and x > low)


def _between(low: float, high: float) -> Range:
    return Range(words=f"from {low:g} to {high:g}", accepts=lambda x: low <= x <= high)


def _is_day(weights: tuple[float, ...]) -> bool:
    return len(weights) == 24 and all(0.0 <= w < math.inf for w in weights) and sum(weights) > 0.0


_SHARE = _between(0.0, 1.0)
_HOUR = _between(0.0, 24.0)
_FINITE = Range(words="a finite number", accepts=math.isfinite)
_DAY = Range(words="24 numbers, none negative, not all zero", accepts=_is_day)
_NAME = Range(
    words="letters, digits, '_', '-' and '.', a letter or digit first",
    accepts=lambda text: re.fullmatch(r"\w[\w.-]*", text) is not None,
)

RANGES: dict[str, Range] = {
    "name": _NAME,
    "start_h": _HOUR,
    "hours": Range(words="more than 0 and at most 168", accepts=lambda x: 0.0 < x <= 168.0),
    "seed": Range(words="0 or more, below 2**63", accepts=lambda x: 0 <= x < 2**63),
    "drivers": _at_least(0),
    "demand.orders_per_day": _at_least(0),
    "demand.hourly": _DAY,
    "demand.distance_scale_m": _above(0),
    "demand.max_distance_m": _above(0),
    "demand.popularity_sd": _at_least(0),
    "demand.items_mean": _at_least(1),
    "kitchens.restaurants": _at_least(0),
    "kitchens.open_h": _HOUR,
    "kitchens.close_h": _HOUR,
    "kitchens.hours_spread_h": _between(0, 12),
    "kitchens.utilisation": Range(words="more than 0 and at most 1", accepts=lambda x: 0.0 < x <= 1.0),
    "kitchens.min_capacity": _at_least(1),
    "kitchens.prep_mean_s": _above(0),
    "kitchens.prep_between_sd_s": _at_least(0),
    "kitchens.prep_within_cv": _at_least(0),
    "kitchens.quote_bias": _above(-1),
    "kitchens.confirm_mean_s": _at_least(0),
    "kitchens.reject_share": _SHARE,
    "fleet.car_share": _SHARE,
    "fleet.scooter_share": _SHARE,
    "fleet.bicycle_share": _SHARE,
    "fleet.hourly": _DAY,
    "fleet.shift_mean_h": _above(0),
    "fleet.shift_sd_h": _at_least(0),
    "fleet.acceptance": _SHARE,
    "fleet.choosiness_sd": _at_least(0),
    "fleet.acceptance_per_km": _FINITE,
    "fleet.acceptance_per_dollar": _FINITE,
    "fleet.reaction_median_s": _above(0),
    "fleet.reaction_sigma": _at_least(0),
    "fleet.break_every_h": _above(0),
    "fleet.break_mean_s": _at_least(0),
    "fleet.reposition_after_s": _at_least(0),
    "fleet.reposition_share": _SHARE,
    "fleet.pickup_service_s": _at_least(0),
    "fleet.dropoff_service_s": _at_least(0),
    "fleet.rating_mean": _between(1, 5),
    "fleet.goal_deliveries": _at_least(0),
    "customers.assign_patience_s": _above(0),
    "customers.late_tolerance_s": _above(0),
    "customers.rating_share": _SHARE,
    "traffic.edge_noise_sd": _at_least(0),
    "gps.period_s": _at_least(1),
    "gps.noise_m": _at_least(0),
    "trace.detour": _at_least(1),
    "shocks.start_h": _between(0, 192),
    "shocks.end_h": _between(0, 192),
    "shocks.slowdown": _above(0),
    "shocks.demand_factor": _at_least(0),
    "shocks.lat": _between(-90, 90),
    "shocks.lon": _between(-180, 180),
    "shocks.radius_m": _above(0),
    "shocks.share": _SHARE,
    "outages.start_h": _between(0, 192),
    "outages.minutes": _above(0),
    "platform.payment_decline_share": _SHARE,
    "platform.payment_failure_share": _SHARE,
    "platform.offer_ttl_s": _above(0),
    "platform.retry_s": _above(0),
    "platform.give_up_s": _above(0),
    "platform.promise_quantile": Range(
        words="between 0 and 1, neither included", accepts=lambda x: 0.0 < x < 1.0
    ),
    "slo.placement_success_pct": _between(0, 100),
    "slo.match_time_p95_s": _above(0),
    "slo.on_time_pct": _between(0, 100),
    "slo.click_to_door_mean_min": _above(0),
    "slo.cancelled_pct": _between(0, 100),
    "slo.ready_to_pickup_mean_min": _above(0),
}


def faults(scenario: Scenario) -> Iterator[Fault]:
    """Yield every value out of range, then every broken rule between keys; nothing: the scenario is sound."""
    yield from _out_of_range(scenario, (), "")
    seen: set[str] = set()
    for i, market in enumerate(scenario.markets):
        here = ("markets", str(i))
        if market.name in seen:
            yield (*here, "name"), market.name, "different for each market"
        seen.add(market.name)
        yield from _market_faults(market, here)


def _out_of_range(spec: Any, path: tuple[str, ...], table: str) -> Iterator[Fault]:
    for item in fields(spec):
        value, here = getattr(spec, item.name), (*path, item.name)
        if is_dataclass(value):
            yield from _out_of_range(value, here, f"{item.name}.")
        elif item.name in LISTS:
            for i, entry in enumerate(value):
                table_of = "" if item.name == "markets" else f"{item.name}."
                yield from _out_of_range(entry, (*here, str(i)), table_of)
        else:
            valid = RANGES.get(f"{table}{item.name}")
            if valid is not None and value is not None and not valid.accepts(value):
                yield here, value, valid.words


def _market_faults(market: MarketSpec, path: tuple[str, ...]) -> Iterator[Fault]:
    yield from _share_faults(market.fleet, (*path, "fleet"))
    for i, shock in enumerate(market.shocks):
        yield from _shock_faults(shock, (*path, "shocks", str(i)))


def _share_faults(fleet: FleetSpec, path: tuple[str, ...]) -> Iterator[Fault]:
    total = fleet.car_share + fleet.scooter_share + fleet.bicycle_share
    if abs(total - 1.0) > 1e-6:
        words = f"such that car_share, scooter_share and bicycle_share make 1 (they make {total:g})"
        yield (*path, "car_share"), fleet.car_share, words


def _shock_faults(shock: ShockSpec, path: tuple[str, ...]) -> Iterator[Fault]:
    if shock.end_h < shock.start_h:
        yield (*path, "end_h"), shock.end_h, f"no less than start_h ({shock.start_h:g})"
    if (shock.lat is None) != (shock.lon is None):
        given = "lat" if shock.lon is None else "lon"
        yield (*path, given), getattr(shock, given), "given with both lat and lon, or with neither"
