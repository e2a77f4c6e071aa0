from __future__ import annotations

import sys

import numpy as np
import pytest

from domain.errors import UserError
from domain.stop_kind import StopKind
from matching._jobs import jobs_of
from matching._workbench import routes_cost
from matching.cheapest_insertion import Insertion
from matching.objective import parse_objective
from matching.routes import decided_plans, planned
from matching.testing import make_snapshot
from matching.validate import check_decision
from matching.vrp import Vrp

P, D = StopKind.PICKUP, StopKind.DROPOFF


@pytest.mark.parametrize("by_trips", [False, True])
def test_the_solver_improves_on_insertion_and_never_worsens_it(by_trips, rng):
    total = {}
    for name, strategy in {"insertion": Insertion(), "vrp": Vrp(moves_accepted=True)}.items():
        costs = []
        for seed in range(3):
            snapshot = make_snapshot(
                orders=18, drivers=9, carrying=0.5, restaurants=6, seed=seed, by_trips=by_trips
            )
            decision = strategy(snapshot, rng)
            assert check_decision(snapshot, decision, strategy) == []
            plans = decided_plans(snapshot, decision)
            costs.append(routes_cost(snapshot, plans, parse_objective(strategy.objective)).sum())
        total[name] = np.array(costs)
    assert (total["vrp"] <= total["insertion"] + 1e-6).all()
    assert total["vrp"].sum() < total["insertion"].sum()


def test_what_a_driver_carries_and_has_accepted_stays(rng):
    snapshot = make_snapshot(orders=12, drivers=8, carrying=1.0, seed=3)
    picked_up = np.flatnonzero(snapshot.order_is_picked_up)
    decision = Vrp(moves_accepted=True, move_margin_s=0.0)(snapshot, rng)
    assert (decision.driver[picked_up] == snapshot.order_driver[picked_up]).all()
    decision = Vrp(moves_accepted=False, move_margin_s=1e6)(snapshot, rng)
    accepted = slice(snapshot.open_orders, None)
    assert (decision.driver[accepted] == snapshot.order_driver[accepted]).all()


def test_small_parts_are_solved_on_their_own(rng):
    snapshot = make_snapshot(orders=24, drivers=30, carrying=0.3, seed=1)
    strategy = Vrp(group_orders=4)
    assert check_decision(snapshot, strategy(snapshot, rng), strategy) == []


def test_a_trip_is_one_job_and_the_one_begun_comes_first(market):
    snapshot = market(
        restaurants=[],
        customers=[],
        drivers=[4],
        accepted=((0, 6, 0, True), (7, 9, 0, False), (7, 11, 0, False)),
        plans={0: [(0, D), (1, P), (2, P), (1, D), (2, D)]},
        by_trips=True,
    )
    jobs = jobs_of(
        snapshot, planned(snapshot), objective=parse_objective("click_to_door"), moves_accepted=True
    )
    assert jobs.first[0] == ((0, D),)
    assert (jobs.free_s[0], jobs.node[0], jobs.begun[0]) == (120.0, 6, 1)
    (trip,) = jobs.jobs[0]
    assert trip.stops == ((1, P), (2, P), (1, D), (2, D))
    assert (trip.begins_at, trip.ends_at, trip.load, trip.weight) == (7, 11, 2, 2.0)
    assert trip.lasts_s == 240.0


def test_without_the_solver_one_line_says_what_to_install(market, rng, monkeypatch):
    for name in ("ortools.constraint_solver.pywrapcp", "ortools.constraint_solver"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError, match="solvers"):
        Vrp()(market(restaurants=[1], customers=[2], drivers=[0]), rng)
