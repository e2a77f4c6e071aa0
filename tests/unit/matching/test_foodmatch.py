from __future__ import annotations

import numpy as np
import pytest

from domain.stop_kind import StopKind
from matching._batching import batches
from matching._best_route import FREE, ON_BOARD, Problems, best_routes
from matching._food_graph import Fleet, distance
from matching.foodmatch import FoodMatch
from matching.objective import SOONEST
from matching.routes import decided_plans

P, D = StopKind.PICKUP, StopKind.DROPOFF


def problem(snapshot, orders, states, driver=0):
    return Problems(
        offsets=np.array([0, len(orders)], np.int64),
        order=np.array(orders, np.int64),
        state=np.array(states, np.int8),
        node=snapshot.driver_node[[driver]].astype(np.int64),
        begin_s=snapshot.driver_from_s[[driver]],
        shift_end_s=snapshot.driver_shift_end_s[[driver]],
        vehicle=snapshot.driver_vehicle[[driver]],
    )


def test_the_best_route_weighs_what_is_on_board_against_what_is_to_come(market):
    # On board for 6; the new one goes from 1 to 2, which lies on the way from 0.
    snapshot = market(
        restaurants=[1], customers=[2], drivers=[0], accepted=((0, 6, 0, True),), plans={0: [(1, D)]}
    )
    routes = best_routes(snapshot, problem(snapshot, [1, 0], [ON_BOARD, FREE]), objective=SOONEST)
    assert [list(each) for each in routes.of(0)] == [[0, 0, 1], [P, D, D]]
    assert routes.cost[0] == 120.0 + 360.0


def test_the_best_route_by_trips_serves_one_restaurant_after_the_other(market):
    def cost(**changes):
        snapshot = market(restaurants=[1, 2], customers=[3, 4], drivers=[0], **changes)
        return best_routes(snapshot, problem(snapshot, [0, 1], [FREE, FREE]), objective=SOONEST).cost[0]

    assert cost() == 180.0 + 240.0
    assert cost(by_trips=True) == 180.0 + (180.0 + 60.0 + 120.0)  # 1 to 3, back to 2, on to 4


def test_a_route_that_would_be_too_late_is_none(market):
    snapshot = market(restaurants=[1], customers=[5], drivers=[0], order_latest_s=[1_299.0])
    assert best_routes(snapshot, problem(snapshot, [0], [FREE]), objective=SOONEST).cost[0] == np.inf


def test_orders_on_one_way_make_a_batch_and_others_do_not(market):
    snapshot = market(restaurants=[1, 1, 30], customers=[5, 6, 60], drivers=[0, 2, 29])
    made = batches(
        snapshot, np.arange(3), objective=SOONEST, room=np.full(snapshot.drivers, 3), most_rise_s=60.0
    )
    assert [orders for orders, _ in made] == [(0, 1), (2,)]


def test_eta_bounds_what_batching_may_cost(market):
    # Apart 1 to 9 and 2 to 8. Together the first loses nothing, the second the way from 1.
    snapshot = market(restaurants=[1, 2], customers=[9, 8], drivers=[0, 2])

    def count(most_rise_s):
        return len(
            batches(
                snapshot,
                np.arange(2),
                objective=SOONEST,
                room=np.full(snapshot.drivers, 3),
                most_rise_s=most_rise_s,
            )
        )

    assert (count(59.0), count(60.0)) == (2, 1)


def test_a_batch_is_no_larger_than_allowed_and_by_trips_of_one_restaurant(market):
    snapshot = market(restaurants=[1] * 5, customers=[5] * 5, drivers=[0])
    made = batches(snapshot, np.arange(5), objective=SOONEST, room=np.full(1, 2), most_rise_s=1e6)
    assert sorted(len(orders) for orders, _ in made) == [1, 2, 2]
    strict = market(restaurants=[1, 2], customers=[5, 5], drivers=[0], by_trips=True)
    assert len(batches(strict, np.arange(2), objective=SOONEST, room=np.full(1, 3), most_rise_s=1e6)) == 2


def test_batches_and_vehicles_are_matched_at_least_total_cost(market, rng):
    # Order 0's nearest driver is order 1's only near one.
    snapshot = market(restaurants=[5, 6], customers=[1, 12], drivers=[6, 2])
    assert FoodMatch()(snapshot, rng).driver.tolist() == [1, 0]


def test_a_batch_comes_with_its_best_route(market, rng):
    snapshot = market(restaurants=[3, 2], customers=[6, 9], drivers=[0])
    decision = FoodMatch(eta_s=600.0)(snapshot, rng)
    assert decided_plans(snapshot, decision).of(0) == [(1, P), (0, P), (0, D), (1, D)]


@pytest.mark.parametrize(("reshuffles", "driver"), [(True, 1), (False, 0)])
def test_what_is_not_picked_up_is_matched_again(market, rng, reshuffles, driver):
    snapshot = market(
        restaurants=[2],
        customers=[3],
        drivers=[1, 31],
        accepted=((31, 33, 0, False),),
        plans={0: [(1, P), (1, D)]},
    )
    assert FoodMatch(reshuffles=reshuffles)(snapshot, rng).driver[1] == driver


def test_an_accepted_order_that_nobody_takes_stays_with_its_driver(market, rng):
    # One driver, two orders that make no batch: one is matched, the accepted one is never given back.
    snapshot = market(
        restaurants=[2],
        customers=[1],
        drivers=[2],
        accepted=((30, 60, 0, False),),
        plans={0: [(1, P), (1, D)]},
    )
    decision = FoodMatch(eta_s=0.0)(snapshot, rng)
    assert decision.driver[1] == 0


def test_the_angle_makes_what_lies_ahead_nearer(market):
    # Driver 0 is heading north, to 9; the restaurants are equally far.
    snapshot = market(
        restaurants=[7, 3], customers=[8, 2], drivers=[5], accepted=((5, 9, 0, True),), plans={0: [(2, D)]}
    )
    fleet = Fleet(snapshot, np.array([True, True, False]), 3)
    ahead, behind = distance(snapshot, fleet, np.array([0, 1]), np.array([0, 0]), 0.5)
    assert ahead == pytest.approx(0.5)
    assert behind == pytest.approx(1.0)


def test_in_a_shortage_those_who_have_waited_longest_go_first(market, rng):
    snapshot = market(
        restaurants=[5, 5, 5],
        customers=[5, 5, 5],
        drivers=[5],
        driver_capacity=[1],
        order_since_s=[600.0, 300.0, 500.0],
    )
    assert FoodMatch()(snapshot, rng).driver.tolist() == [-1, 0, -1]
