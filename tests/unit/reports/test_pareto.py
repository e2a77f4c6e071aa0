"""Which variants nobody beats on both axes."""

from __future__ import annotations

from math import nan

import pytest

from reports.plots.drivers import undominated


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)], [0, 1, 2]),
        ([(3.0, 1.0), (2.0, 2.0), (2.5, 2.5)], [1, 0]),
        ([(1.0, 1.0), (1.0, 2.0), (2.0, 1.0)], [0]),
        ([(1.0, 1.0), (1.0, 1.0)], [0, 1]),
        ([(nan, 0.0), (1.0, 1.0)], [1]),
        ([], []),
    ],
    ids=["a front", "one is behind it", "equal on one axis", "equal on both", "not measured", "none"],
)
def test_nobody_beats_them(points, expected):
    assert undominated(points) == expected
