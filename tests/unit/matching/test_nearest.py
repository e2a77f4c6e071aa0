from __future__ import annotations

from matching.nearest import Nearest


def test_orders_take_the_nearest_idle_driver_in_turn(market, rng):
    snapshot = market(restaurants=[5, 5, 5], customers=[9, 9, 9], drivers=[0, 4, 7])
    assert Nearest()(snapshot, rng).driver.tolist() == [1, 2, 0]


def test_busy_drivers_are_passed_over_and_the_last_order_waits(market, rng):
    snapshot = market(
        restaurants=[5, 5], customers=[9, 9], drivers=[5, 0], accepted=((1, 2, 0, True),), plans={0: [(2, 1)]}
    )
    assert Nearest()(snapshot, rng).driver.tolist() == [1, -1, 0]


def test_nearest_is_by_great_circle_distance_not_by_driving_time(market, rng):
    snapshot = market(restaurants=[5], customers=[9], drivers=[4, 7], driver_vehicle=[2, 0])
    assert Nearest()(snapshot, rng).driver[0] == 0
