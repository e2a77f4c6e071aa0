"""What customers see: success, click-to-door, lateness, cancellations, stars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.order_state import OrderState
from domain.units import MINUTE_S
from reports.measures import mean, percentile, share_pct
from reports.metric import Metric
from reports.run import Column, Run

TARGET_CLICK_TO_DOOR_MIN = 40.0
"""Reyes et al. (2018), section 3: the target click-to-door time."""

_REFUSED = -1


def minutes_between(run: Run, start: str, end: str) -> Column:
    """Minutes from one moment to another per order, NaN where either did not happen."""
    return (run.column("orders", end) - run.column("orders", start)) / MINUTE_S


def click_to_door_min(run: Run) -> Column:
    """Minutes from placement to delivery per order, NaN where it was not delivered."""
    return minutes_between(run, "placed_s", "delivered_s")


def is_accepted(run: Run) -> NDArray[np.bool_]:
    """Orders that the platform did not refuse at placement."""
    return np.not_equal(run.column("orders", "state"), _REFUSED)


def is_delivered(run: Run) -> NDArray[np.bool_]:
    """Orders that reached their customers."""
    return np.isfinite(run.column("orders", "delivered_s"))


def is_cancelled(run: Run) -> NDArray[np.bool_]:
    """Orders that were cancelled, by whomever."""
    return np.equal(run.column("orders", "state"), OrderState.CANCELLED)


def _placement_success(run: Run) -> float:
    accepted = is_accepted(run)
    return share_pct(accepted, np.ones_like(accepted))


def _overage(run: Run) -> float:
    return mean(np.maximum(click_to_door_min(run) - TARGET_CLICK_TO_DOOR_MIN, 0.0))


def _on_time(run: Run) -> float:
    is_due = is_delivered(run) | is_cancelled(run)
    return share_pct(run.column("orders", "delivered_s") <= run.column("orders", "promised_s"), is_due)


def _undelivered(run: Run) -> float:
    delivered = is_delivered(run)
    return share_pct(~delivered, np.ones_like(delivered))


def _stars(run: Run, column: str) -> float:
    stars = run.column("orders", column)
    return mean(stars[stars > 0])


CUSTOMER_METRICS = (
    Metric(
        id="placement_success_pct",
        title="Placement success",
        unit="%",
        direction="higher",
        group="customers",
        definition="Share of placement requests that the platform accepted. Demand that found no open "
        "restaurant in reach never becomes a request.",
        function=_placement_success,
        decimals=2,
    ),
    Metric(
        id="on_time_pct",
        title="On time",
        unit="%",
        direction="higher",
        group="customers",
        definition="Share of orders delivered no later than promised at placement, of all that were "
        "delivered or cancelled. A cancelled order is not on time, or cancelling late orders would pay.",
        function=_on_time,
    ),
    Metric(
        id="click_to_door_mean_min",
        title="Click-to-door, mean",
        unit="min",
        direction="lower",
        group="customers",
        definition="Mean time from placement to delivery, over delivered orders.",
        function=lambda run: mean(click_to_door_min(run)),
    ),
    Metric(
        id="click_to_door_p90_min",
        title="Click-to-door, 90th percentile",
        unit="min",
        direction="lower",
        group="customers",
        definition="90th percentile of the time from placement to delivery, over delivered orders.",
        function=lambda run: percentile(click_to_door_min(run), 90),
    ),
    Metric(
        id="click_to_door_overage_min",
        title="Click-to-door overage",
        unit="min",
        direction="lower",
        group="customers",
        definition="Mean of max(0, click-to-door − 40 min), over delivered orders.",
        function=_overage,
        decimals=2,
    ),
    Metric(
        id="late_mean_min",
        title="Lateness, mean",
        unit="min",
        direction="lower",
        group="customers",
        definition="Mean of max(0, delivery − promised moment), over delivered orders.",
        function=lambda run: mean(np.maximum(minutes_between(run, "promised_s", "delivered_s"), 0.0)),
        decimals=2,
    ),
    Metric(
        id="ready_to_pickup_mean_min",
        title="Ready-to-pickup, mean",
        unit="min",
        direction="lower",
        group="customers",
        definition="Mean time that finished food waits for its driver, over orders picked up.",
        function=lambda run: mean(minutes_between(run, "ready_s", "picked_up_s")),
        decimals=2,
    ),
    Metric(
        id="ready_to_pickup_p90_min",
        title="Ready-to-pickup, 90th percentile",
        unit="min",
        direction="lower",
        group="customers",
        definition="90th percentile of the time that finished food waits for its driver, over orders "
        "picked up.",
        function=lambda run: percentile(minutes_between(run, "ready_s", "picked_up_s"), 90),
    ),
    Metric(
        id="ready_to_door_mean_min",
        title="Ready-to-door, mean",
        unit="min",
        direction="lower",
        group="customers",
        definition="Mean time from finished food to delivery, over delivered orders: how cold it gets.",
        function=lambda run: mean(minutes_between(run, "ready_s", "delivered_s")),
    ),
    Metric(
        id="cancelled_pct",
        title="Cancelled",
        unit="%",
        direction="lower",
        group="customers",
        definition="Share of accepted orders that were cancelled, by the customer, the restaurant or the "
        "platform.",
        function=lambda run: share_pct(is_cancelled(run), is_accepted(run)),
        decimals=2,
    ),
    Metric(
        id="undelivered_pct",
        title="Undelivered",
        unit="%",
        direction="lower",
        group="customers",
        definition="Share of all placement requests, refused ones included, that were not delivered.",
        function=_undelivered,
        decimals=2,
    ),
    Metric(
        id="driver_stars",
        title="Stars for drivers",
        unit="stars",
        direction="higher",
        group="customers",
        definition="Mean stars that customers gave drivers, over rated deliveries.",
        function=lambda run: _stars(run, "driver_stars"),
        decimals=2,
    ),
    Metric(
        id="restaurant_stars",
        title="Stars for restaurants",
        unit="stars",
        direction="higher",
        group="customers",
        definition="Mean stars that customers gave restaurants, over rated deliveries.",
        function=lambda run: _stars(run, "restaurant_stars"),
        decimals=2,
    ),
)
