"""The metrics of the hand-made day, by hand; and of days on which nothing happens."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from scenarios.mdrp import Instance, Solution, metrics


def test_every_metric_of_the_hand_made_day(instance: Instance, solution: Solution) -> None:
    expected = {
        "undelivered_pct": 25.0,
        "ctd_min": (21 + 27 + 13) / 3,
        "ctd_p90_min": 21 + 0.8 * (27 - 21),
        "ctd_overage_min": (1 + 7 + 0) / 3,
        "rtp_min": (2 + 0 + 0) / 3,
        "rtp_p90_min": 0.8 * 2,
        "rtd_min": (11 + 17 + 8) / 3,
        # c1 rides 3 + 5 + 4 + 13 for nothing, c2 0 + 4; 4 per order and per bundle; the move is no bundle
        "utilisation": ((25 + 12) / 120 + (4 + 8) / 60) / 2,
        "utilisation_p10": 0.2 + 0.1 * (37 / 120 - 0.2),
        # c1: max(2 orders x 10, 2 h x 15); c2: max(10, 15)
        "cost_per_order_usd": (30 + 15) / 3,
        "orders_per_bundle": 3 / 2,
    }
    found = metrics(instance, solution)
    assert list(found) == list(expected)
    assert found == pytest.approx(expected)


def test_pay_is_by_order_where_that_is_more(instance: Instance, solution: Solution) -> None:
    cheap = replace(instance, pay_per_hour_usd=5.0)
    assert metrics(cheap, solution)["cost_per_order_usd"] == pytest.approx((20 + 10) / 3)


def test_nothing_delivered_has_no_times_but_idle_drivers(instance: Instance, empty: Solution) -> None:
    found = metrics(instance, empty)
    assert (found["undelivered_pct"], found["utilisation"], found["utilisation_p10"]) == (100.0, 0.0, 0.0)
    unknown = {name for name, value in found.items() if math.isnan(value)}
    assert unknown == set(found) - {"undelivered_pct", "utilisation", "utilisation_p10"}


def test_the_solution_is_left_as_it_was(instance: Instance, solution: Solution) -> None:
    before = {name: values.copy() for name, values in vars(solution).items()}
    metrics(instance, solution)
    for name, values in before.items():
        np.testing.assert_array_equal(getattr(solution, name), values)
