from __future__ import annotations

import pytest

from domain.errors import ContractError
from matching.hindsight import Search, build_plan, hindsight


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("prepositions", [True, False])
def test_finds_the_cheapest_plan_of_a_tiny_day(tiny, cheapest, seed, prepositions):
    day = tiny(seed, prepositions=prepositions)
    found = hindsight(day, search=Search(iterations=3_000)).plan
    assert (found.cost, found.undelivered) == (cheapest(day).cost, 0)


def test_bundles_of_three_are_found_where_they_pay(three_friends):
    pairs, triples = (
        hindsight(three_friends, search=Search(iterations=300, max_bundle=most)).plan for most in (2, 3)
    )
    assert [len(orders) for _, orders in triples.trips()] == [3]
    assert triples.cost < pairs.cost


def test_same_seed_same_plan_and_plans_only_get_better(tiny):
    day = tiny(1, orders=40, drivers=4)
    first, second = (list(Search(iterations=2_000, seed=5).plans(day)) for _ in range(2))
    assert [plan.trips() for plan in first] == [plan.trips() for plan in second]
    totals = [plan.cost + plan.undelivered * day.undelivered_cost for plan in first]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] < totals[0]


def test_a_plan_of_the_kernels_is_one_by_the_plain_rules(tiny):
    day = tiny(2, orders=60, drivers=5)
    plan = hindsight(day, search=Search(iterations=500, max_bundle=3)).plan
    again = build_plan(day, plan.trips())
    assert again.cost == plan.cost
    assert len(set(plan.order.tolist())) == len(plan.order) == day.orders - plan.undelivered


def test_orders_that_nobody_can_bring_stay_and_the_others_go(on_plane):
    day = on_plane(
        kitchens=[(0, 0), (500, 0)],
        customers=[(3, 0), (501, 0)],
        restaurant=[0, 1],
        starts=[(0, 0)],
        placed=[0, 0],
        ready=[5, 5],
        on=[0],
        off=[60],
    )
    found = hindsight(day, search=Search(iterations=50))
    assert found.plan.trips() == [(0, (0,))]
    assert found.plan.undelivered == 1
    assert found.mean_click_to_door == found.click_to_door[0] == 12.0


def test_a_start_is_never_made_worse(tiny):
    day = tiny(4, orders=30, drivers=4)
    good = hindsight(day, search=Search(iterations=3_000)).plan
    first, *_ = Search(iterations=10, seed=9).plans(day, good)
    assert first.cost <= good.cost


def test_a_start_of_larger_bundles_is_refused(three_friends):
    large = build_plan(three_friends, [(0, (0, 1, 2))])
    with pytest.raises(ContractError, match="max_bundle is 2"):
        hindsight(three_friends, search=Search(iterations=1), start=large)


def test_a_day_without_drivers_or_orders_is_a_day(tiny):
    assert hindsight(tiny(0, drivers=0), search=Search(iterations=5)).plan.undelivered == 4
    empty = hindsight(tiny(0, orders=0), search=Search(iterations=5))
    assert (empty.cost, empty.plan.undelivered) == (0.0, 0)
