from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from domain.errors import UserError
from matching.best.strategy import Best
from matching.contract import Decision
from matching.objective import parse_objective
from matching.routes import DROPOFF, Plans, decided_plans, planned, stop_times, with_order
from matching.testing import make_snapshot
from matching.validate import check_decision

SOON = Best(objective="click_to_door", hold_s=0.0, rounds=20.0)


def total_delay(snapshot, plans: Plans) -> float:
    times = stop_times(snapshot, plans)
    return float((times.depart_s[plans.kind == DROPOFF] - snapshot.now_s).sum())


def plans_of(snapshot, owners, sequence):
    """Give the orders, in `sequence`, to their owners, each where it costs least by trying every position."""
    plans = planned(snapshot)
    for order in sequence:
        driver = owners[order]
        stops = len(plans.of(driver))
        tried = [
            with_order(plans, driver, order, pickup_at=p, dropoff_at=q)
            for p in range(stops + 1)
            for q in range(p, stops + 1)
        ]
        plans = min(tried, key=lambda each: total_delay(snapshot, each))
    return plans


@pytest.mark.parametrize("seed", range(4))
def test_as_good_as_every_way_of_sharing_out_few_orders(seed, rng):
    snapshot = make_snapshot(orders=3, drivers=3, ready=1.0, radius_m=50_000.0, seed=seed)
    best = min(
        total_delay(snapshot, plans_of(snapshot, owners, sequence))
        for owners in product(range(snapshot.drivers), repeat=3)
        if max(np.bincount(owners)) <= snapshot.driver_capacity.min()
        for sequence in permutations(range(3))
    )
    decision = SOON(snapshot, rng)
    assert (decision.driver >= 0).all()
    assert total_delay(snapshot, decided_plans(snapshot, decision)) <= best + 1e-6


def test_more_rounds_cost_customers_no_more(rng):
    snapshot = make_snapshot(orders=40, drivers=20, ready=1.0, seed=3, radius_m=50_000.0, candidates=20)
    delays = []
    for rounds in (0.0, 30.0):
        decision = Best(objective="click_to_door", hold_s=0.0, rounds=rounds)(snapshot, rng)
        assert (decision.driver >= 0).all()
        delays.append(total_delay(snapshot, decided_plans(snapshot, decision)))
    assert delays[1] < delays[0]


def trips(market, **changes):
    """One driver 10 s from a restaurant whose food takes until 1,100 s; it is 1,000 s, and again at 1,060."""
    usual = {
        "restaurants": [10],
        "customers": [20],
        "drivers": [0],
        "by_trips": True,
        "order_is_ready": [False],
        "order_ready_s_est": [1_100.0],
        "next_s": 1_060.0,
    }
    return market(**(usual | changes))


def test_by_trips_an_order_is_held_until_its_driver_must_set_out(market, rng):
    travel_s = float(stop_times(trips(market), one_plan(trips(market))).arrival_s[0] - 1_000.0)
    early = trips(market, order_ready_s_est=[1_060.0 + travel_s])
    assert Best()(early, rng).driver.tolist() == [-1]
    due = trips(market, order_ready_s_est=[1_059.0 + travel_s])
    assert Best()(due, rng).driver.tolist() == [0]


def one_plan(snapshot):
    return with_order(planned(snapshot), 0, 0, pickup_at=0, dropoff_at=0)


def test_where_stops_interleave_an_order_is_held_for_so_long_only(market, rng):
    waiting = {"by_trips": False, "order_ready_s_est": [5_000.0], "order_since_s": [950.0]}
    assert Best(hold_s=120.0)(trips(market, **waiting), rng).driver.tolist() == [-1]
    assert Best(hold_s=100.0)(trips(market, **waiting), rng).driver.tolist() == [0]


def test_orders_of_one_restaurant_share_a_trip(market, rng):
    snapshot = market(restaurants=[5, 5], customers=[9, 10], drivers=[5], by_trips=True)
    decision = Best()(snapshot, rng)
    assert decision.driver.tolist() == [0, 0]
    kinds = [int(kind) for _, kind in decided_plans(snapshot, decision).of(0)]
    assert kinds == [0, 0, 1, 1]


def test_an_order_beyond_the_shift_is_left(market, rng):
    late = {"restaurants": [5], "customers": [9], "drivers": [4], "driver_shift_end_s": [1_000.0]}
    assert Best()(market(**late), rng).driver.tolist() == [-1]


def test_fairness_prefers_drivers_who_are_short_of_orders(market, rng):
    snapshot = market(restaurants=[5], customers=[9], drivers=[4, 3], driver_short_orders=[0.0, 1.0])
    plain = Best(objective="click_to_door")(snapshot, rng)
    fair = Best(objective="click_to_door + 100*fairness")(snapshot, rng)
    assert (plain.driver.tolist(), fair.driver.tolist()) == ([0], [1])


def test_idle_drivers_wait_where_demand_is_and_nobody_near(market, rng):
    # The driver at 0 takes the order at 1. Of the idle ones at 30 and 31, one goes to 39, where demand is.
    snapshot = market(
        restaurants=[1],
        customers=[2],
        drivers=[0, 30, 31],
        by_trips=True,
        wait_node=[33, 39],
        wait_demand=[1.0, 50.0],
    )
    decision = Best()(snapshot, rng)
    assert decision.driver.tolist() == [0]
    assert 39 in decision.move_node.tolist()
    assert set(decision.move_driver.tolist()) <= {1, 2}
    assert check_decision(snapshot, decision, Best()) == []
    assert not len(Best(move_most_s=0.0)(snapshot, rng).move_driver)


def test_nobody_is_moved_where_drivers_go_where_they_please(market, rng):
    decision: Decision = Best()(market(restaurants=[1], customers=[2], drivers=[0, 30]), rng)
    assert not len(decision.move_driver)


@pytest.mark.parametrize("part", [5, 64])
def test_big_windows_are_planned_in_parts(part, rng):
    snapshot = make_snapshot(orders=60, drivers=60, carrying=0.3, seed=2)
    strategy = Best(part=part, hold_s=0.0)
    decision = strategy(snapshot, rng)
    assert check_decision(snapshot, decision, strategy) == []
    assert (decision.driver[:60] >= 0).sum() >= 58


def test_a_typo_in_the_objective_is_refused_at_once():
    with pytest.raises(UserError, match="did you mean 'lateness'"):
        Best(objective="latenes")
    assert parse_objective(Best().objective).fairness == 2.0
