"""The drawing behind `reports.testing`: one market's plausible evening."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from domain.offers import OfferState
from domain.order_state import OrderState
from domain.units import haversine_m

_LAT, _LON, _SPREAD = 41.15, -8.61, 0.018
_Columns = dict[str, Any]


@dataclass(eq=False, kw_only=True)
class SyntheticDay:
    """Tables of one market; `skill` 0-1 is how good its strategy is."""

    market: int
    name: str
    seed: int
    orders: int
    drivers: int
    start_s: float
    length_s: float
    skill: float

    def table(self, name: str) -> pd.DataFrame:
        """Return one of the five tables."""
        columns: _Columns = getattr(self, f"_{name}")
        rows = len(next(iter(columns.values())))
        return pd.DataFrame({"market": np.full(rows, self.market), **columns})

    def map(self) -> dict[str, Any]:
        """Return the market's entry of `map.json`: a grid of roads, and the restaurants."""
        ticks = np.linspace(-2.2, 2.2, 15) * _SPREAD
        wave = 0.05 * _SPREAD * np.sin(np.linspace(0, 9, 30))
        line = np.linspace(ticks[0], ticks[-1], 30)
        rows = [(_LAT + tick + wave, _LON + line * 1.3) for tick in ticks]
        columns = [(_LAT + line, _LON + tick * 1.3 + wave) for tick in ticks]
        roads = [
            {"class": index % 3, "lat": lat.round(5).tolist(), "lon": lon.round(5).tolist()}
            for index, (lat, lon) in enumerate([*rows, *columns])
        ]
        lat, lon = self._restaurants
        places = {"lat": lat.round(5).tolist(), "lon": lon.round(5).tolist()}
        return {
            "name": self.name,
            "attribution": "© OpenStreetMap contributors",
            "roads": roads,
            "restaurants": places,
        }

    def _rng(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.market, *purpose])

    @cached_property
    def _restaurants(self) -> tuple[Any, Any]:
        rng = np.random.default_rng(self.market)
        return rng.normal(_LAT, _SPREAD * 0.6, 40), rng.normal(_LON, _SPREAD * 0.8, 40)

    @cached_property
    def _drawn(self) -> _Columns:
        """What the world draws: the seed decides, not the strategy."""
        rng, n = self._rng(1), self.orders
        restaurant = rng.integers(0, 40, n)
        lat, lon = (place[restaurant] for place in self._restaurants)
        home_lat, home_lon = lat + rng.normal(0, _SPREAD / 2, n), lon + rng.normal(0, _SPREAD / 2, n)
        prep = rng.gamma(11.0, 75.0, n)
        return {
            "order": np.arange(n),
            "customer_id": rng.integers(0, 5 * n + 1, n),
            "restaurant_id": restaurant,
            "restaurant_lat": lat,
            "restaurant_lon": lon,
            "customer_lat": home_lat,
            "customer_lon": home_lon,
            "placed_s": self.start_s + np.sort(rng.beta(2.0, 2.0, n)) * self.length_s,
            "items": 1 + rng.poisson(1.5, n),
            "confirm_delay_s": rng.exponential(30.0, n),
            "prep_usual_s": np.full(n, 840.0),
            "prep_true_s": prep,
            "patience_s": rng.exponential(1500.0, n),
            "tolerance_s": rng.exponential(1800.0, n),
            "pickup_service_s": rng.lognormal(4.4, 0.47, n),
            "dropoff_service_s": rng.lognormal(4.4, 0.47, n),
            "direct_s": 120.0 + haversine_m(lat, lon, home_lat, home_lon) * 1.35 / 7.5,
            "subtotal_cents": (900 + 700 * rng.gamma(2.0, 1.0, n)).astype(int),
        }

    @cached_property
    def _orders(self) -> _Columns:
        rng, n, drawn = self._rng(2, int(self.skill * 1000)), self.orders, self._drawn
        luck = self._rng(3)
        confirmed = drawn["placed_s"] + drawn["confirm_delay_s"]
        ready = confirmed + drawn["prep_true_s"]
        assigned = confirmed + rng.gamma(1.3, 6.0 + 22.0 * (1.0 - self.skill), n)
        arrived = assigned + (2.0 - self.skill) * luck.gamma(3.0, 140.0, n)
        picked = np.maximum(arrived, ready) + drawn["pickup_service_s"]
        reached = picked + drawn["direct_s"] * luck.normal(1.15 - 0.1 * self.skill, 0.1, n)
        delivered = reached + drawn["dropoff_service_s"]
        predicted = drawn["placed_s"] + 60.0 + drawn["prep_usual_s"] + drawn["direct_s"] + 330.0
        state = np.full(n, int(OrderState.COMPLETED))
        state[luck.random(n) < 0.005 + 0.05 * (1.0 - self.skill)] = OrderState.CANCELLED
        state[luck.random(n) < 0.0006] = -1
        columns = {
            **drawn,
            "prep_quote_s": drawn["prep_usual_s"],
            "promised_s": predicted + 480.0,
            "eta_placement_s": predicted,
            "eta_assignment_s": predicted + 0.4 * (delivered - predicted),
            "eta_pickup_s": predicted + 0.85 * (delivered - predicted),
            "confirmed_s": confirmed,
            "prep_started_s": confirmed,
            "ready_s": ready,
            "matched_s": assigned,
            "assigned_s": assigned,
            "at_restaurant_s": arrived,
            "picked_up_s": picked,
            "at_customer_s": reached,
            "delivered_s": delivered,
            "completed_s": delivered + 60.0,
            "cancelled_s": np.where(state == OrderState.CANCELLED, confirmed + 900.0, np.nan),
            "state": state,
            "reason": np.where(
                state == -1, "refused", np.where(state == OrderState.CANCELLED, "patience", "")
            ),
            "driver_id": luck.integers(0, max(self.drivers, 1), n),
            "vehicle": luck.integers(0, 3, n),
            "offers": rng.geometric(0.85, n),
            "bundle": np.where(rng.random(n) < 0.35 * self.skill, 2, 1),
            "driver_stars": np.where(luck.random(n) < 0.6, rng.choice([3, 4, 5, 5], n), 0),
            "restaurant_stars": np.where(luck.random(n) < 0.6, luck.choice([3, 4, 5, 5], n), 0),
        }
        return _undo(columns, state)

    @cached_property
    def _offers(self) -> _Columns:
        rng = self._rng(4)
        made = np.repeat(np.arange(self.orders), np.maximum(self._orders["offers"], 0))
        is_last = np.r_[made[1:] != made[:-1], np.ones(min(made.size, 1), bool)]
        created = np.nan_to_num(self._orders["confirmed_s"][made])
        return {
            "offer": np.arange(made.size),
            "driver_id": rng.integers(0, max(self.drivers, 1), made.size),
            "order": made,
            "orders": np.ones(made.size),
            "created_s": created,
            "closed_s": created + 8.0,
            "outcome": np.where(is_last, OfferState.ACCEPTED, OfferState.DECLINED),
            "pickup_m": rng.gamma(2.0, 600.0, made.size),
            "drive_s_est": rng.gamma(4.0, 150.0, made.size),
            "pay_cents": rng.integers(350, 800, made.size),
        }

    @cached_property
    def _drivers(self) -> _Columns:
        rng, n = self._rng(5), self.drivers
        online = rng.uniform(0.6, 1.0, n) * self.length_s
        done = np.bincount(self._orders["driver_id"][self._orders["driver_id"] >= 0], minlength=n)[:n]
        busy = np.minimum(done * (1500.0 - 420.0 * self.skill), online * 0.97)
        return {
            "driver_id": np.arange(n),
            "vehicle": rng.integers(0, 3, n),
            "capacity": np.full(n, 2),
            "start_lat": rng.normal(_LAT, _SPREAD, n),
            "start_lon": rng.normal(_LON, _SPREAD, n),
            "shift_start_s": np.full(n, self.start_s),
            "shift_end_s": self.start_s + online,
            "choosiness": rng.normal(0.0, 0.6, n),
            "reaction_s": rng.lognormal(1.8, 0.3, n),
            "rating": rng.uniform(4.2, 5.0, n),
            "goal_deliveries": np.full(n, 8),
            "signed_off_s": self.start_s + online,
            "online_s": online,
            "busy_s": busy,
            "driving_s": busy * 0.6,
            "waiting_s": busy * (0.3 - 0.15 * self.skill),
            "break_s": np.full(n, 600.0),
            "distance_m": done * (4200.0 - 900.0 * self.skill) * rng.uniform(0.9, 1.1, n),
            "idle_distance_m": (online - busy) * 1.1,
            "offers": done + 2,
            "accepted": done,
            "delivered": done,
            "earnings_cents": done * rng.integers(480, 560, n),
        }

    @cached_property
    def _windows(self) -> _Columns:
        rng, at = self._rng(6), np.arange(self.start_s, self.start_s + self.length_s, 30.0)
        n = at.size if self.orders else 0
        cost = rng.gamma(4.0, 1.0, n) * 1e-4
        return {
            "at_s": at[:n],
            "orders": rng.poisson(4.0, n),
            "drivers": rng.poisson(25.0, n),
            "pairs": rng.poisson(80.0, n),
            "offered": rng.poisson(3.0, n),
            "waiting": rng.poisson(1.0, n),
            "conflicts": np.zeros(n),
            "search_wall_s": cost,
            "snapshot_wall_s": cost * 0.6,
            "travel_wall_s": cost * 2.0,
            "strategy_wall_s": cost * (0.3 + 3.0 * self.skill),
            "offer_wall_s": cost * 1.2,
            "failed": np.zeros(n),
        }

    @cached_property
    def _series(self) -> _Columns:
        at = np.arange(self.start_s, self.start_s + self.length_s + 3600.0, 60.0) + 60.0
        at = at[: at.size if self.orders else 0]
        orders = self._orders
        ended = np.fmin(orders["delivered_s"], orders["cancelled_s"])
        active = _count(orders["confirmed_s"], at) - _count(ended, at)
        waiting = _count(orders["confirmed_s"], at) - _count(np.fmin(orders["assigned_s"], ended), at)
        online = _count(self._drivers["shift_start_s"], at) - _count(self._drivers["shift_end_s"], at)
        return {
            "at_s": at,
            "placed": np.diff(_count(orders["placed_s"], at), prepend=0),
            "delivered": np.diff(_count(orders["delivered_s"], at), prepend=0),
            "active": active,
            "unassigned": waiting,
            "online": online,
            "busy": np.minimum((active * (1.0 - 0.25 * self.skill)).astype(int), online),
        }


def _count(moments: Any, at: Any) -> Any:
    """How many moments lie at or before each of `at`."""
    return np.searchsorted(np.sort(moments[np.isfinite(moments)]), at, side="right")


def _undo(columns: _Columns, state: Any) -> _Columns:
    """Erase what did not happen to cancelled and refused orders."""
    after_driver = ("assigned", "at_restaurant", "picked_up", "at_customer", "delivered", "completed")
    gone = {f"{name}_s": state != OrderState.COMPLETED for name in after_driver}
    gone |= {"eta_assignment_s": state != OrderState.COMPLETED, "eta_pickup_s": state != OrderState.COMPLETED}
    gone |= {f"{name}_s": state == -1 for name in ("confirmed", "prep_started", "ready")}
    done = {
        name: np.where(gone[name], np.nan, value) if name in gone else value
        for name, value in columns.items()
    }
    for name, nothing in (("driver_id", -1), ("vehicle", -1), ("driver_stars", 0), ("restaurant_stars", 0)):
        done[name] = np.where(state != OrderState.COMPLETED, nothing, done[name])
    done["bundle"] = np.where(state != OrderState.COMPLETED, 0, done["bundle"])
    done["offers"] = np.where(state == -1, 0, done["offers"])
    return done
