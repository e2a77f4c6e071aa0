from __future__ import annotations

import numpy as np
import pytest

from domain.stop_kind import StopKind
from matching.postpone import Postpone, last_moments
from matching.routes import decided_plans, with_order
from matching.routes import planned as plans_of
from matching.testing import make_snapshot

P, D = StopKind.PICKUP, StopKind.DROPOFF
CALM = Postpone(buffer_s=0.0, objective="click_to_door")


@pytest.fixture
def food_in(market):
    """An order ready in `ready_in` s; driver 0 is a minute away, driver 1 four minutes."""

    def build(ready_in: float, **changes):
        near = {"restaurants": [5], "customers": [9], "drivers": [4, 1]}
        return market(**near | {"order_ready_s_est": [1_000.0 + ready_in]} | changes)

    return build


def test_an_order_waits_while_its_driver_would_only_wait_at_the_counter(food_in, rng):
    # the ride takes 60 s, the next decision is due in 10 s: who leaves after that is late
    assert CALM(food_in(71.0), rng).driver.tolist() == [-1]
    assert CALM(food_in(69.0), rng).driver.tolist() == [0]
    assert CALM(food_in(-60.0), rng).driver.tolist() == [0]


def test_the_buffer_commits_earlier(food_in, rng):
    snapshot = food_in(300.0)
    assert Postpone(buffer_s=200.0)(snapshot, rng).driver.tolist() == [-1]
    assert Postpone(buffer_s=240.0)(snapshot, rng).driver.tolist() == [0]


def test_a_driver_whom_nobody_can_replace_is_taken_at_once(food_in, rng):
    # driver 1 would have to leave in time, too; far away it would come 35 min late
    far = food_in(300.0, drivers=[4, 45])
    assert CALM(food_in(300.0), rng).driver.tolist() == [-1]
    assert CALM(far, rng).driver.tolist() == [0]
    assert Postpone(buffer_s=0.0, regret_s=1e5)(far, rng).driver.tolist() == [-1]


def test_no_order_waits_for_ever(food_in, rng):
    snapshot = food_in(300.0, order_since_s=[400.0])
    assert CALM(snapshot, rng).driver.tolist() == [-1]
    assert Postpone(max_wait_s=600.0)(snapshot, rng).driver.tolist() == [0]


def test_food_beyond_the_horizon_takes_nobody(food_in, rng):
    # the only driver: nobody could replace it, yet the order is not planned at all
    alone = {"drivers": [4]}
    assert Postpone(horizon_s=500.0)(food_in(501.0, **alone), rng).driver.tolist() == [-1]
    assert Postpone(horizon_s=500.0)(food_in(499.0, **alone), rng).driver.tolist() == [0]


def test_an_order_queued_behind_others_waits_until_its_driver_is_almost_free(market, rng):
    # the driver is busy for ten minutes and then a minute away; whoever else there is, is an hour away
    def busy(until: int):
        return market(
            restaurants=[until + 1],
            customers=[until + 2],
            drivers=[0, 70],
            accepted=((0, until, 0, True),),
            plans={0: [(1, 1)]},
        )

    patient = Postpone(buffer_s=0.0, regret_s=1e5, objective="click_to_door")
    assert patient(busy(10), rng).driver[0] == -1
    assert patient(busy(0), rng).driver[0] == 0


def test_what_is_planned_but_not_committed_keeps_its_driver_from_others(market, rng):
    # Both orders want driver 0. Order 1's food is ready now, but driver 1 is almost as near to it; order 0,
    # which is not due yet, can only be met by driver 0.
    snapshot = market(
        restaurants=[5, 8],
        customers=[1, 50],
        drivers=[6, 11],
        order_ready_s_est=[1_200.0, 900.0],
    )
    calm = Postpone(buffer_s=0.0, regret_s=1e5, objective="click_to_door")
    assert calm(snapshot, rng).driver.tolist() == [-1, 1]


def test_one_window_may_give_a_driver_several_orders(market, rng):
    snapshot = market(restaurants=[2, 2], customers=[6, 7], drivers=[2])
    decision = Postpone()(snapshot, rng)
    assert decision.driver.tolist() == [0, 0]
    assert decided_plans(snapshot, decision).of(0)[:2] == [(0, P), (1, P)]


def test_orders_that_share_a_pickup_are_due_together(market):
    # driver 0 rides 5 min to restaurant 5, where food is ready at 1,400 s and at 2,000 s
    snapshot = market(
        restaurants=[5, 5], customers=[6, 7], drivers=[0], by_trips=True, order_ready_s_est=[1_400.0, 2_000.0]
    )
    alone = with_order(plans_of(snapshot), 0, 0, pickup_at=0, dropoff_at=0)
    assert last_moments(snapshot, alone).tolist() == [1_100.0, np.inf]
    both = with_order(alone, 0, 1, pickup_at=1, dropoff_at=2)
    assert last_moments(snapshot, both).tolist() == [1_700.0, 1_700.0]


def test_an_order_joins_a_committed_trip_before_that_is_picked_up_without_it(market):
    snapshot = market(
        restaurants=[5],
        customers=[7],
        drivers=[0],
        accepted=((5, 6, 0, False),),
        plans={0: [(1, 0), (1, 1)]},
        by_trips=True,
        order_ready_s_est=[2_000.0, 1_400.0],
    )
    joined = with_order(plans_of(snapshot), 0, 0, pickup_at=1, dropoff_at=2)
    assert last_moments(snapshot, joined).tolist() == [1_400.0]


def test_commits_fewer_orders_the_less_food_is_due(rng):
    calm = Postpone(regret_s=1e5)
    given = []
    for ready in (0.0, 0.5, 1.0):
        snapshot = make_snapshot(orders=60, drivers=200, ready=ready, seed=3)
        given.append(int((calm(snapshot, rng).driver >= 0).sum()))
    assert given == sorted(given)
    assert given[0] < 30
    assert given[2] > 50
