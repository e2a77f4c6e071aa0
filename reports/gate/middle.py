"""The middle of disturbed measurements."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from reports.statistics import LEVEL, Estimate


def middle(values: Sequence[float]) -> Estimate:
    """Return the mean of the middle half, with its 95 % interval from three values on.

    Surer than the median, and as deaf to the outermost quarters. The interval takes the deviation of the
    winsorised values (Yuen, "The two-sample trimmed t for unequal population variances", 1974).
    """
    ordered, n = np.sort(np.asarray(values, np.float64)), len(values)
    cut = (n + 1) // 4
    mean, kept = float(ordered[cut : n - cut].mean()), n - 2 * cut
    if kept < 2:
        return Estimate(mean, float("nan"), float("nan"), n)
    from scipy.special import stdtrit  # slow to load

    squares = float(np.var(np.clip(ordered, ordered[cut], ordered[n - 1 - cut]))) * n
    half = float(stdtrit(kept - 1, 0.5 + LEVEL / 2.0)) * sqrt(squares / (kept * (kept - 1)))
    return Estimate(mean, mean - half, mean + half, n)
