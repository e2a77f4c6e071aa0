from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.contract import Snapshot
from matching.routes import DROPOFF, PICKUP
from matching.snapshot import DTYPES, build_snapshot
from matching.testing import PlainTravel, make_snapshot


@settings(deadline=None, max_examples=40)
@given(
    orders=st.integers(0, 15),
    drivers=st.integers(0, 25),
    carrying=st.floats(0, 1),
    seed=st.integers(0, 10**6),
)
def test_random_snapshots_are_valid(orders, drivers, carrying, seed):
    s = make_snapshot(orders=orders, drivers=drivers, carrying=carrying, seed=seed)
    for name, dtype in DTYPES.items():
        array = getattr(s, name)
        assert array.dtype == dtype
        assert not array.flags.writeable
    assert len(s.candidate_offsets) == s.open_orders + 1 == orders + 1
    assert np.array_equal(np.bincount(s.order_driver[orders:], minlength=s.drivers), s.driver_load)
    assert (s.driver_load[s.candidate_driver] < s.driver_capacity[s.candidate_driver]).all()
    assert set(s.candidate_driver) == set(range(s.drivers))
    for i in range(orders):
        near = s.candidate_distance_m[s.candidate_offsets[i] : s.candidate_offsets[i + 1]]
        assert (np.diff(near) > 0).all()
        assert (near <= 5_000.0).all()
    owed = 2 * s.driver_load - np.bincount(
        s.order_driver[orders:], s.order_is_picked_up[orders:], minlength=s.drivers
    )
    assert np.array_equal(np.diff(s.stop_offsets), owed)
    assert (s.order_ready_s_est[~s.order_is_ready] > s.now_s).all()
    pickups = s.stop_order[s.stop_kind == PICKUP]
    assert not s.order_is_picked_up[pickups].any()
    assert set(s.stop_order[s.stop_kind == DROPOFF]) == set(range(orders, s.orders))


def test_same_arguments_same_snapshot():
    first, again = make_snapshot(carrying=0.5, seed=9), make_snapshot(carrying=0.5, seed=9)
    assert all(np.array_equal(getattr(first, name), getattr(again, name)) for name in DTYPES)


def test_the_table_of_dtypes_covers_the_contract():
    arrays = {field.name for field in fields(Snapshot) if "Array" in str(field.type)}
    assert arrays == set(DTYPES)


def test_unknown_columns_are_refused():
    with pytest.raises(TypeError, match="a snapshot has no driver_mood"):
        build_snapshot(driver_mood=[1])


def test_exact_columns_are_taken_as_they_are():
    columns = dict(vars(make_snapshot()))
    exact = {"driver_lat": columns.pop("driver_lat")}
    assert build_snapshot(exact, **columns).driver_lat is exact["driver_lat"]
    with pytest.raises(TypeError, match="driver_mood"):
        build_snapshot(exact | {"driver_mood": np.ones(1)}, **columns)


def test_plain_travel_refuses_unknown_nodes():
    travel = PlainTravel(side=3)
    with pytest.raises(IndexError):
        travel.times(np.array([9]), np.array([0]), at_s=0.0)
    assert travel.times(np.array([4]), np.array([4]), at_s=0.0)[0] == 0.0
    assert travel.matrix(np.array([0, 1]), np.array([2, 3, 4]), at_s=0.0).shape == (2, 3)
    path = travel.path(0, 8, at_s=0.0)
    assert path.seconds.sum() == pytest.approx(travel.times(np.array([0]), np.array([8]), at_s=0.0)[0])
    assert len(travel.path(4, 4, at_s=0.0).nodes) == 1
