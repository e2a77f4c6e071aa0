from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from domain.errors import UserError
from domain.stop_kind import StopKind
from matching.rolling_horizon import RollingHorizon
from matching.rolling_horizon._bundles import target_size
from matching.routes import decided_plans
from matching.testing import make_snapshot
from matching.validate import check_decision

P, D = int(StopKind.PICKUP), int(StopKind.DROPOFF)
ON_ITS_WAY = {"accepted": ((5, 8, 0, False),), "by_trips": True}
"""Driver 0 has accepted the order of index 1, from 5 to 8."""


def decide(snapshot, **parameters):
    strategy = RollingHorizon(**parameters)
    decision = strategy(snapshot, np.random.default_rng(0))
    assert check_decision(snapshot, decision, strategy) == []
    return decision


def stops(snapshot, decision, driver):
    return [(order, int(kind)) for order, kind in decided_plans(snapshot, decision).of(driver)]


@pytest.mark.parametrize(
    ("free", "size"), [([0, 0, 0], 1), ([0, 0, 900], 2), ([0, 900, 900], 3), ([900] * 3, 3)]
)
def test_target_size_is_ready_orders_per_free_driver(free, size):
    ready, picked_up = np.array([0.0, 600.0, 300.0, 601.0, 0.0]), np.array([0, 0, 0, 0, 1], bool)
    trips = np.full(3, -1)
    assert target_size(ready, picked_up, np.array(free, float), trips, 600.0, 600.0) == size


def test_drivers_of_trips_that_may_grow_count_as_free():
    ready, trips = np.zeros(3), np.array([0, -1, -1])
    free = np.array([900.0, 0.0, 900.0])
    assert target_size(ready, np.zeros(3, bool), free, trips, 600.0, 600.0) == 2


@pytest.mark.parametrize("by_trips", [False, True])
def test_shortage_makes_bundles_delivered_along_the_way(market, by_trips):
    snapshot = market(restaurants=[5, 5], customers=[9, 7], drivers=[4], by_trips=by_trips)
    decision = decide(snapshot)
    assert decision.driver.tolist() == [0, 0]
    assert [kind for _, kind in stops(snapshot, decision, 0)] == [P, P, D, D]
    assert [order for order, _ in stops(snapshot, decision, 0)][2:] == [1, 0]


def test_no_bundle_where_drivers_are_plenty_and_customers_apart(market):
    snapshot = market(restaurants=[5, 5], customers=[3, 7], drivers=[5, 6])
    assert sorted(decide(snapshot).driver) == [0, 1]


def test_without_bundling_one_order_waits(market):
    snapshot = market(restaurants=[5, 5], customers=[9, 7], drivers=[4])
    assert sorted(decide(snapshot, max_bundle=1).driver) == [-1, 0]


def test_food_of_a_bundle_does_not_wait_for_food_that_is_late(market):
    # One ride less saves 4 minutes, waiting for the second order costs beta x 8.
    apart = market(restaurants=[5, 5], customers=[9, 9], drivers=[5, 6], order_ready_s_est=[1_000.0, 1_480.0])
    assert sorted(decide(apart, beta=0.6).driver) == [0, 1]
    assert len(set(decide(apart, beta=0.4).driver)) == 1


@pytest.mark.parametrize("by_trips", [False, True])
def test_an_order_joins_a_trip_that_is_not_picked_up(market, by_trips):
    own = ON_ITS_WAY | {"by_trips": by_trips}
    snapshot = market(restaurants=[5], customers=[7], drivers=[5, 6], plans={0: [(1, P), (1, D)]}, **own)
    decision = decide(snapshot)
    assert decision.driver.tolist() == [0, 0]
    assert stops(snapshot, decision, 0) == [(1, P), (0, P), (0, D), (1, D)]


def test_with_a_single_stage_nothing_joins(market):
    snapshot = market(
        restaurants=[5], customers=[7], drivers=[5, 6], plans={0: [(1, P), (1, D)]}, **ON_ITS_WAY
    )
    assert decide(snapshot, two_stage=False).driver[0] == 1


def test_only_candidates_take_an_order_into_their_trip(market):
    snapshot = market(
        restaurants=[5],
        customers=[7],
        drivers=[5, 6],
        plans={0: [(1, P), (1, D)]},
        candidate_offsets=[0, 1],
        candidate_driver=[1],
        candidate_distance_m=[0.0],
        **ON_ITS_WAY,
    )
    assert decide(snapshot).driver[0] == 1


def busy_market(market, *, until_node, **changes):
    """Driver 0, at node 5, drops off at `until_node`, a minute per node away."""
    accepted, plans = ((5, until_node, 0, True),), {0: [(1, D)]}
    return market(accepted=accepted, plans=plans, **{"restaurants": [10], "customers": [12]} | changes)


def test_a_driver_busy_past_the_next_decision_gets_nothing(market):
    assert decide(busy_market(market, until_node=9, drivers=[5])).driver[0] == 0
    assert decide(busy_market(market, until_node=11, drivers=[5])).driver[0] == -1


def test_unless_the_food_has_been_ready_for_long(market):
    snapshot = busy_market(market, until_node=11, drivers=[5])  # ready for 50 s
    assert decide(snapshot, overdue_s=50.0).driver[0] == 0
    assert decide(snapshot, overdue_s=51.0).driver[0] == -1


