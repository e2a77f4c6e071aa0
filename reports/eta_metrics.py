"""How right the ETA was, at placement, at assignment and at pickup."""

from __future__ import annotations

import numpy as np

from reports.customer_metrics import minutes_between
from reports.measures import mean
from reports.metric import Metric
from reports.run import Column, Run

STAGES = ("placement", "assignment", "pickup")


def eta_error_min(run: Run, stage: str) -> Column:
    """Minutes by which the delivery came after the ETA of `stage`, per order; NaN without either."""
    return minutes_between(run, f"eta_{stage}_s", "delivered_s")


def _mae(stage: str) -> Metric:
    return Metric(
        id=f"eta_{stage}_mae_min",
        title=f"ETA error at {stage}",
        unit="min",
        direction="lower",
        group="eta",
        definition=f"Mean of |delivery − ETA given at {stage}|, over delivered orders.",
        function=lambda run: mean(np.abs(eta_error_min(run, stage))),
        decimals=2,
    )


ETA_METRICS = (
    *(_mae(stage) for stage in STAGES),
    Metric(
        id="eta_placement_bias_min",
        title="ETA bias at placement",
        unit="min",
        direction="zero",
        group="eta",
        definition="Mean of delivery − ETA given at placement, over delivered orders; positive: later "
        "than told.",
        function=lambda run: mean(eta_error_min(run, "placement")),
        decimals=2,
    ),
)
