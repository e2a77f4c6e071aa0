from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matching.contract import Decision
from matching.nearest import Nearest
from matching.score import Score
from matching.validate import MOST_PROBLEMS, check_decision


@pytest.fixture
def snapshot(market):
    """Driver 0 has order 2 on board and 3 to fetch; driver 1 is idle; orders 0 and 1 are open."""
    return market(
        restaurants=[2, 3],
        customers=[8, 9],
        drivers=[0, 5],
        accepted=((1, 4, 0, True), (6, 7, 0, False)),
        plans={0: [(2, 1), (3, 0), (3, 1)]},
        driver_capacity=[3, 2],
    )


def decision(driver, routes=()):
    """A decision with `routes`: (driver, [(order, kind), ...])."""
    stops = [stop for _, each in routes for stop in each]
    return Decision(
        driver=np.array(driver, np.int32),
        route_driver=np.array([d for d, _ in routes], np.int32),
        route_offsets=np.cumsum([0] + [len(each) for _, each in routes]).astype(np.int64),
        route_order=np.array([order for order, _ in stops], np.int32),
        route_kind=np.array([kind for _, kind in stops], np.int8),
    )


WHOLE = (0, [(0, 0), (2, 1), (3, 0), (0, 1), (3, 1)])


def test_feasible_decisions_pass(snapshot):
    for good in (decision([-1, -1, 0, 0]), decision([1, 1, 0, 0]), decision([0, 1, 0, 0], [WHOLE])):
        assert check_decision(snapshot, good, Score()) == []


@pytest.mark.parametrize(
    ("driver", "routes", "text"),
    [
        ([2, -1, 0, 0], (), "order 0 goes to driver 2, who is not on the driver axis"),
        ([-2, -1, 0, 0], (), "order 0 goes to driver -2"),
        ([-1, -1, 0, 1], (), "order 3 is accepted and must keep driver 0"),
        ([-1, -1, 0, -1], (), "order 3 goes to driver -1"),
        ([0, 0, 0, 0], (), "driver 0 gets more orders than the vehicle holds, 4 in all"),
        ([0, -1, 0, 0], [WHOLE, WHOLE], "driver 0 gets a second route"),
        ([0, -1, 0, 0], [(7, [])], "driver 7 gets a second route, or is not on the driver axis"),
        ([1, -1, 0, 0], [WHOLE], "has order 0, which the driver does not carry"),
        ([0, -1, 0, 0], [(0, [(0, 0), (0, 0), *WHOLE[1][1:]])], "has a stop of order 0 twice"),
        (
            [-1, -1, 0, 0],
            [(0, [(2, 0), (2, 1), (3, 0), (3, 1)])],
            "has a stop of order 2 twice, or one that is done",
        ),
        ([-1, -1, 0, 0], [(0, [(2, 1), (3, 1), (3, 0)])], "drops order 3 off before picking it up"),
        ([-1, -1, 0, 0], [(0, [(3, 0), (3, 1)])], "misses a stop of order 2"),
        ([-1, -1, 0, 0], [(0, [(2, 1), (3, 0)])], "misses a stop of order 3"),
        ([-1, -1, 0, 0], [(0, [(2, 1), (9, 0)])], "unknown kind or order at place 1"),
        ([-1, -1, 0, 0], [(0, [(2, 1), (3, 5)])], "unknown kind or order at place 1"),
    ],
)
def test_each_violation_is_named(snapshot, driver, routes, text):
    assert text in "; ".join(check_decision(snapshot, decision(driver, routes), Score()))


def test_only_candidates_may_be_chosen(snapshot):
    only_one = replace(
        snapshot,
        candidate_offsets=np.array([0, 1, 2]),
        candidate_driver=np.array([1, 1], np.int32),
        candidate_distance_m=np.ones(2),
    )
    found = check_decision(only_one, decision([0, 1, 0, 0]), Score())
    assert found == ["order 0 goes to driver 0, who is not among its candidates"]


