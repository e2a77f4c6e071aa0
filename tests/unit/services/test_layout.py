from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba.core.dispatcher import Dispatcher

from services import layout
from services.layout import FLAGS, PLACES, TIMES, nearest_allowed, order_columns, planned_stops, ranked
from services.match_service import _next_multiple_s
from services.order_book import ROW
from services.warm import warm_up


@given(st.lists(st.integers(0, 20)) | st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_ranked_is_numpy_unique(ids):
    distinct, place = ranked(np.array(ids, np.int64))
    expected, inverse = np.unique(np.array(ids, np.int64), return_inverse=True)
    assert distinct.tolist() == expected.tolist()
    assert place.tolist() == inverse.tolist()
    assert (distinct.dtype, place.dtype) == (np.int64, np.int32)


def test_stops_of_orders_that_are_not_the_drivers_drop_out():
    # driver 7 plans order A twice and B, which has moved to driver 9; C, of nobody, is in driver 9's plan
    live, order_driver, offsets, order, kind, load = planned_stops(
        np.array([7, 9], np.int64),
        np.array([0, 3, 4], np.int64),
        np.array([0, 1, 1, 0], np.int8),
        np.array([0, 0, 1, 2], np.int32),
        np.array([7, 9, -1], np.int64),
        5,
    )
    assert live.tolist() == [0, 1]
    assert order_driver.tolist() == [-1] * 5 + [0, 1]
    assert offsets.tolist() == [0, 2, 2]
    assert (order.tolist(), kind.tolist()) == ([5, 5], [0, 1])
    assert load.tolist() == [1, 1]


def test_excluded_drivers_make_room_for_the_next_nearest():
    offsets, driver_id, distance_m = nearest_allowed(
        np.array([0, 4, 4, 7], np.int64),
        np.array([5, 6, 7, 8, 5, 6, 7], np.int64),
        np.arange(7.0),
        np.array([0, 1, 1, 3], np.int64),
        np.array([6, 7, 5], np.int64),
        2,
    )
    assert offsets.tolist() == [0, 2, 2, 3]
    assert driver_id.tolist() == [5, 7, 6]
    assert distance_m.tolist() == [0.0, 2.0, 5.0]


def test_order_columns_show_waiting_orders_then_accepted_ones():
    waiting, accepted = np.zeros(1, ROW), np.zeros(2, ROW)
    waiting["id"], waiting["restaurant"], waiting["ready_s"] = 3, 9, 50.0
    accepted["id"], accepted["restaurant"], accepted["ready_s"] = [1, 2], [9, 4], [70.0, 60.0]
    accepted["is_ready"] = True
    accepted["is_picked_up"] = [False, True]
    places, times, flags, behind, ready_s = order_columns(waiting, accepted, np.array([1, 0]), 100.0)
    assert behind.tolist() == [[3, 2, 1], [9, 4, 9]]
    assert places[PLACES.index("order_restaurant")].tolist() == [1, 0, 1]
    assert times[TIMES.index("order_ready_s_est")].tolist() == [100.0, 60.0, 70.0]
    assert flags[FLAGS.index("order_is_picked_up")].tolist() == [False, True, False]
    assert ready_s.tolist() == [50.0, 60.0, 70.0]


def test_warm_up_compiles_what_decisions_use():
    warm_up()
    kernels = [kernel for kernel in vars(layout).values() if isinstance(kernel, Dispatcher)]
    before = [len(kernel.signatures) for kernel in kernels]
    ranked(np.array([3, 1, 3], np.int64))
    assert all(before)
    assert before == [len(kernel.signatures) for kernel in kernels]


@pytest.mark.parametrize(
    ("now_s", "step_s", "expected"), [(0.0, 10.0, 10.0), (9.9, 10.0, 10.0), (10.0, 10.0, 20.0)]
)
def test_next_multiple(now_s, step_s, expected):
    assert _next_multiple_s(now_s, step_s) == expected


@given(st.integers(0, 10**6), st.floats(0.01, 100.0))
def test_next_multiple_is_always_later(steps, step_s):
    now_s = steps * step_s
    assert now_s < _next_multiple_s(now_s, step_s) <= now_s + 2 * step_s
