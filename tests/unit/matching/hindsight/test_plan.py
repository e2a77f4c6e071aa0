from __future__ import annotations

import numpy as np
import pytest

from domain.errors import ContractError
from matching.hindsight import build_plan


@pytest.fixture
def line(on_plane):
    """Kitchens at 0 and 10 of a line; orders 0, 1 of the first, 2 of the second; driver 0 starts at 5."""

    def make(**others):
        columns = {
            "kitchens": [(0, 0), (10, 0)],
            "customers": [(3, 0), (5, 0), (6, 0)],
            "restaurant": [0, 0, 1],
            "starts": [(5, 0), (0, 0)],
            "placed": [20, 22, 40],
            "ready": [30, 26, 45],
            "on": [0, 0],
            "off": [60, 20],
        }
        return on_plane(**(columns | others))

    return make


def test_a_bundle_waits_for_all_its_food_and_is_dropped_off_in_turn(line):
    plan = build_plan(line(), [(0, (0, 1)), (0, (2,))])
    assert plan.pickup.tolist() == [30, 52]  # free at 45, five minutes away, two of service
    assert plan.dropoff.tolist() == [37, 43, 60]
    assert plan.cost == (37 - 20) + (43 - 22) + (60 - 40)
    assert plan.undelivered == 0


def test_a_driver_may_wait_at_the_door_for_an_order_to_be_placed_but_not_be_served(line):
    day = line(placed=[20, 22, 40], ready=[20, 26, 45])
    assert build_plan(day, [(0, (0,))]).pickup.tolist() == [22]


def test_without_prepositions_the_ride_begins_at_the_placement(line):
    day = line(ready=[20, 26, 45], prepositions=False)
    assert build_plan(day, [(0, (0,))]).pickup.tolist() == [20 + 5 + 2]


def test_what_nobody_carries_is_counted_and_has_no_click_to_door(line):
    day = line()
    plan = build_plan(day, [(0, (1,))])
    assert plan.undelivered == 2
    assert np.isnan(plan.click_to_door(day)).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("trips", "changes", "says"),
    [
        ([(0, (0, 2))], {}, "not of one restaurant"),
        ([(1, (1,))], {}, "after the shift"),
        ([(0, (0,))], {"latest": np.array([36.0, 90.0, 90.0])}, "too late"),
        ([(0, (0,)), (0, (0,))], {}, "in two trips"),
    ],
)
def test_what_is_impossible_is_refused(line, trips, changes, says):
    with pytest.raises(ContractError, match=says):
        build_plan(line(**changes), trips)


def test_columns_that_do_not_fit_are_refused(line):
    with pytest.raises(ContractError, match="ready has shape"):
        line(ready=[30, 26])
    with pytest.raises(ContractError, match="restaurant"):
        line(on=[0.0, np.nan], restaurant=[0, 0, -1])
    with pytest.raises(ContractError, match="on must be finite"):
        line(on=[0.0, np.nan])
    with pytest.raises(ContractError, match="dropoff_after"):
        line(dropoff_after=-1.0)
