"""The run folder: what a run leaves behind, and all that reports read.

    run.json          scenario, hash, seed, strategy, ETA model, cities, versions, wall times (see `RUN_KEYS`)
    orders.parquet    one row per drawn order, by order; the columns below
    offers.parquet    one row per offer
    drivers.parquet   one row per driver
    windows.parquet   one row per dispatch decision, with the wall time of its stages
    series.parquet    one row per simulated minute and market
    map.json          main roads and restaurants per market, for drawing
    slo.json          metrics with their targets, and which are met

A folder without `run.json` is not a run: it is written last, and the folder is renamed into place whole.
Times are seconds since local midnight, NaN where a thing did not happen; ids are -1 where there is none.
Beside the run folders of a comparison there may be a `hindsight.json`, keys `HINDSIGHT_KEYS`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column's numpy dtype (`str` for text), unit and meaning; `drawn`: the strategy cannot change it."""

    dtype: str
    unit: str
    meaning: str
    drawn: bool = False


FORMAT_VERSION = 1

HINDSIGHT = "hindsight.json"
"""Beside the run folders of a comparison: what perfect foresight could have done, keys `HINDSIGHT_KEYS`."""
HINDSIGHT_FORMAT = 1

HINDSIGHT_KEYS: dict[str, str] = {
    "format": "version of this file's layout",
    "world_sha256": "hash of the scenario without strategy, ETA model and seed",
    "iterations": "of the search, per market and seed",
    "click_to_door_s": "per seed, per market: seconds by order in a plan with foresight, null: not in it",
}

RUN_KEYS: dict[str, str] = {
    "format": "version of this folder's layout",
    "asked": "scenario name or file and `--set` overrides, as they were asked for",
    "scenario": "the whole scenario, every default filled in",
    "scenario_sha256": "hash of the scenario",
    "strategy": "id, parameters and flags",
    "eta": "id and parameters",
    "seed": "the run's seed",
    "complete": "false where the run was interrupted; the tables then end early",
    "cities": "per market: name, graph hash, provenance, licence",
    "orders_sha256": "hash of the orders table",
    "lost_demand": "orders that found no open restaurant in reach, or fell outside the map",
    "workers": "processes that shared the markets",
    "wall_s": "wall time during which any market was simulated",
    "setup_s": "the rest of the wall time until the last market ended: loading, drawing, starting processes",
    "cpu_s": "CPU time of all processes",
    "calibration": "CPU time in units of a small work timed within it, and how often; null: not to be had",
    "stages_s": "wall time by stage, summed over markets: world, movement, pings, search, travel, strategy, "
    "services, recording",
    "markets": "per market: name, orders, drivers, sim_s, wall_s, cpu_s, events, most_pending, pings, "
    "peak_rss_bytes and stages_s",
    "stores": "what orders, drivers and events were kept in: server and version of each",
    "incidents": "servers that failed and breakers that opened: market, at_s, subject, state, detail",
    "unanswered": "calls that the platform did not answer, by name",
    "sim_s": "simulated time, of the market that took longest",
    "events": "SimPy events processed",
    "pings": "position updates sent",
    "peak_rss_bytes": "peak resident memory of the largest process",
    "peak_rss_sum_bytes": "peaks of all processes added: never less than what the whole needed at once",
    "versions": "Python and package versions",
    "notes": "fallbacks and peculiarities of this run, a line each",
}

ORDER_COLUMNS: dict[str, Column] = {
    "market": Column("int16", "", "index of the market", drawn=True),
    "order": Column("int64", "", "number of the order in its market, by placement", drawn=True),
    "customer_id": Column("int64", "", "who ordered", drawn=True),
    "restaurant_id": Column("int64", "", "where", drawn=True),
    "restaurant_lat": Column("float64", "deg", "", drawn=True),
    "restaurant_lon": Column("float64", "deg", "", drawn=True),
    "customer_lat": Column("float64", "deg", "", drawn=True),
    "customer_lon": Column("float64", "deg", "", drawn=True),
    "placed_s": Column("float64", "s", "moment of placement", drawn=True),
    "items": Column("int16", "", "dishes", drawn=True),
    "confirm_delay_s": Column("float64", "s", "what the restaurant takes to confirm", drawn=True),
    "prep_usual_s": Column("float64", "s", "the restaurant's usual quote", drawn=True),
    "prep_true_s": Column("float64", "s", "cooking time once the kitchen starts", drawn=True),
    "patience_s": Column("float64", "s", "wait without a driver before trying to cancel", drawn=True),
    "tolerance_s": Column("float64", "s", "lateness before trying to cancel", drawn=True),
    "pickup_service_s": Column("float64", "s", "handling time at the restaurant", drawn=True),
    "dropoff_service_s": Column("float64", "s", "handling time at the customer", drawn=True),
    "direct_s": Column("float64", "s", "believed driving time restaurant to customer by car", drawn=True),
    "subtotal_cents": Column("int64", "cents", "price of the dishes"),
    "prep_quote_s": Column("float64", "s", "preparation time quoted on confirmation"),
    "promised_s": Column("float64", "s", "moment of delivery promised at placement"),
    "eta_placement_s": Column("float64", "s", "moment of delivery predicted at placement"),
    "eta_assignment_s": Column("float64", "s", "moment of delivery predicted at assignment"),
    "eta_pickup_s": Column("float64", "s", "moment of delivery predicted at pickup"),
    "confirmed_s": Column("float64", "s", ""),
    "prep_started_s": Column("float64", "s", ""),
    "ready_s": Column("float64", "s", ""),
    "matched_s": Column("float64", "s", "moment a driver first accepted"),
    "assigned_s": Column("float64", "s", "moment the final driver accepted"),
    "at_restaurant_s": Column("float64", "s", "moment the driver arrived there"),
    "picked_up_s": Column("float64", "s", ""),
    "at_customer_s": Column("float64", "s", "moment the driver arrived there"),
    "delivered_s": Column("float64", "s", ""),
    "completed_s": Column("float64", "s", ""),
    "cancelled_s": Column("float64", "s", ""),
    "state": Column("int8", "", "final `OrderState`; -1 where placement was refused"),
    "reason": Column("str", "", "why it was cancelled or refused; empty otherwise"),
    "driver_id": Column("int64", "", "who carried it"),
    "vehicle": Column("int8", "", "`Vehicle` of that driver, -1 where none"),
    "offers": Column("int16", "", "offers made for it"),
    "bundle": Column("int16", "", "orders on board or accepted when it was picked up, itself included"),
    "driver_stars": Column("int8", "", "0 where not rated"),
    "restaurant_stars": Column("int8", "", "0 where not rated"),
}

