from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

from reports.survival import censored_mean, censored_percentile, survival_curve


def test_the_curve_is_scipys() -> None:
    rng = np.random.default_rng(3)
    waits, ended = rng.integers(1, 30, 200).astype(float), rng.random(200) < 0.7
    theirs = ecdf(CensoredData(uncensored=waits[ended], right=waits[~ended])).sf
    times, ours = survival_curve(waits, ended)
    assert ours == pytest.approx(theirs.evaluate(times))


def test_without_censoring_it_is_the_plain_mean_and_percentile() -> None:
    waits = np.arange(1.0, 101.0)
    ended = np.ones(100, bool)
    assert censored_mean(waits, ended) == pytest.approx(50.5)
    assert censored_percentile(waits, ended, 95) == 95.0


def test_stranding_orders_never_looks_better_than_serving_them_slowly() -> None:
    served, ended = np.full(100, 10.0), np.ones(100, bool)
    stranded = ended.copy()
    stranded[:10] = False
    waits = served.copy()
    waits[:10] = 600.0
    assert censored_percentile(waits, stranded, 95) > censored_percentile(served, ended, 95)


def test_no_waits_no_value() -> None:
    assert np.isnan(censored_mean(np.empty(0), np.empty(0, bool)))
    assert np.isnan(censored_percentile(np.empty(0), np.empty(0, bool), 95))
