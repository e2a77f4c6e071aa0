"""Records in, who carries what out: what a dispatch team's service sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from domain.errors import UserError
from domain.units import haversine_m
from matching.batch import Batch
from matching.nearest import Nearest
from matching.plain_travel import PlainTravel, PointTravel
from matching.validate import check_decision
from matching.window import make_window

NOW_S = 68_400.0


def order(name, *, at=(49.28, -123.12), to=(49.27, -123.13), **more):
    return {
        "id": name,
        "restaurant": f"kitchen {at}",
        "restaurant_lat": at[0],
        "restaurant_lon": at[1],
        "customer_lat": to[0],
        "customer_lon": to[1],
        "placed_s": NOW_S - 60.0,
        **more,
    }


def driver(name, lat=49.281, lon=-123.121, **more):
    return {"id": name, "lat": lat, "lon": lon, **more}


def window(orders, drivers, *, strategy=None, **more):
    return make_window(orders, drivers, now_s=NOW_S, strategy=strategy or Batch(), **more)


def decided(orders, drivers, *, strategy=None, **more):
    strategy = strategy or Batch()
    made = window(orders, drivers, strategy=strategy, **more)
    decision = strategy(made.snapshot, np.random.default_rng(0))
    assert check_decision(made.snapshot, decision, strategy) == []
    return made, decision


def test_the_nearer_driver_gets_the_order():
    made, decision = decided([order("o1")], [driver("far", 49.29), driver("near")])
    assert made.assignments(decision) == {"o1": "near"}
    assert made.routes(decision) == {"near": [("pickup", "o1"), ("dropoff", "o1")]}
    assert made.waiting(decision) == []


def test_without_drivers_orders_wait():
    made, decision = decided([order("o1"), order("o2")], [])
    assert made.waiting(decision) == ["o1", "o2"]
    assert made.assignments(decision) == made.routes(decision) == {}


def test_no_orders_is_a_window_too():
    made, decision = decided([], [driver("ann")])
    assert made.assignments(decision) == {}


def test_open_orders_come_first_by_placement():
    orders = [
        order("taken", driver="ann", placed_s=0.0),
        order("late", placed_s=NOW_S - 5.0),
        order("early", placed_s=NOW_S - 500.0),
    ]
    made = window(orders, [driver("ann")])
    assert made.order_ids == ("early", "late", "taken")
    assert made.snapshot.open_orders == 2
    assert made.snapshot.order_driver.tolist() == [-1, -1, 0]


def test_candidates_are_the_nearest_who_have_room_and_have_not_declined():
    fleet = [driver(f"d{i}", lat=49.28 + 0.001 * i) for i in range(30)]
    fleet[3]["capacity"] = 0
    made = window([order("o1", declined_by=["d1", "d4"])], fleet, strategy=Batch(candidates=4))
    snapshot = made.snapshot
    assert [made.driver_ids[d] for d in snapshot.candidate_driver] == ["d0", "d2", "d5", "d6"]
    away = haversine_m(49.28, -123.12, 49.286, -123.121)
    assert snapshot.candidate_distance_m[-1] == pytest.approx(away)


def test_nobody_beyond_the_radius_is_a_candidate():
    made = window([order("o1")], [driver("near"), driver("far", 49.4)], strategy=Batch(radius_m=2_000.0))
    assert made.driver_ids == ("near",)


def test_a_driver_on_the_way_keeps_the_stops_and_the_order():
    carried = order("o0", driver="ann", is_picked_up=True)
    strategy = Batch()
    made, decision = decided(
        [order("o1"), carried], [driver("ann", stops=[("dropoff", "o0")])], strategy=strategy
    )
    assert made.assignments(decision) == {"o1": "ann"}
    stops = made.routes(decision)["ann"]
    assert sorted(stops) == [("dropoff", "o0"), ("dropoff", "o1"), ("pickup", "o1")]


def test_stops_may_be_left_out_in_both_kinds_of_market():
    orders = [
        order("o1"),
        order("a", driver="ann", is_picked_up=True),
        order("b", driver="ann", at=(49.283, -123.12)),
    ]
    for by_trips in (False, True):
        made, _ = decided(orders, [driver("ann", capacity=4)], by_trips=by_trips)
        assert made.snapshot.stop_kind.tolist() == [1, 0, 1]
        assert made.snapshot.by_trips == by_trips


def test_food_is_ready_when_its_moment_has_come_or_the_record_says_so():
    orders = [
        order("past", ready_s=NOW_S - 10.0),
        order("soon", ready_s=NOW_S + 300.0),
        order("late", ready_s=NOW_S - 10.0, is_ready=False),
    ]
    snapshot = window(orders, [driver("ann")]).snapshot
    assert snapshot.order_is_ready.tolist() == [True, False, False]
    assert snapshot.order_ready_s_est.tolist() == [NOW_S - 10.0, NOW_S + 300.0, NOW_S]


def test_own_travel_times_take_the_records_nodes():
    travel = PlainTravel()
    here = {"restaurant_node": 7, "customer_node": 8}
    made, decision = decided([order("o1", **here)], [driver("ann", node=9)], travel=travel)
    assert made.snapshot.travel is travel
    assert made.snapshot.driver_node.tolist() == [9]
    assert made.assignments(decision) == {"o1": "ann"}
    with pytest.raises(UserError, match=r"drivers\[0\]: node must be a node of `travel`"):
        window([order("o1", **here)], [driver("ann")], travel=travel)


def test_ids_may_be_anything_hashable():
    made, decision = decided([order(17)], [driver((1, "x"))], strategy=Nearest())
    assert made.assignments(decision) == {17: (1, "x")}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"restaurant_lt": 1.0}, "unknown key of orders[0]: 'restaurant_lt'; did you mean 'restaurant_lat'?"),
        ({"ready_s": "soon"}, "orders[0]: ready_s must be a number, not 'soon'"),
        ({"customer_lat": 123.0}, "orders[0]: customer_lat must be from -90 to 90 degrees, not 123.0"),
        ({"driver": "bob"}, "order 'o1' has driver 'bob', who is not among the drivers"),
    ],
)
def test_wrong_records_are_named(change, line):
    with pytest.raises(UserError) as refused:
        window([{**order("o1"), **change}], [driver("ann")])
    assert str(refused.value) == line


def test_missing_keys_twice_the_same_id_and_wrong_stops_are_refused():
    with pytest.raises(UserError, match=r"orders\[0\] has no placed_s"):
        window([{k: v for k, v in order("o1").items() if k != "placed_s"}], [])
    with pytest.raises(UserError, match="driver 'ann' stands twice"):
        window([], [driver("ann"), driver("ann")])
    taken = order("o1", driver="ann")
    for stops in ([("dropoff", "o1")], [("dropoff", "o1"), ("pickup", "o1")], [("dropoff", "o2")]):
        with pytest.raises(
            UserError, match="stops must be, in some order with pickups first: pickup 'o1', dropoff"
        ):
            window([order("o2"), taken], [driver("ann", stops=stops)])
    with pytest.raises(UserError, match="unknown vehicle 'cra'; did you mean 'car'"):
        window([], [driver("ann", vehicle="cra")])


def test_records_are_left_as_they_are():
    orders, drivers = [order("o1")], [driver("ann")]
    window(orders, drivers)
    assert (orders, drivers) == ([order("o1")], [driver("ann")])


def test_points_of_your_own_are_as_far_apart_as_they_are():
    travel = PointTravel(lat=np.array([49.0, 49.1]), lon=np.array([-123.0, -123.0]))
    (seconds,) = travel.times(np.array([0]), np.array([1]), at_s=0.0)
    assert seconds == pytest.approx(haversine_m(49.0, -123.0, 49.1, -123.0) * 1.3 / 8.0)
    slower = replace(travel, detour=2.6)
    assert slower.times(np.array([0]), np.array([1]), at_s=0.0)[0] == pytest.approx(2 * seconds)
    with pytest.raises(IndexError):
        travel.times(np.array([0]), np.array([2]), at_s=0.0)
