from __future__ import annotations

import numpy as np
import pytest

from domain.errors import UserError
from domain.stop_kind import StopKind
from domain.units import EARTH_RADIUS_M
from matching.insertion import best_insertions
from matching.routes import decided_plans, planned
from matching.score import Score, route_efficiency
from matching.testing import make_snapshot

P, D = StopKind.PICKUP, StopKind.DROPOFF
STEP_KM = EARTH_RADIUS_M * np.radians(0.01) / 1_000.0


@pytest.fixture
def two_drivers(market):
    """Driver 0, idle, two steps off; driver 1, one step off, has an order on board for node 7."""
    return market(
        restaurants=[2],
        customers=[8],
        drivers=[0, 3],
        accepted=((1, 7, 1, True),),
        plans={1: [(1, 1)]},
        driver_rating=[4.0, 5.0],
        driver_short_orders=[0.0, 1.0],
    )


def test_the_formula_by_hand(two_drivers):
    # Alone, driver 1 would need 1 min to the restaurant and 6 to the customer. The best way is
    # restaurant, node 7, customer: done after 7 min instead of 4. Efficiency 1 - 3/7.
    found = best_insertions(two_drivers, planned(two_drivers), np.array([0]), np.array([1], np.int32))
    assert route_efficiency(found.longer_s[0], found.alone_s[0]) == pytest.approx(4.0 / 7.0)
    drivers, score, hopeful = Score()._scored(two_drivers, two_drivers.driver_load.astype(np.int64), 0)
    busy, idle = list(drivers).index(1), list(drivers).index(0)
    assert score[idle] == pytest.approx(100 - 10 * 2 * STEP_KM + 5 * 4.0)
    assert score[busy] == pytest.approx(100 - 10 * STEP_KM + 5 * 5.0 + 10 - 15)
    assert hopeful.tolist() == [busy]


def test_the_better_score_wins_and_brings_its_route(two_drivers, rng):
    decision = Score()(two_drivers, rng)  # 120.3 - 15 + ... beats 97.8
    assert decision.driver.tolist() == [1, 1]
    assert decided_plans(two_drivers, decision).of(1) == [(0, P), (1, D), (0, D)]


@pytest.mark.parametrize(
    ("params", "winner"),
    [({}, 1), ({"per_active_order": 60.0}, 0), ({"per_active_order": 60.0, "efficiency_bonus": 80.0}, 1)],
)
def test_every_weight_counts(two_drivers, rng, params, winner):
    assert Score(**params)(two_drivers, rng).driver[0] == winner


@pytest.mark.parametrize("weight", ["per_rating_point", "needs_more_bonus", "per_km"])
def test_weights_between_idle_drivers(market, rng, weight):
    snapshot = market(
        restaurants=[5],
        customers=[9],
        drivers=[4, 7],
        driver_rating=[4.0, 4.9],
        driver_short_orders=[0.0, 1.0],
    )
    off = {"per_rating_point": 0.0, "needs_more_bonus": 0.0, "per_km": 0.0}
    only = Score(**{**off, weight: 1.0})
    assert only(snapshot, rng).driver[0] == (0 if weight == "per_km" else 1)


def test_later_orders_see_the_load_that_earlier_ones_leave(market, rng):
    snapshot = market(restaurants=[5, 5], customers=[9, 0], drivers=[5, 6])
    # the second order would be alone with driver 0 too, but 15 points for the load outweigh a step's distance
    assert Score(efficiency_bonus=0.0)(snapshot, rng).driver.tolist() == [0, 1]
    generous = Score(efficiency_bonus=0.0, per_active_order=0.0)
    decision = generous(snapshot, rng)
    assert decision.driver.tolist() == [0, 0]
    assert decided_plans(snapshot, decision).of(0)[0] == (0, P)


def test_capacity_is_respected_and_the_rest_waits(market, rng):
    snapshot = market(restaurants=[5] * 4, customers=[9] * 4, drivers=[5], driver_capacity=[2])
    assert sorted(Score()(snapshot, rng).driver.tolist()) == [-1, -1, 0, 0]


def test_only_carrying_drivers_who_could_win_cost_travel_times(market, rng):
    far = market(
        restaurants=[5], customers=[9], drivers=[5, 30], accepted=((1, 2, 1, True),), plans={1: [(1, 1)]}
    )
    travel = type(far.travel)
    travel.calls = 0
    assert Score()(far, rng).driver[0] == 0
    assert travel.calls == 0


def test_leaving_the_others_out_changes_nothing():
    for seed in range(6):
        snapshot = make_snapshot(orders=1, drivers=40, carrying=0.6, seed=seed)
        drivers = snapshot.candidate_driver
        found = best_insertions(snapshot, planned(snapshot), np.zeros(len(drivers), int), drivers)
        load = snapshot.driver_load.astype(np.int64)
        full = Score()._scored(snapshot, load, 0)[1]
        efficiency = [route_efficiency(*one) for one in zip(found.longer_s, found.alone_s, strict=True)]
        full += np.where(load[drivers] > 0, 20.0 * np.array(efficiency), 0.0)
        decision = Score()(snapshot, np.random.default_rng(0))
        assert decision.driver[0] == drivers[full.argmax()]


def test_travel_is_asked_once_for_one_order(market, rng):
    snapshot = market(
        restaurants=[5], customers=[9], drivers=[5, 3], accepted=((1, 2, 0, True),), plans={0: [(1, 1)]}
    )
    travel = type(snapshot.travel)
    travel.calls = 0
    Score()(snapshot, rng)
    assert travel.calls == 1


def test_unusable_parameters_are_refused():
    with pytest.raises(UserError, match="candidates must be at least 1"):
        Score(candidates=0)
