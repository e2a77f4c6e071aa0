"""Waiting times of which some were never seen to end: the product-limit estimator.

Kaplan and Meier, "Nonparametric Estimation from Incomplete Observations" (1958). An order whose customer gave
up had waited *at least* so long. Dropping it, or taking its wait for a match, would flatter a strategy that
strands orders. Patience is drawn before the run and never depends on the strategy, so the censoring is
independent, as the estimator asks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def survival_curve(waits: Values, is_ended: NDArray[np.bool_]) -> tuple[Values, Values]:
    """Return the distinct waits, ascending, and the estimated share that still waits after each.

    Args:
        waits: [n] time until the end, or until the wait was lost from sight.
        is_ended: [n] true where the wait was seen to end.
    """
    times, position = np.unique(waits, return_inverse=True)
    seen = np.bincount(position, minlength=times.size)
    ends = np.bincount(position, weights=is_ended.astype(np.float64), minlength=times.size)
    at_risk = waits.size - np.concatenate([[0], np.cumsum(seen)[:-1]])
    return times, np.cumprod(1.0 - ends / at_risk)


def censored_mean(waits: Values, is_ended: NDArray[np.bool_]) -> float:
    """Mean wait, restricted to the longest wait in sight: the area under the survival curve.

    Without censoring it is the plain mean. NaN without waits.
    """
    if not waits.size:
        return float("nan")
    times, survival = survival_curve(waits, is_ended)
    before = np.concatenate([[1.0], survival[:-1]])
    return float((before * np.diff(times, prepend=0.0)).sum())


def censored_percentile(waits: Values, is_ended: NDArray[np.bool_], q: float) -> float:
    """Shortest wait that percentage `q` of all waits do not exceed; NaN without waits.

    Where more than 100 - q % never end, the longest wait in sight is returned: a lower bound.
    """
    if not waits.size:
        return float("nan")
    times, survival = survival_curve(waits, is_ended)
    reached = np.flatnonzero(survival <= 1.0 - q / 100.0 + 1e-12)
    return float(times[reached[0]] if reached.size else times[-1])
