from __future__ import annotations

import numpy as np
import pytest

from matching.objective import SOONEST
from matching.pairs import MUST_GO, price_pairs, unassigned_costs, with_pairs
from matching.routes import planned, with_order
from matching.testing import make_snapshot


def priced(snapshot, **changes):
    arguments = {"load": snapshot.driver_load, "objective": SOONEST, "max_load": 3} | changes
    return price_pairs(snapshot, planned(snapshot), **arguments)


def couples(pairs):
    return set(zip(pairs.order.tolist(), pairs.driver.tolist(), strict=True))


@pytest.fixture
def two_by_two(market):
    """Order 0 from 2 to 4, order 1 from 8 to 9; driver 0 stands at 1, driver 1 at 7."""

    def build(**changes):
        return market(restaurants=[2, 8], customers=[4, 9], drivers=[1, 7], **changes)

    return build


def test_a_pair_costs_the_seconds_until_delivery_from_when_food_could_leave(two_by_two):
    pairs = priced(two_by_two(order_ready_s_est=[900.0, 1_300.0]))
    costs = dict(zip(zip(pairs.order.tolist(), pairs.driver.tolist(), strict=True), pairs.costs, strict=True))
    assert costs[0, 0] == 180.0  # 1 -> 2 -> 4
    assert costs[1, 1] == 60.0  # there in a minute; food in 300 s counts for nobody
    assert costs[1, 0] == 7 * 60.0 + 60.0 - 300.0


def test_pairs_that_deliver_too_late_are_left_out(two_by_two):
    # driver 1 takes 5 min to restaurant 2 and 2 more to the customer; driver 0, 3 in all
    assert couples(priced(two_by_two(order_latest_s=[1_000.0 + 420.0, 1e6]))) == {
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    }
    assert couples(priced(two_by_two(order_latest_s=[1_000.0 + 419.0, 1e6]))) == {(0, 0), (1, 0), (1, 1)}


def test_pairs_that_pick_up_after_the_shift_are_left_out_where_orders_expire(two_by_two):
    shift = {"driver_shift_end_s": [1_000.0 + 60.0, 1e6]}
    assert couples(priced(two_by_two(order_latest_s=[1e6, 1e6], **shift))) == {(0, 0), (0, 1), (1, 1)}
    assert len(couples(priced(two_by_two(**shift)))) == 4


def test_full_drivers_and_orders_not_asked_for_are_left_out(two_by_two):
    snapshot = two_by_two()
    assert couples(priced(snapshot, load=np.array([3, 0]))) == {(0, 1), (1, 1)}
    assert couples(priced(snapshot, is_asked=np.array([False, True]))) == {(1, 0), (1, 1)}


def test_waiting_costs_the_best_pair_and_a_margin_until_it_is_too_long(two_by_two):
    snapshot = two_by_two(order_since_s=[1_000.0, 500.0])
    pairs = priced(snapshot)
    out = unassigned_costs(snapshot, pairs, wait_margin_s=60.0, max_wait_s=20.0)
    assert out.tolist() == [180.0 + 60.0 + 10.0, MUST_GO + 500.0]  # food waits: the window's 10 s count


def test_many_orders_go_into_routes_as_one_by_one():
    snapshot = make_snapshot(orders=20, drivers=30, carrying=0.7, seed=4)
    pairs = priced(snapshot)
    _, taken = np.unique(pairs.driver, return_index=True)
    expected = planned(snapshot)
    for pair in taken:
        expected = with_order(
            expected,
            int(pairs.driver[pair]),
            int(pairs.order[pair]),
            pickup_at=int(pairs.found.pickup_at[pair]),
            dropoff_at=int(pairs.found.dropoff_at[pair]),
        )
    found = with_pairs(pairs, taken)
    for name in ("offsets", "order", "kind"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))