def test_without_bundling_only_idle_drivers_get_one_order(snapshot):
    assert check_decision(snapshot, decision([1, -1, 0, 0]), Nearest()) == []
    for driver in ([0, -1, 0, 0], [1, 1, 0, 0]):
        assert "does not bundle" in check_decision(snapshot, decision(driver), Nearest())[0]


def test_reassigning_strategies_may_move_what_is_not_picked_up(snapshot):
    class Mover(Score):
        reassigns = True

    assert check_decision(snapshot, decision([-1, -1, 0, 1]), Mover()) == []
    assert "must keep" in check_decision(snapshot, decision([-1, -1, 1, 0]), Mover())[0]


def test_too_much_on_board_is_seen_within_the_route(snapshot):
    small = replace(snapshot, driver_capacity=np.array([1, 1], np.int16))
    both = decision([-1, -1, 0, 0], [(0, [(3, 0), (2, 1), (3, 1)])])
    assert "more on board" in check_decision(small, both, Score())[0]
    in_turn = decision([-1, -1, 0, 0], [(0, [(2, 1), (3, 0), (3, 1)])])
    assert check_decision(small, in_turn, Score()) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"driver": np.zeros(3, np.int32)}, "driver must be int32 [4]"),
        ({"driver": np.zeros(4)}, "driver must be int32 [4], not float64"),
        ({"driver": [0, 0, 0, 0]}, "not list"),
        ({"route_offsets": np.array([0, 5])}, "route_offsets must be int64 [1]"),
        ({"route_offsets": np.array([1])}, "route_offsets must ascend"),
        ({"route_kind": np.zeros(2, np.int8)}, "route_kind must be int8 [0]"),
    ],
)
def test_shapes_and_dtypes(snapshot, change, text):
    assert text in check_decision(snapshot, replace(decision([-1, -1, 0, 0]), **change), Score())[0]


def test_a_wholly_wrong_decision_is_reported_briefly(market):
    many = market(restaurants=[1] * 100, customers=[2] * 100, drivers=[1])
    assert len(check_decision(many, decision([5] * 100), Score())) == MOST_PROBLEMS


@pytest.mark.parametrize(
    ("stops", "is_good"),
    [
        ([(0, 0), (1, 0), (1, 1), (0, 1), (2, 0), (2, 1)], True),  # 0 and 1 come from one restaurant
        ([(2, 0), (2, 1), (0, 0), (0, 1), (1, 0), (1, 1)], True),
        ([(0, 0), (2, 0), (2, 1), (0, 1), (1, 0), (1, 1)], False),
        ([(0, 0), (1, 0), (0, 1), (2, 0), (2, 1), (1, 1)], False),
        ([(0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (2, 1)], False),
    ],
)
def test_trips_come_one_after_the_other(market, stops, is_good):
    snapshot = market(restaurants=[2, 2, 3], customers=[8, 9, 9], drivers=[0], by_trips=True)
    problems = check_decision(snapshot, decision([0, 0, 0], [(0, stops)]), Score())
    assert is_good == (not problems)
    assert all("in the middle of another trip" in each for each in problems)
    interleaved = replace(snapshot, by_trips=False)
    assert check_decision(interleaved, decision([0, 0, 0], [(0, stops)]), Score()) == []


def test_a_pinned_order_stays_with_its_driver(market):
    taken = {"restaurants": [2], "customers": [8], "drivers": [0, 5], "accepted": ((6, 7, 0, False),)}
    plans = {0: [(1, 0), (1, 1)]}
    mover = replace(Score(), base=1.0)
    object.__setattr__(mover, "reassigns", True)
    for is_pinned, count in ((False, 0), (True, 1)):
        snapshot = market(**taken, plans=plans, order_is_pinned=[False, is_pinned])
        assert len(check_decision(snapshot, decision([-1, 1]), mover)) == count
