"""How good were predictions? Errors are prediction minus truth, in seconds: positive means too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.errors import ContractError
from domain.units import FloatArray


@dataclass(frozen=True, kw_only=True)
class EtaScore:
    """Scores of n predictions; NaN where n is 0.

    `mae_s` mean absolute error; `bias_s` mean error; `p90_abs_error_s`; `pinball_s` mean pinball loss over
    the quantile levels; `interval_coverage` the share of truths within the outermost two quantiles, which
    a calibrated model has at ``levels[-1] - levels[0]``.
    """

    n: int
    mae_s: float
    bias_s: float
    p90_abs_error_s: float
    pinball_s: float
    interval_coverage: float


def score_predictions(
    mean_s: FloatArray, quantiles_s: FloatArray, actual_s: FloatArray, *, levels: Sequence[float]
) -> EtaScore:
    """Score predictions `mean_s` [n], `quantiles_s` [n, q] at `levels` [q] against the truth `actual_s` [n].

    Raises:
        ContractError: the shapes do not fit.
    """
    n = len(actual_s)
    if np.shape(mean_s) != (n,) or np.shape(quantiles_s) != (n, len(levels)):
        raise ContractError(
            f"mean_s {np.shape(mean_s)}, quantiles_s {np.shape(quantiles_s)} and actual_s ({n},) do not fit"
        )
    if n == 0:
        nan = float("nan")
        return EtaScore(n=0, mae_s=nan, bias_s=nan, p90_abs_error_s=nan, pinball_s=nan, interval_coverage=nan)
    return EtaScore(
        n=n,
        mae_s=mean_absolute_error(mean_s, actual_s),
        bias_s=float(np.mean(mean_s - actual_s)),
        p90_abs_error_s=float(np.quantile(np.abs(mean_s - actual_s), 0.9)),
        pinball_s=pinball_loss(quantiles_s, actual_s, levels=levels),
        interval_coverage=interval_coverage(quantiles_s[:, 0], quantiles_s[:, -1], actual_s),
    )


def mean_absolute_error(mean_s: FloatArray, actual_s: FloatArray) -> float:
    """Return the mean of ``|prediction - truth|``; arrays [n], n > 0."""
    return float(np.mean(np.abs(mean_s - actual_s)))


def pinball_loss(quantiles_s: FloatArray, actual_s: FloatArray, *, levels: Sequence[float]) -> float:
    """Return the mean over rows and levels q of ``max(q (y - f), (q - 1)(y - f))``; [n, q] and [n].

    Least, in expectation, for the true quantiles: Koenker and Bassett, "Regression Quantiles" (Econometrica
    46, 1978).
    """
    short = np.asarray(actual_s)[:, None] - quantiles_s
    level = np.asarray(levels)
    return float(np.mean(np.maximum(level * short, (level - 1.0) * short)))


def interval_coverage(low_s: FloatArray, high_s: FloatArray, actual_s: FloatArray) -> float:
    """Return the share of truths in ``[low, high]``; arrays [n], n > 0."""
    return float(np.mean((low_s <= actual_s) & (actual_s <= high_s)))
