from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from reports.gate.middle import middle


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([3.0], 3.0),
        ([1.0, 3.0], 2.0),
        ([1.0, 2.0, 90.0], 2.0),
        ([-90.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 90.0], 3.5),
    ],
)
def test_the_outer_quarters_do_not_count(values, mean):
    assert middle(values).mean == pytest.approx(mean)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(5)
    found = [middle(rng.normal(7.0, 2.0, 40)) for _ in range(1000)]
    assert 0.93 < np.mean([each.low < 7.0 < each.high for each in found]) < 0.97


def test_one_value_has_no_interval():
    assert isnan(middle([3.0]).low)
