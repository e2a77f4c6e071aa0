from __future__ import annotations

import numpy as np
import pytest

from domain.stop_kind import StopKind
from matching.contract import Decision
from matching.routes import decided_plans, default_plans, planned, route_columns, stop_times, with_order
from matching.testing import make_snapshot

P, D = StopKind.PICKUP, StopKind.DROPOFF


@pytest.fixture
def carrying(market):
    """Driver 0 holds order 2; driver 1 is to pick up order 3; orders 0 and 1 are open."""
    return market(
        restaurants=[2, 3],
        customers=[8, 9],
        drivers=[0, 5],
        accepted=((1, 4, 0, True), (6, 7, 1, False)),
        plans={0: [(2, 1)], 1: [(3, 0), (3, 1)]},
    )


def test_default_plans_append_pickups_then_dropoffs(carrying):
    plans = default_plans(carrying, np.array([0, 0, 0, 1], np.int32))
    assert plans.of(0) == [(2, D), (0, P), (1, P), (0, D), (1, D)]
    assert plans.of(1) == [(3, P), (3, D)]


def test_default_plans_drop_what_another_driver_takes_over(carrying):
    plans = default_plans(carrying, np.array([-1, -1, 0, 0], np.int32))
    assert plans.of(0) == [(2, D), (3, P), (3, D)]
    assert plans.of(1) == []


def test_with_order_puts_both_stops_where_told(carrying):
    plans = with_order(planned(carrying), 1, 0, pickup_at=0, dropoff_at=1)
    assert plans.of(1) == [(0, P), (3, P), (0, D), (3, D)]
    assert plans.of(0) == [(2, D)]
    assert with_order(planned(carrying), 0, 1, pickup_at=1, dropoff_at=1).of(0) == [(2, D), (1, P), (1, D)]


def test_route_columns_round_trip_through_a_decision(carrying):
    plans = with_order(planned(carrying), 1, 0, pickup_at=0, dropoff_at=1)
    decision = Decision(driver=np.array([1, -1, 0, 1], np.int32), **route_columns(plans, np.array([1])))
    assert decided_plans(carrying, decision).of(1) == plans.of(1)
    assert decided_plans(carrying, decision).of(0) == [(2, D)]
    both = route_columns(plans, np.array([0, 1], np.int32))
    assert both["route_offsets"].tolist() == [0, 1, 5]
    assert both["route_order"].tolist() == plans.order[plans.offsets[0] :].tolist()
    assert route_columns(plans, np.empty(0, np.int32)) == {}


def test_stop_times_drive_wait_and_handle(market):
    snapshot = market(
        restaurants=[1],
        customers=[2],
        drivers=[0],
        accepted=((3, 5, 0, False),),
        plans={0: [(1, 0), (1, 1)]},
        order_ready_s_est=[900.0, 1_300.0],
        pickup_service_s=30.0,
        dropoff_service_s=20.0,
    )
    times = stop_times(snapshot, planned(snapshot))
    assert times.arrival_s.tolist() == [1_180.0, 1_450.0]
    assert times.start_s.tolist() == [1_300.0, 1_450.0]
    assert times.depart_s.tolist() == [1_330.0, 1_470.0]


def test_stop_times_use_each_drivers_vehicle(market):
    snapshot = market(
        restaurants=[],
        customers=[],
        drivers=[0, 0],
        accepted=((0, 2, 0, True), (0, 2, 1, True)),
        plans={0: [(0, 1)], 1: [(1, 1)]},
        driver_vehicle=[0, 2],
    )
    assert stop_times(snapshot, planned(snapshot)).arrival_s.tolist() == [1_120.0, 1_240.0]


def test_plans_are_read_only():
    plans = planned(make_snapshot(carrying=0.5))
    with pytest.raises(ValueError, match="read-only"):
        plans.order[0] = 1


def test_a_bundle_is_picked_up_together_when_all_of_it_is_ready(market):
    # Orders 0 and 1 come from one restaurant; service takes 120 s once, and food is ready at 1100 and 1400 s.
    snapshot = market(
        restaurants=[2, 2],
        customers=[8, 9],
        drivers=[0],
        by_trips=True,
        driver_from_s=[1_050.0],
        order_ready_s_est=[1_100.0, 1_400.0],
        pickup_service_s=120.0,
    )
    plans = default_plans(snapshot, np.zeros(2, np.int32))
    assert plans.of(0) == [(0, P), (1, P), (0, D), (1, D)]
    times = stop_times(snapshot, plans)
    assert times.start_s[:2].tolist() == [1_400.0, 1_400.0]
    assert times.depart_s[:2].tolist() == [1_520.0, 1_520.0]
    assert times.arrival_s[0] > 1_050.0


def test_new_orders_join_trips_or_begin_their_own(market):
    snapshot = market(
        restaurants=[2, 3],
        customers=[8, 9],
        drivers=[0],
        accepted=((3, 7, 0, False), (4, 6, 0, False)),
        plans={0: [(2, P), (2, D), (3, P), (3, D)]},
        by_trips=True,
    )
    plans = default_plans(snapshot, np.zeros(4, np.int32))
    assert plans.of(0) == [(2, P), (1, P), (2, D), (1, D), (3, P), (3, D), (0, P), (0, D)]
