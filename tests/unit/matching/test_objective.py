from __future__ import annotations

import numpy as np
import pytest

from domain.errors import UnknownNameError, UserError
from matching.insertion import best_insertions
from matching.objective import Objective, parse_objective
from matching.routes import planned


def test_a_sum_of_names_and_weights():
    assert parse_objective("click_to_door + 2 * lateness+0.5*driving") == Objective(
        click_to_door=1.0, lateness=2.0, driving=0.5
    )
    assert parse_objective("fairness+fairness").fairness == 2.0


def test_a_typo_is_told_with_the_nearest_name():
    with pytest.raises(UnknownNameError, match="did you mean 'lateness'"):
        parse_objective("click_to_door + 2*latenes")


@pytest.mark.parametrize("text", ["x*lateness", "-1*lateness", "nan*lateness", "0*lateness"])
def test_bad_weights_are_refused(text):
    with pytest.raises(UserError):
        parse_objective(text)


def test_fairness_prefers_who_is_short_of_orders(market):
    snapshot = market(restaurants=[5], customers=[9], drivers=[4, 3], driver_short_orders=[0.25, 2.0])
    fair = Objective(click_to_door=1.0, fairness=10.0)
    pairs = (np.zeros(2, np.int64), np.array([0, 1], np.int32))
    found = best_insertions(snapshot, planned(snapshot), *pairs, objective=fair)
    plain = best_insertions(snapshot, planned(snapshot), *pairs)
    assert found.cost - plain.cost == pytest.approx([450.0, 0.0])


def test_old_food_is_dearer_by_the_square_of_its_age(market):
    snapshot = market(restaurants=[5], customers=[9], drivers=[4], order_ready_s_est=[100.0])
    pairs = (np.zeros(1, np.int64), np.zeros(1, np.int32))
    found = best_insertions(snapshot, planned(snapshot), *pairs, objective=Objective(freshness=1.0))
    age_s = found.dropoff_s[0] - 100.0
    assert found.cost[0] == pytest.approx(age_s**2 / 1_800.0)
