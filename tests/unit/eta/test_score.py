from __future__ import annotations

import math

import numpy as np
import pytest

from domain.errors import ContractError
from eta.score import interval_coverage, mean_absolute_error, pinball_loss, score_predictions


def test_scores_by_hand():
    actual = np.array([100.0, 200.0, 300.0, 400.0])
    mean = np.array([110.0, 180.0, 300.0, 450.0])
    quantiles = np.column_stack([mean - 15.0, mean, mean + 15.0])
    score = score_predictions(mean, quantiles, actual, levels=(0.1, 0.5, 0.9))
    assert (score.n, score.mae_s, score.bias_s) == (4, 20.0, 10.0)
    assert score.p90_abs_error_s == pytest.approx(20.0 + 0.7 * 30.0)
    assert score.interval_coverage == 0.5


def test_pinball_by_hand():
    loss = pinball_loss(np.array([[8.0, 14.0]]), np.array([10.0]), levels=(0.1, 0.9))
    assert loss == pytest.approx((0.1 * 2.0 + 0.1 * 4.0) / 2.0)


def test_pinball_is_least_at_the_true_quantile():
    actual = np.random.default_rng(0).exponential(100.0, 20_000)
    losses = {
        q: pinball_loss(np.full((20_000, 1), np.quantile(actual, q)), actual, levels=(0.9,))
        for q in (0.8, 0.9, 0.95)
    }
    assert min(losses, key=losses.__getitem__) == 0.9


def test_parts():
    assert mean_absolute_error(np.array([1.0, 5.0]), np.array([2.0, 2.0])) == 2.0
    assert interval_coverage(np.zeros(2), np.ones(2), np.array([1.0, 1.1])) == 0.5


def test_nothing_to_score_and_shapes_that_do_not_fit():
    empty = score_predictions(np.empty(0), np.empty((0, 3)), np.empty(0), levels=(0.1, 0.5, 0.9))
    assert empty.n == 0
    assert math.isnan(empty.mae_s)
    with pytest.raises(ContractError, match="do not fit"):
        score_predictions(np.zeros(2), np.zeros((2, 2)), np.zeros(2), levels=(0.5,))
