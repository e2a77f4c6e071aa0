from __future__ import annotations

from math import isnan, nan

import pytest
from scipy import stats

from reports.statistics import Estimate, estimate, paired, winner


def test_the_interval_is_students() -> None:
    values = [31.2, 29.8, 30.5, 33.0, 30.1]
    low, high = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    found = estimate(values)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.mean == pytest.approx(30.92)


def test_a_known_interval() -> None:
    found = estimate([1.0, 2.0, 3.0])  # t(2, .975) = 4.3027, standard error 1 / sqrt(3)
    assert found.high - found.mean == pytest.approx(4.302652729911275 / 3**0.5)


def test_the_paired_interval_is_the_paired_t_tests() -> None:
    a, b = [10.0, 12.0, 9.0, 14.0], [11.0, 12.5, 10.5, 14.2]
    found = paired(dict(enumerate(a)), dict(enumerate(b)))
    low, high = stats.ttest_rel(b, a).confidence_interval(0.95)
    assert (found.difference.low, found.difference.high) == pytest.approx((low, high))
    assert (found.below, found.equal, found.above) == (0, 0, 4)


def test_pairing_uses_common_seeds_only() -> None:
    found = paired({1: 5.0, 2: 6.0, 3: nan}, {2: 7.0, 3: 8.0, 4: 100.0})
    assert found.difference.n == 1
    assert found.difference.mean == 1.0


def test_one_seed_has_a_value_but_no_interval() -> None:
    found = estimate([7.0])
    assert found.mean == 7.0
    assert not found.has_interval
    assert not found.excludes_zero


def test_no_finite_seed_has_nothing() -> None:
    found = estimate([nan, nan])
    assert isnan(found.mean)
    assert found.n == 0


def test_the_bootstrap_brackets_the_mean_within_the_data_and_repeats() -> None:
    values = [1.0, 1.1, 1.3, 9.0]
    found = estimate(values, method="bootstrap")
    assert min(values) <= found.low < found.mean < found.high <= max(values)
    assert found == estimate(values, method="bootstrap")


def test_a_winner_needs_a_margin_clear_of_zero() -> None:
    clear = winner({"a": {1: 1.0, 2: 2.0, 3: 3.0}, "b": {1: 2.0, 2: 3.1, 3: 4.05}})
    assert clear is not None
    assert clear.is_established
    assert clear.names == ("a",)
    assert clear.runner_up == "b"
    assert clear.margin is not None
    assert clear.margin.difference.mean == pytest.approx(1.05)


def test_noise_is_a_tie() -> None:
    found = winner({"a": {1: 1.0, 2: 5.0, 3: 3.0}, "b": {1: 5.0, 2: 1.0, 3: 3.5}})
    assert found is not None
    assert not found.is_established
    assert set(found.names) == {"a", "b"}


def test_equal_values_are_a_tie() -> None:
    found = winner({"a": {1: 1.0, 2: 1.0}, "b": {1: 1.0, 2: 1.0}})
    assert found is not None
    assert found.names == ("a", "b")


def test_one_seed_establishes_nothing() -> None:
    found = winner({"a": {1: 1.0}, "b": {1: 2.0}})
    assert found is not None
    assert found.names[0] == "a"
    assert not found.is_established


def test_nobody_wins_without_values() -> None:
    assert winner({"a": {1: nan}, "b": {}}) is None


def test_clipping_cuts_the_interval_only() -> None:
    assert Estimate(99.9, 99.5, 100.3, 5).clipped(0.0, 100.0) == Estimate(99.9, 99.5, 100.0, 5)