OFFER_COLUMNS: dict[str, Column] = {
    "market": Column("int16", "", "index of the market"),
    "offer": Column("int64", "", "id of the offer"),
    "driver_id": Column("int64", "", ""),
    "order": Column("int64", "", "first order of the offer"),
    "orders": Column("int16", "", "orders in it"),
    "created_s": Column("float64", "s", ""),
    "closed_s": Column("float64", "s", ""),
    "outcome": Column("int8", "", "`OfferState`"),
    "pickup_m": Column("float64", "m", "straight line to the restaurant"),
    "drive_s_est": Column("float64", "s", "driving time it adds"),
    "pay_cents": Column("int64", "cents", ""),
}

DRIVER_COLUMNS: dict[str, Column] = {
    "market": Column("int16", "", "index of the market", drawn=True),
    "driver_id": Column("int64", "", "", drawn=True),
    "vehicle": Column("int8", "", "`Vehicle`", drawn=True),
    "capacity": Column("int16", "", "orders carried at once", drawn=True),
    "start_lat": Column("float64", "deg", "", drawn=True),
    "start_lon": Column("float64", "deg", "", drawn=True),
    "shift_start_s": Column("float64", "s", "", drawn=True),
    "shift_end_s": Column("float64", "s", "planned", drawn=True),
    "choosiness": Column("float64", "", "log odds added to acceptance", drawn=True),
    "reaction_s": Column("float64", "s", "median reaction to an offer", drawn=True),
    "rating": Column("float64", "", "stars at the start", drawn=True),
    "goal_deliveries": Column("int32", "", "deliveries wanted", drawn=True),
    "signed_off_s": Column("float64", "s", "moment of signing off"),
    "online_s": Column("float64", "s", "time signed on"),
    "busy_s": Column("float64", "s", "time with at least one order accepted"),
    "driving_s": Column("float64", "s", "driving with at least one order accepted"),
    "waiting_s": Column("float64", "s", "waiting at restaurants"),
    "break_s": Column("float64", "s", "on break"),
    "distance_m": Column("float64", "m", "driven with orders accepted"),
    "idle_distance_m": Column("float64", "m", "driven without"),
    "offers": Column("int32", "", "offers received"),
    "accepted": Column("int32", "", "offers accepted"),
    "delivered": Column("int32", "", "orders delivered"),
    "earnings_cents": Column("int64", "cents", "pay of delivered orders"),
}

WINDOW_COLUMNS: dict[str, Column] = {
    "market": Column("int16", "", "index of the market"),
    "at_s": Column("float64", "s", "moment of the decision"),
    "orders": Column("int32", "", "orders that waited"),
    "drivers": Column("int32", "", "candidate drivers"),
    "pairs": Column("int32", "", "order-driver pairs considered"),
    "offered": Column("int32", "", "orders offered"),
    "waiting": Column("int32", "", "orders left waiting"),
    "conflicts": Column("int32", "", "offers refused by conflict detection"),
    "search_wall_s": Column("float64", "s", "wall time of the candidate search"),
    "snapshot_wall_s": Column("float64", "s", "wall time of building the snapshot"),
    "travel_wall_s": Column("float64", "s", "wall time of travel times asked in the decision"),
    "strategy_wall_s": Column("float64", "s", "wall time of the strategy without travel times"),
    "offer_wall_s": Column("float64", "s", "wall time of checking and opening offers, without travel times"),
    "failed": Column("int8", "", "1 where a store was out of reach: no decision, all stay queued"),
}

SERIES_COLUMNS: dict[str, Column] = {
    "market": Column("int16", "", "index of the market"),
    "at_s": Column("float64", "s", "end of the minute"),
    "placed": Column("int32", "", "orders placed in the minute"),
    "delivered": Column("int32", "", "orders delivered in the minute"),
    "active": Column("int32", "", "orders placed and not ended"),
    "unassigned": Column("int32", "", "of these confirmed and without a driver"),
    "online": Column("int32", "", "drivers signed on"),
    "busy": Column("int32", "", "of these with an order"),
}

TABLES: dict[str, dict[str, Column]] = {
    "orders": ORDER_COLUMNS,
    "offers": OFFER_COLUMNS,
    "drivers": DRIVER_COLUMNS,
    "windows": WINDOW_COLUMNS,
    "series": SERIES_COLUMNS,
}
