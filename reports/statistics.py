"""Means over seeds with intervals, and paired differences between strategies.

Runs of one seed share what the world draws (common random numbers), so strategies are compared seed by
seed: the differences vary far less than the values. Law, "Simulation Modeling and Analysis", sections 10.2
and 11.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, isnan, nan, sqrt
from typing import Literal

import numpy as np

Method = Literal["t", "bootstrap"]
LEVEL = 0.95
_RESAMPLES = 9999


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `n` seeds and its confidence interval; without an interval, the bounds are NaN."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def has_interval(self) -> bool:
        """Whether there were seeds enough for an interval."""
        return isfinite(self.low)

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero; False without an interval."""
        return self.has_interval and (self.low > 0.0 or self.high < 0.0)

    def clipped(self, least: float, most: float) -> Estimate:
        """Return the estimate with its interval cut to what is possible."""
        return (
            replace(self, low=max(least, self.low), high=min(most, self.high)) if self.has_interval else self
        )


@dataclass(frozen=True, slots=True)
class Paired:
    """Difference `other - reference` over common seeds, and on how many it is below, at, above zero."""

    difference: Estimate
    below: int
    equal: int
    above: int


@dataclass(frozen=True, slots=True)
class Winner:
    """The best of several on one metric.

    `names` holds the best first, and whoever cannot be told from it: more than one is a tie. `margin` is the
    loss of the runner-up less that of the best, over common seeds (None with nothing to compare).
    `is_established` is true where the margin's interval excludes zero.
    """

    names: tuple[str, ...]
    runner_up: str | None
    margin: Paired | None
    is_established: bool


def estimate(values: Sequence[float], level: float = LEVEL, method: Method = "t") -> Estimate:
    """Return the mean of the finite values with its interval.

    Args:
        values: one per seed; NaN where a seed has nothing to measure.
        level: confidence.
        method: Student's t, or the percentile bootstrap (fixed resampling seed) for few and skewed values.
    """
    finite = np.array([value for value in values if isfinite(value)])
    if finite.size == 0:
        return Estimate(nan, nan, nan, 0)
    mean = float(finite.mean())
    if finite.size == 1:
        return Estimate(mean, nan, nan, 1)
    low, high = _bootstrap(finite, level) if method == "bootstrap" else _student(finite, level)
    return Estimate(mean, low, high, int(finite.size))


def paired(
    reference: Mapping[int, float],
    other: Mapping[int, float],
    *,
    level: float = LEVEL,
    method: Method = "t",
) -> Paired:
    """Return the difference `other - reference` over the seeds that both have; maps are seed to value."""
    seeds = sorted(reference.keys() & other.keys())
    differences = [other[seed] - reference[seed] for seed in seeds]
    signs = [float(np.sign(difference)) for difference in differences if isfinite(difference)]
    return Paired(estimate(differences, level, method), signs.count(-1.0), signs.count(0.0), signs.count(1.0))


def winner(
    losses: Mapping[str, Mapping[int, float]], *, level: float = LEVEL, method: Method = "t"
) -> Winner | None:
    """Return who has the least mean loss; None where nobody has a value.

    Args:
        losses: per name, seed to loss (smaller is better); ties in the mean keep the order of names.
        level: confidence of the margins.
        method: how intervals are made.
    """
    means = {name: estimate(list(by_seed.values())).mean for name, by_seed in losses.items()}
    ranked = sorted((name for name in means if not isnan(means[name])), key=means.__getitem__)
    if not ranked:
        return None
    best, *rest = ranked
    margins = {name: paired(losses[best], losses[name], level=level, method=method) for name in rest}
    tied = tuple(name for name in rest if not _is_worse(margins[name]))
    if not rest:
        return Winner((best,), None, None, is_established=False)
    return Winner((best, *tied), rest[0], margins[rest[0]], is_established=not tied)


def _is_worse(margin: Paired) -> bool:
    """Whether the interval puts a contender behind; a single seed leads by its value, unproven."""
    if margin.difference.has_interval:
        return margin.difference.low > 0.0
    return False


def _student(values: np.ndarray[tuple[int], np.dtype[np.float64]], level: float) -> tuple[float, float]:
    error = float(values.std(ddof=1)) / sqrt(values.size)
    from scipy.special import stdtrit  # slow to load, and one run needs no interval

    half = float(stdtrit(values.size - 1, 0.5 + level / 2.0)) * error
    return float(values.mean()) - half, float(values.mean()) + half


def _bootstrap(values: np.ndarray[tuple[int], np.dtype[np.float64]], level: float) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    means = rng.choice(values, size=(_RESAMPLES, values.size)).mean(axis=1)
    low, high = np.quantile(means, [0.5 - level / 2.0, 0.5 + level / 2.0])
    return float(low), float(high)
