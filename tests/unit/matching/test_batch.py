from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from domain.stop_kind import StopKind
from matching.batch import Batch
from matching.insertion import best_insertions
from matching.objective import parse_objective
from matching.routes import decided_plans, planned
from matching.testing import make_snapshot

P, D = StopKind.PICKUP, StopKind.DROPOFF
AT_ONCE = Batch(max_wait_s=0.0)


def test_solves_what_greedy_gets_wrong(market, rng):
    # Order 0's nearest driver is order 1's only near one.
    snapshot = market(restaurants=[5, 6], customers=[5, 6], drivers=[6, 2])
    assert AT_ONCE(snapshot, rng).driver.tolist() == [1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_no_other_pairing_costs_less(seed, rng):
    snapshot = make_snapshot(orders=4, drivers=6, carrying=0.5, seed=seed, radius_m=20_000.0)
    order = np.repeat(np.arange(4), np.diff(snapshot.candidate_offsets))
    room = snapshot.driver_load < np.minimum(snapshot.driver_capacity, AT_ONCE.max_load)
    pairs = np.flatnonzero(room[snapshot.candidate_driver])
    drivers = snapshot.candidate_driver[pairs]
    cost = best_insertions(
        snapshot,
        planned(snapshot),
        order[pairs],
        drivers,
        objective=parse_objective(AT_ONCE.objective),
    ).cost
    table = {(int(o), int(d)): float(c) for o, d, c in zip(order[pairs], drivers, cost, strict=True)}
    totals = [
        sum(table[i, d] for i, d in enumerate(pick))
        for pick in product(range(snapshot.drivers), repeat=4)
        if len(set(pick)) == 4 and all((i, d) in table for i, d in enumerate(pick))
    ]
    chosen = AT_ONCE(snapshot, rng).driver[:4]
    if totals:
        assert sum(table[i, int(d)] for i, d in enumerate(chosen)) == pytest.approx(min(totals))
    else:
        assert (chosen >= 0).sum() < 4


def test_a_driver_who_delivers_meanwhile_spares_the_idle_one(market, rng):
    # Food is ready in 20 min. Driver 1 is done at the door in 2 min; the idle driver 0 would wait.
    snapshot = market(
        restaurants=[5],
        customers=[9],
        drivers=[4, 3],
        accepted=((1, 5, 1, True),),
        plans={1: [(1, 1)]},
        order_ready_s_est=[2_200.0, 900.0],
    )
    assert (
        Batch(objective="click_to_door + lateness + driver_time + 0.4*driving")(snapshot, rng).driver[0] == 1
    )
    assert Batch(objective="click_to_door + lateness + driving")(snapshot, rng).driver[0] == 1


def test_of_idle_drivers_who_all_arrive_in_time_the_nearest_goes(market, rng):
    snapshot = market(restaurants=[5], customers=[9], drivers=[1, 6, 9], order_ready_s_est=[3_000.0])
    assert Batch()(snapshot, rng).driver[0] == 1


def test_an_inserted_order_comes_with_its_route(market, rng):
    snapshot = market(
        restaurants=[4], customers=[6], drivers=[3], accepted=((1, 9, 0, True),), plans={0: [(1, 1)]}
    )
    decision = AT_ONCE(snapshot, rng)
    assert decided_plans(snapshot, decision).of(0) == [(0, P), (0, D), (1, D)]


@pytest.fixture
def one_near_driver(market):
    """Two orders at the door of one driver, the other one 40 min away; both have waited `waited` s."""

    def build(waited: float):
        return market(
            restaurants=[1, 1],
            customers=[2, 2],
            drivers=[1, 41],
            order_since_s=np.full(2, 1_000.0 - waited),
        )

    return build


def test_an_order_waits_one_window_rather_than_take_a_much_worse_driver(one_near_driver, rng):
    assert sorted(Batch()(one_near_driver(0.0), rng).driver.tolist()) == [-1, 0]


def test_waiting_is_bounded(one_near_driver, rng):
    assert sorted(Batch(max_wait_s=20.0)(one_near_driver(11.0), rng).driver.tolist()) == [0, 1]
    assert sorted(Batch(max_wait_s=0.0)(one_near_driver(0.0), rng).driver.tolist()) == [0, 1]


def test_wait_margin_says_how_much_worse_is_taken_at_once(one_near_driver, rng):
    patient = Batch(wait_margin_s=1e5)
    assert sorted(patient(one_near_driver(0.0), rng).driver.tolist()) == [0, 1]


def test_in_a_shortage_the_longest_waiting_go_first(market, rng):
    snapshot = market(
        restaurants=[5, 5, 5], customers=[5, 5, 5], drivers=[5], order_since_s=[600.0, 300.0, 500.0]
    )
    assert AT_ONCE(snapshot, rng).driver.tolist() == [-1, 0, -1]


def test_max_load_and_capacity(market, rng):
    def busy(**changes):
        return market(
            restaurants=[5],
            customers=[9],
            drivers=[5],
            accepted=((1, 2, 0, True), (1, 3, 0, True)),
            plans={0: [(1, 1), (2, 1)]},
            **changes,
        )

    assert Batch(max_load=2)(busy(), rng).driver[0] == -1
    assert Batch(max_load=3)(busy(), rng).driver[0] == 0
    assert Batch(max_load=3)(busy(driver_capacity=[2]), rng).driver[0] == -1


def test_late_deliveries_are_avoided_at_the_price_set(market, rng):
    # Taking the new order along makes order 1 late by two minutes; driver 1 is idle but far.
    snapshot = market(
        restaurants=[2],
        customers=[3],
        drivers=[2, 6],
        accepted=((1, 4, 0, True),),
        plans={0: [(1, 1)]},
        order_due_s=[1e6, 1_060.0],
    )
    before = Batch(objective="click_to_door", max_wait_s=0.0)(snapshot, rng)
    assert before.driver[0] == 0
    # a late order 1 is late already: more lateness costs ten times, so it goes first
    after = Batch(objective="click_to_door + 10*lateness", max_wait_s=0.0)(snapshot, rng)
    assert decided_plans(snapshot, after).of(int(after.driver[0]))[0] in {(1, D), (0, P)}
