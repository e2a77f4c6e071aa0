from __future__ import annotations

import sys
from itertools import product

import numpy as np
import pytest

from domain.errors import UserError
from domain.stop_kind import StopKind
from matching.assignment import assign
from matching.min_cost_flow import MinCostFlow, flow_assign
from matching.routes import decided_plans
from matching.testing import make_snapshot
from matching.validate import check_decision

P, D = StopKind.PICKUP, StopKind.DROPOFF


def sparse(rng, rows, columns):
    sizes = rng.integers(0, min(6, columns) + 1, rows)
    at = [rng.choice(columns, size, replace=False) for size in sizes]
    costs, out = np.rint(rng.uniform(-50, 100, sizes.sum())), np.rint(rng.uniform(0, 200, rows))
    return np.r_[0, np.cumsum(sizes)], np.concatenate([np.empty(0), *at]).astype(np.int32), costs, out


def total(offsets, at, costs, out, edge, penalty):
    taken = np.bincount(at[edge[edge >= 0]])
    stacked = (taken * (taken - 1) // 2).sum() * penalty
    return costs[edge[edge >= 0]].sum() + out[edge < 0].sum() + stacked


def brute_force(offsets, at, costs, out, room, penalty):
    best = np.inf
    for pick in product(*([-1, *range(offsets[i], offsets[i + 1])] for i in range(len(out)))):
        edge = np.array(pick)
        if (np.bincount(at[edge[edge >= 0]], minlength=len(room)) <= room).all():
            best = min(best, total(offsets, at, costs, out, edge, penalty))
    return best


def test_small_flows_against_brute_force():
    rng = np.random.default_rng(1)
    for _ in range(100):
        rows, columns = rng.integers(1, 6, 2)
        data, room = sparse(rng, rows, columns), rng.integers(0, 4, columns)
        edge = flow_assign(*data, room=room, penalty=30.0)
        assert total(*data, edge, 30.0) == brute_force(*data, room, 30.0)


def test_a_thousand_instances_with_room_for_one_are_assignments():
    rng = np.random.default_rng(2)
    for i in range(1_000):
        rows, columns = rng.integers(1, 50, 2)
        data = sparse(rng, rows, columns)
        edge = flow_assign(*data, room=np.ones(columns, np.int64), penalty=0.0)
        best = assign(*data, column_count=columns)
        assert total(*data, edge, 0.0) == total(*data, best, 0.0), f"instance {i}"


def test_one_driver_takes_several_orders_in_one_window(market, rng):
    snapshot = market(restaurants=[2, 3], customers=[6, 7], drivers=[1])
    decision = MinCostFlow(stack_penalty_s=0.0, max_wait_s=0.0)(snapshot, rng)
    assert decision.driver.tolist() == [0, 0]
    assert decided_plans(snapshot, decision).of(0) == [(0, P), (1, P), (0, D), (1, D)]


def test_the_stack_penalty_sends_a_second_driver(market, rng):
    # together on driver 0's way, but driver 1 is only three minutes off
    snapshot = market(restaurants=[2, 2], customers=[9, 9], drivers=[2, 5])
    shared = MinCostFlow(stack_penalty_s=0.0)(snapshot, rng)
    apart = MinCostFlow(stack_penalty_s=1_000.0)(snapshot, rng)
    assert shared.driver.tolist() == [0, 0]
    assert sorted(apart.driver.tolist()) == [0, 1]


def test_an_order_that_may_wait_is_not_stacked_at_any_price(market, rng):
    # each alone is near, but they lie in opposite directions
    snapshot = market(restaurants=[30, 30], customers=[1, 59], drivers=[30], order_since_s=[1_000.0, 1_000.0])
    decision = MinCostFlow(stack_penalty_s=0.0)(snapshot, rng)
    assert sorted(decision.driver.tolist()) == [-1, 0]
    must_go = MinCostFlow(stack_penalty_s=0.0, max_wait_s=0.0)(snapshot, rng)
    assert must_go.driver.tolist() == [0, 0]


def test_trips_stay_whole_when_one_driver_takes_several_orders(rng):
    snapshot = make_snapshot(
        orders=30, drivers=6, restaurants=4, by_trips=True, carrying=0.5, radius_m=20_000.0
    )
    strategy = MinCostFlow(stack_penalty_s=0.0, max_wait_s=0.0)
    decision = strategy(snapshot, rng)
    gained = np.bincount(decision.driver[:30][decision.driver[:30] >= 0])
    assert gained.max() > 1
    assert check_decision(snapshot, decision, strategy) == []


def test_without_ortools_the_extra_is_named(market, rng, monkeypatch):
    monkeypatch.setitem(sys.modules, "ortools.graph.python.min_cost_flow", None)
    with pytest.raises(UserError, match=r"dispatchlab\[solvers\]"):
        MinCostFlow()(market(restaurants=[2], customers=[6], drivers=[1]), rng)
