from __future__ import annotations

import numpy as np
import pytest

from domain.stop_kind import StopKind
from matching._workbench import leaving_s, routes_cost
from matching.cheapest_insertion import Insertion
from matching.objective import parse_objective
from matching.routes import decided_plans, planned
from matching.testing import make_snapshot

P, D = StopKind.PICKUP, StopKind.DROPOFF


def test_two_restaurants_share_a_route_where_that_costs_least(market, rng):
    # On the way from 0 to 9 lie both restaurants and both customers; the other driver is far.
    snapshot = market(restaurants=[2, 4], customers=[6, 9], drivers=[0, 60])
    decision = Insertion()(snapshot, rng)
    assert decision.driver.tolist() == [0, 0]
    assert decided_plans(snapshot, decision).of(0) == [(0, P), (1, P), (0, D), (1, D)]


def test_regret_gives_the_near_driver_to_the_order_that_has_no_other(market, rng):
    # Both are cheapest with driver 0; order 0 loses little elsewhere, order 1 loses 50 minutes.
    snapshot = market(
        restaurants=[5, 6],
        customers=[5, 6],
        drivers=[6, 4],
        driver_capacity=[1, 1],
        candidate_offsets=[0, 2, 3],
        candidate_driver=[0, 1, 0],
        candidate_distance_m=np.zeros(3),
    )
    assert Insertion(by_regret=True)(snapshot, rng).driver.tolist() == [1, 0]


@pytest.mark.parametrize(("margin_s", "driver"), [(60.0, 1), (100_000.0, 0)])
def test_an_accepted_order_moves_only_for_more_than_the_margin(market, rng, margin_s, driver):
    # Driver 0, 30 minutes away, has accepted order 1; driver 1 stands at its restaurant.
    snapshot = market(
        restaurants=[31],
        customers=[32],
        drivers=[1, 31],
        accepted=((31, 33, 0, False),),
        plans={0: [(1, P), (1, D)]},
    )
    decision = Insertion(move_margin_s=margin_s)(snapshot, rng)
    assert decision.driver[1] == driver


def test_a_picked_up_order_stays_where_it_is(market, rng):
    snapshot = market(
        restaurants=[31],
        customers=[32],
        drivers=[1, 31],
        accepted=((31, 33, 0, True),),
        plans={0: [(1, D)]},
    )
    assert Insertion(move_margin_s=0.0)(snapshot, rng).driver[1] == 0


def test_by_trips_an_order_joins_the_trip_of_its_restaurant(market, rng):
    snapshot = market(
        restaurants=[5],
        customers=[8],
        drivers=[2, 90],
        accepted=((5, 7, 0, False),),
        plans={0: [(1, P), (1, D)]},
        by_trips=True,
    )
    decision = Insertion()(snapshot, rng)
    plan = decided_plans(snapshot, decision).of(0)
    assert {stop[1] for stop in plan[:2]} == {P}
    assert plan[2:] == [(1, D), (0, D)]


def test_no_order_is_put_where_it_comes_too_late_or_after_the_shift(market, rng):
    def one(**changes):
        return Insertion()(market(restaurants=[5], customers=[9], drivers=[0], **changes), rng).driver[0]

    assert one() == 0
    assert one(order_latest_s=[1_539.0]) == -1  # 5 + 4 minutes of driving: 1,540 s
    assert one(order_latest_s=[1_540.0]) == 0
    assert one(driver_shift_end_s=[1_299.0]) == -1  # at the restaurant at 1,300 s
    assert one(driver_shift_end_s=[1_300.0]) == 0


def test_an_order_is_held_until_its_driver_must_leave_or_it_has_waited_enough(market, rng):
    def one(ready_s: float, since_s: float = 900.0, hold_s: float = 600.0):
        snapshot = market(
            restaurants=[5],
            customers=[9],
            drivers=[0],
            order_ready_s_est=[ready_s],
            order_since_s=[since_s],
        )
        return Insertion(max_hold_s=hold_s)(snapshot, rng).driver[0]

    assert one(1_310.0) == -1  # leaving at 1,010 s, when the next decision is due, is early enough
    assert one(1_309.0) == 0
    assert one(3_000.0, since_s=409.0) == 0
    assert one(3_000.0, hold_s=0.0) == 0


def test_nobody_sets_out_later_than_food_and_road_demand(market):
    snapshot = market(
        restaurants=[],
        customers=[],
        drivers=[0],
        accepted=((5, 6, 0, False), (6, 9, 0, False)),
        plans={0: [(0, P), (0, D), (1, P), (1, D)]},
        order_ready_s_est=[2_000.0, 0.0],
    )
    assert leaving_s(snapshot, planned(snapshot)).tolist() == [1_700.0, 2_060.0]


@pytest.mark.parametrize("by_trips", [False, True])
def test_replanning_never_costs_more(by_trips, rng):
    for seed in range(4):
        snapshot = make_snapshot(
            orders=25, drivers=20, carrying=0.7, restaurants=8, seed=seed, by_trips=by_trips
        )
        cost = {}
        for passes in (0, 2):
            strategy = Insertion(passes=passes)
            plans = decided_plans(snapshot, strategy(snapshot, rng))
            given = len(plans.order)
            cost[passes] = routes_cost(snapshot, plans, parse_objective(strategy.objective)).sum(), given
        assert cost[0][1] == cost[2][1]
        assert cost[2][0] <= cost[0][0] + 1e-6
