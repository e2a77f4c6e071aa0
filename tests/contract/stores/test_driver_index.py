"""DriverIndex: who is found, and what is known of drivers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from domain.drivers import DriverProfiles, DriverStatus, Stop
from domain.errors import InvalidRequest, NotFound
from domain.stop_kind import StopKind
from domain.units import haversine_m

pytestmark = pytest.mark.port("drivers")
LAT, LON = 49.25, -123.1
STEP = 0.001


def profiles(ids: list[int], lat: Any, lon: Any, capacity: int = 2) -> DriverProfiles:
    n = len(ids)
    return DriverProfiles(
        id=np.array(ids, np.int64),
        vehicle=np.zeros(n, np.int8),
        capacity=np.full(n, capacity, np.int16),
        rating=np.full(n, 4.5),
        goal_deliveries=np.full(n, 8, np.int32),
        shift_end_s=np.full(n, 9e4),
        lat=np.asarray(lat, np.float64),
        lon=np.asarray(lon, np.float64),
    )


def stops(*orders: int) -> tuple[Stop, ...]:
    return tuple(
        Stop(kind=kind, order_id=order, lat=49.0 + order, lon=-123.0) for order in orders for kind in StopKind
    )


class Fleet:
    """Three drivers north of a point, 10 nearest, then 20, then 30."""

    def __init__(self, backend: Any) -> None:
        self.run, self.index = backend.run, backend.stores.drivers
        lat = [LAT + 2 * STEP, LAT + STEP, LAT + 3 * STEP]
        self.run(self.index.sign_on(profiles([20, 10, 30], lat, [LON] * 3), 0.0))

    def near(self, now_s: float = 0.0, **more: Any) -> list[int]:
        options = {"k": 5, "radius_m": 5000.0, "max_load": 9, **more}
        point = np.array([LAT]), np.array([LON])
        return self.run(self.index.nearest(*point, now_s=now_s, **options)).driver_id.tolist()

    def ids(self, *drivers: int) -> Any:
        return np.array(drivers, np.int64)


@pytest.fixture
def fleet(backend: Any) -> Fleet:
    return Fleet(backend)


def test_nearest_come_first_with_great_circle_distances(fleet: Fleet) -> None:
    lat, lon = np.array([LAT, LAT + 4 * STEP, 0.0]), np.array([LON, LON, 0.0])
    found = fleet.run(fleet.index.nearest(lat, lon, k=2, radius_m=5000.0, now_s=0.0, max_load=0))
    assert found.offsets.tolist() == [0, 2, 4, 4]
    assert found.driver_id.tolist() == [10, 20, 30, 20]
    expected = haversine_m(LAT, LON, LAT + STEP * np.array([1, 2]), LON)
    assert found.distance_m[:2] == pytest.approx(expected, abs=2.0)


def test_no_points_and_no_drivers_find_nobody(backend: Any) -> None:
    index = backend.stores.drivers
    options = {"k": 3, "radius_m": 100.0, "now_s": 0.0, "max_load": 0}
    assert backend.run(index.nearest(np.empty(0), np.empty(0), **options)).offsets.tolist() == [0]
    found = backend.run(index.nearest(np.array([1.0]), np.array([1.0]), **options))
    assert found.offsets.tolist() == [0, 0]


def test_radius_and_k_limit_the_search(fleet: Fleet) -> None:
    assert fleet.near(radius_m=250.0) == [10, 20]
    assert fleet.near(k=1) == [10]
    assert fleet.near(k=0) == []


def test_ties_go_to_the_lower_id(backend: Any) -> None:
    backend.run(backend.stores.drivers.sign_on(profiles([9, 4, 7], [LAT] * 3, [LON] * 3), 0.0))
    point = np.array([LAT + STEP]), np.array([LON])
    found = backend.run(backend.stores.drivers.nearest(*point, k=2, radius_m=1e4, now_s=0.0, max_load=0))
    assert found.driver_id.tolist() == [4, 7]


@pytest.mark.parametrize("status", [DriverStatus.OFFERED, DriverStatus.ON_BREAK, DriverStatus.OFFLINE])
def test_only_available_drivers_are_found(fleet: Fleet, status: DriverStatus) -> None:
    fleet.run(fleet.index.set_status(fleet.ids(10), status))
    assert fleet.near() == [20, 30]
    fleet.run(fleet.index.set_status(fleet.ids(10), DriverStatus.AVAILABLE))
    assert fleet.near() == [10, 20, 30]


def test_status_can_be_set_on_condition(fleet: Fleet) -> None:
    fleet.run(fleet.index.set_status(fleet.ids(10), DriverStatus.ON_BREAK))
    ids = fleet.ids(10, 20)
    fleet.run(fleet.index.set_status(ids, DriverStatus.OFFERED, expected=DriverStatus.AVAILABLE))
    states = fleet.run(fleet.index.states(ids))
    assert states.status.tolist() == [DriverStatus.ON_BREAK, DriverStatus.OFFERED]


def test_a_driver_not_heard_of_for_30_s_vanishes_until_the_next_ping(fleet: Fleet) -> None:
    assert fleet.near(now_s=30.0) == [10, 20, 30]
    assert fleet.near(now_s=30.1) == []
    fleet.run(fleet.index.move(fleet.ids(30), np.array([LAT]), np.array([LON]), 40.0))
    assert fleet.near(now_s=41.0) == [30]


def test_drivers_move(fleet: Fleet) -> None:
    lat, lon = np.array([LAT, LAT + 1.0]), np.array([LON, LON])
    fleet.run(fleet.index.move(fleet.ids(30, 10), lat, lon, 5.0))
    assert fleet.near() == [30, 20]
    states = fleet.run(fleet.index.states(fleet.ids(30)))
    assert (states.seen_at_s[0], states.lat[0]) == (5.0, pytest.approx(LAT, abs=1e-5))


def test_a_ping_that_was_overtaken_changes_nothing(fleet: Fleet) -> None:
    fleet.run(fleet.index.move(fleet.ids(10), np.array([LAT]), np.array([LON]), 20.0))
    fleet.run(fleet.index.move(fleet.ids(10), np.array([50.0]), np.array([LON]), 10.0))
    states = fleet.run(fleet.index.states(fleet.ids(10)))
    assert (states.lat[0], states.seen_at_s[0]) == (pytest.approx(LAT, abs=1e-5), 20.0)


def test_a_batch_with_an_unknown_driver_writes_nothing(fleet: Fleet) -> None:
    with pytest.raises(NotFound, match="99"):
        fleet.run(fleet.index.move(fleet.ids(10, 99), np.full(2, 50.0), np.full(2, LON), 5.0))
    assert fleet.run(fleet.index.states(fleet.ids(10))).seen_at_s[0] == 0.0
    for call in (
        fleet.index.states(fleet.ids(10, 99)),
        fleet.index.plan(99),
        fleet.index.set_status(fleet.ids(99), DriverStatus.AVAILABLE),
        fleet.index.sign_off(fleet.ids(99)),
        fleet.index.set_plan(99, ()),
        fleet.index.move_rating(99, 4.0, 0.1),
    ):
        with pytest.raises(NotFound):
            fleet.run(call)
    with pytest.raises(InvalidRequest):
        fleet.run(fleet.index.move(fleet.ids(10, 20), np.full(1, 50.0), np.full(2, LON), 5.0))


def test_load_counts_distinct_orders_and_limits_the_search(fleet: Fleet) -> None:
    fleet.run(fleet.index.set_plan(10, stops(1)))
    fleet.run(fleet.index.set_plan(20, stops(2, 3)))
    assert fleet.near(max_load=0) == [30]
    assert fleet.near(max_load=1) == [10, 30]
    assert fleet.near(max_load=9) == [10, 30]  # driver 20 is full
    assert fleet.run(fleet.index.states(fleet.ids(10, 20, 30))).load.tolist() == [1, 2, 0]


def test_states_come_in_input_order_with_plans(fleet: Fleet) -> None:
    long = stops(*range(1, 12))
    fleet.run(fleet.index.set_plan(10, stops(5)))
    fleet.run(fleet.index.set_plan(30, long))
    states = fleet.run(fleet.index.states(fleet.ids(30, 20, 10)))
    assert states.id.tolist() == [30, 20, 10]
    assert states.stop_offsets.tolist() == [0, 22, 22, 24]
    assert states.stop_order_id.tolist() == [stop.order_id for stop in long + stops(5)]
    assert states.stop_kind.tolist() == [stop.kind for stop in long + stops(5)]
    assert states.stop_lat.tolist() == [stop.lat for stop in long + stops(5)]
    assert [fleet.run(fleet.index.plan(one)) for one in (10, 20, 30)] == [stops(5), (), long]
    fleet.run(fleet.index.set_plan(30, ()))
    assert fleet.run(fleet.index.plan(30)) == ()
    assert fleet.run(fleet.index.states(fleet.ids(30, 20, 10))).stop_offsets.tolist() == [0, 0, 0, 2]


def test_deliveries_and_ratings_are_kept(fleet: Fleet) -> None:
    fleet.run(fleet.index.set_plan(10, (), delivered=1))
    fleet.run(fleet.index.set_plan(10, (), delivered=1))
    before = fleet.run(fleet.index.states(fleet.ids(10))).rating[0]
    fleet.run(fleet.index.move_rating(10, 2.0, 0.25))
    fleet.run(fleet.index.move_rating(10, 5.0, 0.5))
    states = fleet.run(fleet.index.states(fleet.ids(10)))
    moved = before + 0.25 * (2.0 - before)
    assert states.rating[0] == moved + 0.5 * (5.0 - moved)
    assert (states.deliveries[0], states.goal_deliveries[0]) == (2, 8)


def test_a_driver_who_signs_off_vanishes_keeps_the_plan_and_can_come_back(fleet: Fleet) -> None:
    fleet.run(fleet.index.set_plan(10, stops(1), delivered=3))
    fleet.run(fleet.index.sign_off(fleet.ids(10)))
    fleet.run(fleet.index.move(fleet.ids(10), np.array([LAT]), np.array([LON]), 5.0))
    assert fleet.near() == [20, 30]
    states = fleet.run(fleet.index.states(fleet.ids(10)))
    assert (states.status[0], len(states.stop_kind)) == (DriverStatus.OFFLINE, 2)
    fleet.run(fleet.index.sign_on(profiles([10], [LAT], [LON]), 6.0))
    states = fleet.run(fleet.index.states(fleet.ids(10)))
    assert (states.status[0], states.load[0], states.deliveries[0]) == (DriverStatus.AVAILABLE, 0, 0)
    assert len(states.stop_kind) == 0
    assert fleet.run(fleet.index.plan(10)) == ()
    assert fleet.near() == [10, 20, 30]


def test_the_index_grows_with_the_fleet(backend: Any) -> None:
    index, rng = backend.stores.drivers, np.random.default_rng(5)
    lat, lon = rng.uniform(49.0, 49.5, 3000), rng.uniform(-123.5, -123.0, 3000)
    ids = np.arange(3000) * 7919 - 10**6
    for part in np.array_split(np.arange(3000), 30):
        backend.run(index.sign_on(profiles(ids[part].tolist(), lat[part], lon[part]), 0.0))
    found = backend.run(index.nearest(lat[:20], lon[:20], k=1, radius_m=5000.0, now_s=1.0, max_load=0))
    assert found.driver_id.tolist() == ids[:20].tolist()
