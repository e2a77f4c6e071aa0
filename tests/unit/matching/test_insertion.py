from __future__ import annotations

import numpy as np
import pytest

from domain.vehicles import Vehicle
from matching.batch import Batch
from matching.contract import Decision
from matching.insertion import best_insertions
from matching.objective import Objective
from matching.routes import DROPOFF, planned, route_columns, stop_times, with_order
from matching.testing import make_snapshot
from matching.validate import check_decision

OBJECTIVE = Objective(click_to_door=1.0, lateness=2.0, freshness=0.5, driver_time=0.3, driving=0.2)


def route_cost(snapshot, plans, driver):
    """The documented cost of one driver's route, from `stop_times` alone; and when the driver is done."""
    times = stop_times(snapshot, plans)
    stops = slice(plans.offsets[driver], plans.offsets[driver + 1])
    kind, order = plans.kind[stops], plans.order[stops]
    depart, arrival = times.depart_s[stops], times.arrival_s[stops]
    delivered = depart[kind == DROPOFF]
    late = np.maximum(0.0, delivered - snapshot.order_due_s[order[kind == DROPOFF]])
    legs = arrival - np.r_[snapshot.now_s, depart[:-1]]
    driving = np.maximum(legs, 0.0).sum()  # a pickup in the same service is no leg
    done = depart[-1] - snapshot.now_s if len(depart) else 0.0
    age = delivered - snapshot.order_ready_s_est[order[kind == DROPOFF]]
    total = (delivered - snapshot.now_s).sum() + OBJECTIVE.lateness * late.sum()
    total += OBJECTIVE.freshness * (age**2).sum() / 1_800.0
    return total + OBJECTIVE.driver_time * done + OBJECTIVE.driving * driving, done


@pytest.mark.parametrize("seed", range(4))
def test_best_of_all_positions(seed):
    vehicles = (Vehicle.CAR, Vehicle.SCOOTER, Vehicle.BICYCLE)
    snapshot = make_snapshot(orders=4, drivers=25, carrying=0.7, seed=seed, vehicles=vehicles)
    plans = planned(snapshot)
    order = np.repeat(np.arange(4), np.diff(snapshot.candidate_offsets))
    found = best_insertions(snapshot, plans, order, snapshot.candidate_driver, objective=OBJECTIVE)
    for i, (o, d) in enumerate(zip(order.tolist(), snapshot.candidate_driver.tolist(), strict=True)):
        base, base_done = route_cost(snapshot, plans, d)
        stops = len(plans.of(d))
        node = None if not stops else plans.of(d)[0]
        stands_there = (
            node is not None
            and snapshot.driver_node[d]
            == (snapshot.order_customer_node if node[1] == DROPOFF else snapshot.order_restaurant_node)[
                node[0]
            ]
        )
        costs = {}
        for p in range(int(stands_there), stops + 1):
            for q in range(p, stops + 1):
                tried = with_order(plans, d, o, pickup_at=p, dropoff_at=q)
                costs[p, q] = route_cost(snapshot, tried, d)[0] - base
        assert found.cost[i] == pytest.approx(min(costs.values()))
        at = (int(found.pickup_at[i]), int(found.dropoff_at[i]))
        assert costs[at] == pytest.approx(found.cost[i])
        chosen = with_order(plans, d, o, pickup_at=at[0], dropoff_at=at[1])
        assert found.longer_s[i] == pytest.approx(route_cost(snapshot, chosen, d)[1] - base_done)
        times = stop_times(snapshot, chosen)
        mine = np.flatnonzero(chosen.order == o)
        assert found.pickup_s[i] == pytest.approx(times.depart_s[mine[0]])
        assert found.dropoff_s[i] == pytest.approx(times.depart_s[mine[1]])


def test_a_driver_at_the_first_stop_finishes_it_first(market):
    # The driver stands where order 1 is to be picked up; the new order's restaurant is behind.
    at_stop = market(
        restaurants=[4], customers=[9], drivers=[5], accepted=((5, 9, 0, False),), plans={0: [(1, 0), (1, 1)]}
    )
    found = best_insertions(at_stop, planned(at_stop), np.array([0]), np.array([0], np.int32))
    assert found.pickup_at[0] >= 1


def test_ties_go_to_the_later_position(market):
    # Both orders lie at the same two places: any interleaving costs the same.
    snapshot = market(
        restaurants=[3], customers=[6], drivers=[0], accepted=((3, 6, 0, False),), plans={0: [(1, 0), (1, 1)]}
    )
    found = best_insertions(snapshot, planned(snapshot), np.array([0]), np.array([0], np.int32))
    assert (found.pickup_at[0], found.dropoff_at[0]) == (1, 2)
    assert found.longer_s[0] == 0.0


def test_food_is_waited_for(market):
    snapshot = market(restaurants=[1], customers=[2], drivers=[0], order_ready_s_est=[1_600.0])
    found = best_insertions(snapshot, planned(snapshot), np.array([0]), np.array([0], np.int32))
    assert found.pickup_s[0] == 1_600.0
    assert found.dropoff_s[0] == 1_660.0
    assert found.alone_s[0] == found.longer_s[0] == found.cost[0] == 660.0


def test_no_pairs(market):
    snapshot = market(restaurants=[], customers=[], drivers=[])
    found = best_insertions(snapshot, planned(snapshot), np.empty(0, np.int64), np.empty(0, np.int32))
    assert len(found.cost) == 0


@pytest.mark.parametrize("seed", range(4))
def test_by_trips_the_best_of_the_allowed_positions(seed):
    snapshot = make_snapshot(orders=12, drivers=8, carrying=0.9, restaurants=3, seed=seed, by_trips=True)
    plans = planned(snapshot)
    order = np.repeat(np.arange(12), np.diff(snapshot.candidate_offsets))
    found = best_insertions(snapshot, plans, order, snapshot.candidate_driver, objective=OBJECTIVE)
    joined = 0
    for i, (o, d) in enumerate(zip(order.tolist(), snapshot.candidate_driver.tolist(), strict=True)):
        base = route_cost(snapshot, plans, d)[0]
        costs = {}
        stops = len(plans.of(d))
        for p in range(stops + 1):
            for q in range(p, stops + 1):
                tried = with_order(plans, d, o, pickup_at=p, dropoff_at=q)
                driver = snapshot.order_driver.copy()
                driver[o] = d
                decision = Decision(driver=driver, **route_columns(tried, np.array([d])))
                if not check_decision(snapshot, decision, Batch()):
                    costs[p, q] = route_cost(snapshot, tried, d)[0] - base
        assert found.cost[i] == pytest.approx(min(costs.values()))
        joined += found.pickup_at[i] < stops
    assert joined > 0
