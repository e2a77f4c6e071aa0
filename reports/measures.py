"""Small numbers from columns, sound on empty ones: nothing to measure gives NaN, never a warning."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def mean(values: Values) -> float:
    """Mean of the finite values."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")


def percentile(values: Values, q: float) -> float:
    """Percentile `q` (0-100) of the finite values, linear between order statistics."""
    finite = values[np.isfinite(values)]
    return float(np.percentile(finite, q)) if finite.size else float("nan")


def ratio(part: float, whole: float) -> float:
    """Return `part / whole`, NaN where the whole is zero or unknown."""
    return float(part) / float(whole) if whole else float("nan")


def share_pct(is_part: NDArray[np.bool_], is_whole: NDArray[np.bool_]) -> float:
    """Percentage of the rows of `is_whole` that are in `is_part` too."""
    return 100.0 * ratio(float(np.count_nonzero(is_part & is_whole)), float(np.count_nonzero(is_whole)))


def gini(values: Values) -> float:
    """Gini coefficient of non-negative values: 0, all equal; near 1, one has everything."""
    ordered = np.sort(values[np.isfinite(values)])
    total = float(ordered.sum())
    if total <= 0.0:
        return float("nan")
    ranks = np.arange(1, ordered.size + 1)
    return float(2.0 * (ranks * ordered).sum() / (ordered.size * total) - (ordered.size + 1) / ordered.size)
