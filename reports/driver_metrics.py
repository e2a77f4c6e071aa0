"""What drivers see: time, distance, pay and how evenly it falls."""

from __future__ import annotations

import numpy as np

from domain.units import HOUR_S, MINUTE_S
from reports.customer_metrics import is_delivered
from reports.measures import gini, percentile, ratio
from reports.metric import Metric
from reports.run import Column, Run

MIN_ONLINE_S = 1800.0
"""Drivers online for less have no meaningful hourly pay."""


def earnings_per_h_usd(run: Run) -> Column:
    """Dollars per hour online of each driver who was online for at least half an hour."""
    online_s = run.column("drivers", "online_s")
    is_counted = online_s >= MIN_ONLINE_S
    dollars = run.column("drivers", "earnings_cents")[is_counted] / 100.0
    return dollars / (online_s[is_counted] / HOUR_S)


def _total(run: Run, column: str) -> float:
    return float(run.column("drivers", column).sum())


def _per_order(run: Run, column: str, unit: float) -> float:
    return ratio(_total(run, column) / unit, float(np.count_nonzero(is_delivered(run))))


def _per_hour(run: Run, amount: float) -> float:
    return ratio(amount, _total(run, "online_s") / HOUR_S)


DRIVER_METRICS = (
    Metric(
        id="utilisation_pct",
        title="Utilisation",
        unit="%",
        direction="none",
        group="drivers",
        definition="Time with at least one order accepted, of all time online, over all drivers.",
        function=lambda run: 100.0 * ratio(_total(run, "busy_s"), _total(run, "online_s")),
    ),
    Metric(
        id="orders_per_driver_h",
        title="Deliveries per driver hour",
        unit="orders/h",
        direction="higher",
        group="drivers",
        definition="Orders delivered per hour online, over all drivers.",
        function=lambda run: _per_hour(run, float(np.count_nonzero(is_delivered(run)))),
        decimals=2,
    ),
    Metric(
        id="driver_waiting_min",
        title="Driver waiting per order",
        unit="min",
        direction="lower",
        group="drivers",
        definition="Time that drivers waited at restaurants, per delivered order.",
        function=lambda run: _per_order(run, "waiting_s", MINUTE_S),
        decimals=2,
    ),
    Metric(
        id="km_per_order",
        title="Distance per order",
        unit="km",
        direction="lower",
        group="drivers",
        definition="Distance driven with at least one order accepted (to the pickup and loaded), per "
        "delivered order.",
        function=lambda run: _per_order(run, "distance_m", 1000.0),
        decimals=2,
    ),
    Metric(
        id="idle_km_per_order",
        title="Idle distance per order",
        unit="km",
        direction="lower",
        group="drivers",
        definition="Distance driven without an order (repositioning), per delivered order.",
        function=lambda run: _per_order(run, "idle_distance_m", 1000.0),
        decimals=2,
    ),
    Metric(
        id="cost_per_order_usd",
        title="Driver pay per order",
        unit="$",
        direction="lower",
        group="drivers",
        definition="Pay of all drivers per delivered order: what a delivery costs the platform.",
        function=lambda run: _per_order(run, "earnings_cents", 100.0),
        decimals=2,
    ),
    Metric(
        id="earnings_per_h_usd",
        title="Earnings per hour, mean",
        unit="$/h",
        direction="higher",
        group="drivers",
        definition="Pay of all drivers divided by their hours online: the mean over drivers weighted by "
        "hours.",
        function=lambda run: _per_hour(run, _total(run, "earnings_cents") / 100.0),
        decimals=2,
    ),
    Metric(
        id="earnings_p10_per_h_usd",
        title="Earnings per hour, 10th percentile",
        unit="$/h",
        direction="higher",
        group="drivers",
        definition="10th percentile over drivers of hourly pay; drivers online for at least half an hour.",
        function=lambda run: percentile(earnings_per_h_usd(run), 10),
        decimals=2,
    ),
    Metric(
        id="earnings_gini",
        title="Inequality of earnings",
        unit="Gini",
        direction="lower",
        group="drivers",
        definition="Gini coefficient of drivers' hourly pay (0: all equal); drivers online for at "
        "least half an hour.",
        function=lambda run: gini(earnings_per_h_usd(run)),
        decimals=3,
    ),
)
