import numpy as np
import pytest

from domain.spec import MarketSpec
from domain.trace import Trace
from domain.units import haversine_m
from roads.city import City
from sim.replay import replay_on_lines, replay_on_roads
from sim.streams import Streams

DAY = (0.0, 86_400.0)
MARKET = MarketSpec(name="m", drivers=0)


@pytest.fixture
def trace() -> Trace:
    return Trace(
        name="day",
        placed_s=np.array([100.0, 200.0, 50_000.0]),
        prep_started_s=np.array([150.0, 230.0, 50_060.0]),
        ready_s=np.array([750.0, 235.0, 50_900.0]),
        promised_s=np.array([2000.0, 2100.0, 52_000.0]),
        restaurant=np.array([0, 1, 0], np.int32),
        restaurant_lat=np.array([4.80, 4.81]),
        restaurant_lon=np.array([-75.70, -75.69]),
        customer_lat=np.array([4.805, 4.806, 4.807]),
        customer_lon=np.array([-75.70, -75.70, -75.71]),
        driver_lat=np.array([4.80, 4.80]),
        driver_lon=np.array([-75.70, -75.705]),
        on_s=np.array([40_000.0, 0.0]),
        off_s=np.array([80_000.0, 30_000.0]),
        vehicle=np.array([1, 2], np.int8),
        notes=("one row repaired",),
    )


def test_the_recorded_day_comes_through(trace: Trace) -> None:
    workload, ground = replay_on_lines(trace, MARKET, DAY, Streams(1), 1.3)
    orders, shifts = workload.orders, workload.shifts
    np.testing.assert_array_equal(orders.placed_s, trace.placed_s)
    np.testing.assert_array_equal(orders.confirm_delay_s, [50.0, 30.0, 60.0])
    np.testing.assert_array_equal(orders.prep_true_s, [600.0, 30.0, 840.0])  # 5 s of cooking is a floor of 30
    np.testing.assert_array_equal(orders.promised_s, trace.promised_s)
    assert not orders.is_rejected.any()
    assert shifts.start_s.tolist() == [0.0, 40_000.0]
    assert shifts.vehicle.tolist() == [2, 1]
    np.testing.assert_array_equal(ground.node_lat[orders.node], trace.customer_lat)
    assert "one row repaired" in workload.notes


def test_only_the_span_is_replayed_and_shifts_under_way_start_with_it(trace: Trace) -> None:
    workload, _ = replay_on_lines(trace, MARKET, (20_000.0, 60_000.0), Streams(1), 1.3)
    assert workload.orders.placed_s.tolist() == [50_000.0]
    assert workload.shifts.start_s.tolist() == [20_000.0, 40_000.0]


def test_a_transplant_keeps_distances_and_says_so(trace: Trace, riverton: City) -> None:
    workload, ground = replay_on_roads(trace, MARKET, DAY, Streams(1), riverton)
    was = haversine_m(
        trace.restaurant_lat[0], trace.restaurant_lon[0], trace.customer_lat[0], trace.customer_lon[0]
    )
    now = haversine_m(
        workload.restaurants.lat[0],
        workload.restaurants.lon[0],
        workload.orders.lat[0],
        workload.orders.lon[0],
    )
    assert now == pytest.approx(was, abs=300.0)
    assert any("transplanted onto riverton" in note for note in workload.notes)
    np.testing.assert_array_equal(ground.node_lat[workload.orders.node], workload.orders.lat)