def test_worth_counts_from_when_the_driver_is_free(market):
    # Both pick up in 5 minutes and deliver in 7: an order in 7 minutes, or in the 3 after dropping off at 9.
    assert decide(busy_market(market, until_node=9, drivers=[5, 5])).driver[0] == 0


@pytest.mark.parametrize(("theta", "driver"), [(0.066, 0), (0.067, 1)])
def test_theta_weighs_waiting_food_against_driver_time(market, theta, driver):
    # Free in 4 min at 9, pickup in 5: 1/3 - theta x 5.83; pickup in 3: 1/5 - theta x 3.83. Equal at 1/15.
    snapshot = busy_market(market, until_node=9, drivers=[5, 7])
    assert decide(snapshot, theta=theta).driver[0] == driver


def test_objective_replaces_the_worth(market):
    snapshot = busy_market(market, until_node=9, drivers=[5, 7])
    assert decide(snapshot, theta=0.0).driver[0] == 0
    assert decide(snapshot, theta=0.0, objective="click_to_door").driver[0] == 1


def test_late_orders_choose_drivers_first(market):
    # Order 0 cannot be there when promised; order 1 is an order per minute, order 0 one in 15.
    snapshot = market(
        restaurants=[10, 5],
        customers=[20, 6],
        drivers=[5],
        order_due_s=[1_000.0, 1e6],
        order_ready_s_est=[950.0] * 2,
    )
    assert decide(snapshot).driver.tolist() == [0, -1]
    assert decide(snapshot, priority_groups=False).driver.tolist() == [-1, 0]


def test_food_that_must_wait_comes_before_food_that_must_not(market):
    # Order 0 has been ready for 50 s; order 1 will be when the driver comes.
    snapshot = market(restaurants=[10, 6], customers=[20, 7], drivers=[5], order_ready_s_est=[950.0, 1_060.0])
    assert decide(snapshot).driver.tolist() == [0, -1]
    assert decide(snapshot, priority_groups=False).driver.tolist() == [-1, 0]


def test_orders_beyond_the_horizon_wait(market):
    def ready_in(seconds):
        return market(restaurants=[5], customers=[7], drivers=[5], order_ready_s_est=[1_000.0 + seconds])

    assert decide(ready_in(900.0)).driver[0] == 0
    assert decide(ready_in(901.0)).driver[0] == -1
    assert decide(ready_in(901.0), lookahead_s=601.0).driver[0] == 0


def test_a_driver_at_hand_need_not_be_sent_before_the_food_is_nearly_ready(market):
    for node, sent in ((5, -1), (11, 0)):  # at the door; six minutes away, so he must go
        snapshot = market(restaurants=[5], customers=[7], drivers=[node], order_ready_s_est=[1_480.0])
        assert decide(snapshot).driver[0] == 0
        assert decide(snapshot, waits_for_food=False).driver[0] == sent


def test_nobody_is_sent_who_comes_after_the_shift_or_too_late(market):
    near = {"restaurants": [8], "customers": [9], "drivers": [5]}  # pickup at 1180 s, delivery at 1240 s
    assert decide(market(driver_shift_end_s=[1_180.0], order_latest_s=[1_240.0], **near)).driver[0] == 0
    assert decide(market(driver_shift_end_s=[1_179.0], **near)).driver[0] == -1
    assert decide(market(order_latest_s=[1_239.0], **near)).driver[0] == -1


def test_a_bundle_that_nobody_may_take_loses_the_order_that_nobody_takes(market):
    snapshot = market(
        restaurants=[5, 5],
        customers=[7, 6],
        drivers=[5],
        candidate_offsets=[0, 1, 1],
        candidate_driver=[0],
        candidate_distance_m=[0.0],
    )
    assert decide(snapshot).driver.tolist() == [0, -1]


def test_no_bundle_is_larger_than_a_vehicle(market):
    snapshot = market(restaurants=[5] * 3, customers=[9] * 3, drivers=[5], driver_capacity=[2])
    assert sorted(decide(snapshot).driver) == [-1, 0, 0]


@pytest.mark.parametrize("seed", range(4))
def test_bundles_never_mix_restaurants(seed):
    snapshot = make_snapshot(
        orders=40, drivers=12, restaurants=5, seed=seed, window_s=300.0, radius_m=50_000.0
    )
    driver = decide(snapshot).driver
    for each in range(snapshot.drivers):
        assert len(np.unique(snapshot.order_restaurant[driver == each])) <= 1
    assert np.bincount(driver[driver >= 0]).max() > 1


def test_one_batch_of_travel_times_per_vehicle_type(market):
    travel = market(restaurants=[1], customers=[2], drivers=[3]).travel
    snapshot = market(
        restaurants=[5, 6, 6], customers=[7, 8, 9], drivers=[5, 6, 7], driver_vehicle=[0, 2, 0], travel=travel
    )
    before = type(travel).calls
    decide(snapshot)
    assert type(travel).calls == before + 2


def test_slow_vehicles_are_timed_as_such(market):
    snapshot = market(restaurants=[5], customers=[7], drivers=[4, 2], driver_vehicle=[2, 0])
    assert decide(snapshot, theta=0.0).driver[0] == 1  # by bicycle (1 + 2) x 2 min, by car 3 + 2
    assert decide(replace(snapshot, driver_vehicle=np.zeros(2, np.int8)), theta=0.0).driver[0] == 0


def test_refuses_an_objective_it_does_not_know():
    with pytest.raises(UserError, match="lateness"):
        RollingHorizon(objective="latenes")
