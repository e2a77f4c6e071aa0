"""On a public instance: plans are feasible solutions by the strict rules, and their totals are theirs."""

from __future__ import annotations

import pytest

from benchmarks.hindsight import PUBLISHED, day_of, solution_of
from matching.hindsight import Search, bounds, hindsight
from scenarios.data import resolve
from scenarios.mdrp import metrics, read_instance, read_solution, violations, write_solution

pytestmark = pytest.mark.data
NAME = "0r50t100s1p100"


@pytest.fixture(scope="module")
def instance():
    return read_instance(resolve(f"orders/mdrp/{NAME}"))


@pytest.mark.parametrize("prepositions", [True, False])
@pytest.mark.parametrize("max_bundle", [1, 3])
def test_a_plan_is_a_feasible_solution(instance, tmp_path, prepositions, max_bundle):
    day = day_of(instance, prepositions=prepositions)
    plan = hindsight(day, search=Search(iterations=300, max_bundle=max_bundle)).plan
    write_solution(tmp_path, instance, solution_of(instance, plan))
    solution = read_solution(tmp_path, instance)
    assert violations(instance, solution) == []
    measured = metrics(instance, solution)
    assert measured["ctd_min"] == pytest.approx(plan.cost / len(plan.order))
    assert (solution.size == 0).any() == prepositions
    assert solution.size.max() <= max_bundle


def test_a_short_search_is_proved_within_two_per_cent_and_beats_the_published_plan(instance):
    day = day_of(instance)
    plans = list(Search(iterations=3_000).plans(day))
    best = plans[-1]
    assert best.undelivered == 0
    assert best.cost / day.orders < PUBLISHED[NAME][0]
    proved = next(bound.cost for bound in bounds(day, plans=plans) if 1.02 * bound.cost >= best.cost)
    assert proved <= best.cost
