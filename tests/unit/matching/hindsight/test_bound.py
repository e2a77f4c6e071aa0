from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from domain.errors import ContractError
from matching.hindsight import Search, bounds, certify, hindsight
from matching.hindsight.bound import SCALE


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("prepositions", [True, False])
def test_never_above_the_cheapest_plan(tiny, cheapest, seed, prepositions):
    day = tiny(seed, prepositions=prepositions)
    found = [bound.cost for bound in bounds(day)]
    assert found == sorted(found)
    assert found[-1] <= cheapest(day).cost


def test_is_the_optimum_of_most_tiny_days_that_the_trivial_bound_misses(tiny, cheapest):
    days = [tiny(seed) for seed in range(8)]
    optima = [cheapest(day).cost for day in days]
    first = [next(bounds(day)).cost for day in days]
    last = [hindsight(day, search=Search(iterations=500), bound_rounds=50).bound.cost for day in days]
    assert sum(a < b for a, b in zip(first, optima, strict=True)) >= 4
    assert sum(a == b for a, b in zip(last, optima, strict=True)) >= 6


@pytest.mark.parametrize("seed", range(4))
def test_any_prices_certify_something_true(tiny, cheapest, seed):
    day, rng = tiny(seed), np.random.default_rng(seed)
    best = cheapest(day).cost
    for _ in range(20):
        prices = rng.integers(-5 * SCALE, 60 * SCALE, day.orders)
        assert certify(day, prices, max_bundle=2) <= best


def test_the_prices_it_hands_out_certify_it(tiny):
    day = tiny(5)
    *_, bound = bounds(day)
    assert certify(day, bound.prices, max_bundle=2) == bound.cost


def test_larger_bundles_may_lower_it(three_friends):
    pairs, triples = (list(bounds(three_friends, max_bundle=most))[-1].cost for most in (2, 3))
    assert (pairs, triples) == (16 + 20 + 32, 16 + 20 + 24)


def test_is_exact_at_once_where_every_order_has_a_driver_of_its_own(on_plane):
    day = on_plane(
        kitchens=[(0, 0)],
        customers=[(3, 0), (0, 9)],
        restaurant=[0, 0],
        starts=[(0, 0), (0, 0)],
        placed=[10, 11],
        ready=[20, 20],
        on=[0, 0],
        off=[60, 60],
    )
    assert next(bounds(day)).cost == 17 + 22 == hindsight(day, search=Search(iterations=5)).cost


def test_a_gap_is_told_only_for_a_plan_that_delivers_all(tiny):
    found = hindsight(tiny(5), search=Search(iterations=500), bound_rounds=20)
    assert found.gap == found.cost / found.bound.cost - 1.0 >= 0.0
    hopeless = hindsight(tiny(5, drivers=1, latest=np.full(4, 1.0)), search=Search(iterations=5))
    assert np.isnan(hopeless.gap)


def test_fractions_are_refused(tiny):
    day = tiny(0)
    with pytest.raises(ContractError, match="whole times"):
        next(bounds(replace(day, direct=day.direct + 0.5)))


def test_without_drivers_there_is_nothing_to_prove(tiny):
    with pytest.raises(ContractError, match="drivers"):
        next(bounds(tiny(0, drivers=0)))


def test_a_day_that_no_plan_can_deliver_ends(tiny):
    *_, bound = bounds(tiny(5, latest=np.full(4, 1.0)))
    assert not bound.is_solved
    assert bound.rounds < 20
