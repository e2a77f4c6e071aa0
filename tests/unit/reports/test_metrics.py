"""Every value here was worked out by hand."""

from __future__ import annotations

from math import isnan, nan
from typing import Any

import pytest

from domain.errors import UnknownNameError
from domain.offers import OfferState
from domain.order_state import OrderState
from reports.metrics import METRICS, get_metric, measure
from reports.run import Run

DONE, GONE, REFUSED = int(OrderState.COMPLETED), int(OrderState.CANCELLED), -1

# Four orders: in time, late by 10 min, cancelled without a driver, refused.
ORDERS = {
    "placed_s": [0.0, 600.0, 1200.0, 1800.0],
    "confirmed_s": [30.0, 630.0, 1230.0, nan],
    "matched_s": [40.0, 650.0, nan, nan],
    "assigned_s": [40.0, 650.0, nan, nan],
    "ready_s": [600.0, 1200.0, 1500.0, nan],
    "picked_up_s": [660.0, 1500.0, nan, nan],
    "delivered_s": [1200.0, 3600.0, nan, nan],
    "cancelled_s": [nan, nan, 1245.0, nan],
    "promised_s": [1200.0, 3000.0, 3000.0, 3000.0],
    "eta_placement_s": [1320.0, 3000.0, 3000.0, 3000.0],
    "eta_assignment_s": [1260.0, 3300.0, nan, nan],
    "eta_pickup_s": [1200.0, 3540.0, nan, nan],
    "state": [DONE, DONE, GONE, REFUSED],
    "offers": [1, 3, 2, 0],
    "bundle": [1, 2, 0, 0],
    "driver_stars": [5, 0, 0, 0],
    "restaurant_stars": [4, 3, 0, 0],
}
DRIVERS = {
    "online_s": [3600.0, 7200.0, 600.0],
    "busy_s": [1800.0, 3600.0, 0.0],
    "waiting_s": [60.0, 180.0, 0.0],
    "distance_m": [4000.0, 6000.0, 0.0],
    "idle_distance_m": [1000.0, 0.0, 0.0],
    "earnings_cents": [1000, 6000, 0],
}

EXPECTED = {
    "placement_success_pct": 75.0,
    "on_time_pct": 100.0 / 3.0,
    "click_to_door_mean_min": 35.0,
    "click_to_door_p90_min": 47.0,
    "click_to_door_overage_min": 5.0,
    "late_mean_min": 5.0,
    "ready_to_pickup_mean_min": 3.0,
    "ready_to_pickup_p90_min": 4.6,
    "ready_to_door_mean_min": 25.0,
    "cancelled_pct": 100.0 / 3.0,
    "undelivered_pct": 50.0,
    "driver_stars": 5.0,
    "restaurant_stars": 3.5,
    "offers_per_order": 2.0,
    "orders_per_bundle": 2.0 / 1.5,
    "bundled_pct": 50.0,
    "eta_placement_mae_min": 6.0,
    "eta_placement_bias_min": 4.0,
    "eta_assignment_mae_min": 3.0,
    "eta_pickup_mae_min": 0.5,
    "utilisation_pct": 100.0 * 5400 / 11400,
    "orders_per_driver_h": 2.0 / (11400 / 3600),
    "driver_waiting_min": 2.0,
    "km_per_order": 5.0,
    "idle_km_per_order": 0.5,
    "cost_per_order_usd": 35.0,
    "earnings_per_h_usd": 70.0 / (11400 / 3600),
    "earnings_p10_per_h_usd": 12.0,  # of 10 and 30 $/h; the third driver was online for ten minutes
    "earnings_gini": 0.25,
}


@pytest.mark.parametrize(("name", "value"), EXPECTED.items())
def test_hand_computed_values(tiny: Any, name: str, value: float) -> None:
    assert get_metric(name).function(tiny(orders=ORDERS, drivers=DRIVERS)) == pytest.approx(value)


def test_match_time_counts_cancelled_orders_as_censored(tiny: Any) -> None:
    run = tiny(orders=ORDERS)
    # Waits 10 and 20 s ended; 15 s was cut short: S = 2/3 after 10 s, 2/3 after 15 s, 0 after 20 s.
    assert METRICS["match_time_mean_s"].function(run) == pytest.approx(10 + (2 / 3) * 10)
    assert METRICS["match_time_p95_s"].function(run) == 20.0


def test_acceptance_leaves_withdrawn_offers_out(tiny: Any) -> None:
    states = [
        OfferState.ACCEPTED,
        OfferState.DECLINED,
        OfferState.EXPIRED,
        OfferState.WITHDRAWN,
        OfferState.ACCEPTED,
    ]
    run = tiny(offers={"outcome": [int(state) for state in states]})
    assert METRICS["acceptance_pct"].function(run) == 50.0


def test_decision_time_adds_the_stages(tiny: Any) -> None:
    stages = {f"{stage}_wall_s": [0.001] for stage in ("search", "snapshot", "travel", "offer")}
    run = tiny(windows={**stages, "strategy_wall_s": [0.006]})
    assert METRICS["decision_p95_ms"].function(run) == pytest.approx(10.0)
    assert METRICS["strategy_share_pct"].function(run) == pytest.approx(60.0)


def test_an_empty_run_has_no_values_and_no_warnings(empty_run: Run) -> None:
    values = measure(empty_run)
    assert values.keys() == METRICS.keys()
    assert {name for name, value in values.items() if not isnan(value)} <= {"orders_per_wall_s"}


def test_a_run_in_which_nothing_was_delivered_has_no_door_times(tiny: Any) -> None:
    never = {name: [nan] for name in ("matched_s", "assigned_s", "ready_s", "picked_up_s", "delivered_s")}
    values = measure(
        tiny(orders={**never, "state": [GONE], "placed_s": [0.0], "cancelled_s": [900.0], "bundle": [0]})
    )
    assert values["cancelled_pct"] == 100.0
    assert values["on_time_pct"] == 0.0
    assert isnan(values["click_to_door_mean_min"])
    assert isnan(values["cost_per_order_usd"])


def test_an_unknown_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="click_to_door_mean_min"):
        get_metric("click_to_door_mean")


@pytest.mark.parametrize(
    ("name", "value", "target", "passes"),
    [
        ("on_time_pct", 90.0, 90.0, True),
        ("on_time_pct", 89.9, 90.0, False),
        ("match_time_p95_s", 29.0, 30.0, True),
        ("match_time_p95_s", 31.0, 30.0, False),
        ("eta_placement_bias_min", -3.0, 2.0, False),
        ("on_time_pct", nan, 90.0, None),
        ("on_time_pct", 90.0, None, None),
    ],
)
def test_targets_are_met_in_the_metrics_direction(
    name: str, value: float, target: float | None, passes: bool | None
) -> None:
    assert METRICS[name].meets(value, target) is passes
