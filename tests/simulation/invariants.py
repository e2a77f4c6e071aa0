"""What every run conserves, whatever its strategy: orders, drivers, time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from domain.offers import OfferState
from domain.order_state import OrderState
from domain.units import haversine_m
from domain.vehicles import PROFILES, Vehicle

TIMES = (
    "placed_s",
    "confirmed_s",
    "prep_started_s",
    "ready_s",
    "picked_up_s",
    "at_customer_s",
    "delivered_s",
    "completed_s",
)
SLACK_S = 1e-6


def check_conservation(orders: pd.DataFrame, offers: pd.DataFrame, drivers: pd.DataFrame) -> None:
    """Check the tables of a complete run, market by market."""
    for market, mine in orders.groupby("market"):
        _check_market(mine, offers[offers["market"] == market], drivers[drivers["market"] == market])


def _check_market(orders: pd.DataFrame, offers: pd.DataFrame, drivers: pd.DataFrame) -> None:
    for check in (
        _every_order_ends_once,
        _times_follow_the_state_table,
        _drivers_carry_only_what_they_accepted,
        _offers_close_once,
    ):
        check(orders, offers)
    _no_driver_is_in_two_places(orders)
    _no_driver_exceeds_the_vehicle(orders, drivers)
    _drivers_books_balance(orders, drivers)


def _every_order_ends_once(orders: pd.DataFrame, _: pd.DataFrame) -> None:
    placed = orders[orders["state"] >= 0]
    assert placed["state"].isin([OrderState.COMPLETED, OrderState.CANCELLED]).all()
    completed = placed["state"] == OrderState.COMPLETED
    assert placed["completed_s"].notna().eq(completed).all()
    assert placed["cancelled_s"].notna().eq(~completed).all()
    assert placed["delivered_s"].notna().eq(completed).all()
    assert (placed.loc[~completed, "reason"] != "").all()
    refused = orders[orders["state"] < 0]
    assert (refused["reason"] != "").all()
    assert refused[list(TIMES[1:])].isna().all().all()


def _times_follow_the_state_table(orders: pd.DataFrame, _: pd.DataFrame) -> None:
    done = orders[orders["state"] == OrderState.COMPLETED]
    times = done[list(TIMES)].to_numpy()
    assert not np.isnan(times).any()
    assert (np.diff(times, axis=1) >= -SLACK_S).all()
    assert (done["picked_up_s"] >= done["ready_s"] - SLACK_S).all()
    assert (done["picked_up_s"] >= done["at_restaurant_s"] - SLACK_S).all()
    assert (done["at_restaurant_s"] >= done["assigned_s"] - SLACK_S).all()
    assert (done["assigned_s"] >= done["confirmed_s"] - SLACK_S).all()
    gone = orders[orders["state"] == OrderState.CANCELLED]
    assert gone["picked_up_s"].isna().all()
    assert (gone["cancelled_s"] >= gone["placed_s"]).all()


def _drivers_carry_only_what_they_accepted(orders: pd.DataFrame, offers: pd.DataFrame) -> None:
    done = orders[orders["state"] == OrderState.COMPLETED]
    accepted = offers[offers["outcome"] == OfferState.ACCEPTED]
    moments = set(zip(accepted["driver_id"], accepted["closed_s"], strict=True))
    for driver, moment in zip(done["driver_id"], done["assigned_s"], strict=True):
        assert (driver, moment) in moments


def _offers_close_once(_: pd.DataFrame, offers: pd.DataFrame) -> None:
    assert offers["offer"].is_unique
    closed = offers["outcome"] != OfferState.PENDING
    assert offers["closed_s"].notna().eq(closed).all()
    assert (offers.loc[closed, "closed_s"] >= offers.loc[closed, "created_s"]).all()
    by_driver = offers[closed].sort_values(["driver_id", "created_s"])
    same = by_driver["driver_id"].to_numpy()[1:] == by_driver["driver_id"].to_numpy()[:-1]
    apart = by_driver["created_s"].to_numpy()[1:] - by_driver["closed_s"].to_numpy()[:-1]
    assert (apart[same] >= -SLACK_S).all()  # never two pending offers


def _visits(orders: pd.DataFrame) -> pd.DataFrame:
    """Return every stop made: driver, when, where, in order of time."""
    done = orders[orders["state"] == OrderState.COMPLETED]
    pickups = done[
        ["driver_id", "vehicle", "at_restaurant_s", "picked_up_s", "restaurant_lat", "restaurant_lon"]
    ]
    drops = done[["driver_id", "vehicle", "at_customer_s", "delivered_s", "customer_lat", "customer_lon"]]
    columns = ["driver_id", "vehicle", "from_s", "to_s", "lat", "lon"]
    visits = pd.concat([pickups.set_axis(columns, axis=1), drops.set_axis(columns, axis=1)])
    return visits.sort_values(["driver_id", "to_s", "from_s"], kind="stable")


def _no_driver_is_in_two_places(orders: pd.DataFrame) -> None:
    """Between leaving one stop and reaching the next, nobody is faster than the vehicle."""
    visits = _visits(orders)
    driver = visits["driver_id"].to_numpy()
    same = driver[1:] == driver[:-1]
    lat, lon = visits["lat"].to_numpy(), visits["lon"].to_numpy()
    metres = haversine_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    seconds = visits["from_s"].to_numpy()[1:] - visits["to_s"].to_numpy()[:-1]
    top = np.array([PROFILES[Vehicle(v)].max_speed_kph / 3.6 for v in visits["vehicle"]])[1:]
    # homes and restaurants lie beside their junction: the street is not part of the drive
    beside_m = 2 * 400.0
    bad = same & (metres > beside_m) & (metres - beside_m > top * seconds + 1.0)
    assert not bad.any()
    apart = same & (metres > beside_m)  # two restaurants at one junction are one place to wait
    assert (seconds[apart] >= -SLACK_S).all()


def _no_driver_exceeds_the_vehicle(orders: pd.DataFrame, drivers: pd.DataFrame) -> None:
    """Speed over all legs stays below the vehicle's, and load at every pickup within capacity."""
    moved = drivers[drivers["driving_s"] > 0]
    top = np.array([PROFILES[Vehicle(v)].max_speed_kph / 3.6 for v in moved["vehicle"]])
    assert (moved["distance_m"] <= top * moved["driving_s"] * 1.0 + 1.0).all()
    capacity = drivers.set_index("driver_id")["capacity"]
    done = orders[orders["state"] == OrderState.COMPLETED]
    for driver, mine in done.groupby("driver_id"):
        up = [(t, 1) for t in mine["picked_up_s"]] + [(t, -1) for t in mine["delivered_s"]]
        load = np.cumsum([step for _, step in sorted(up)])
        assert load.max() <= capacity[driver]
        assert load[-1] == 0


def _drivers_books_balance(orders: pd.DataFrame, drivers: pd.DataFrame) -> None:
    done = orders[orders["state"] == OrderState.COMPLETED]
    counted = drivers.set_index("driver_id")["delivered"]
    assert counted.sum() == len(done)
    assert done["driver_id"].value_counts().reindex(counted.index, fill_value=0).eq(counted).all()
    assert (drivers["busy_s"] <= drivers["online_s"] + SLACK_S).all()
    assert (drivers["driving_s"] + drivers["waiting_s"] <= drivers["busy_s"] + SLACK_S).all()
    assert (drivers["accepted"] <= drivers["offers"]).all()
