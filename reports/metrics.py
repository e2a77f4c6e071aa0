"""The registry of metrics, in the order in which reports list them."""

from __future__ import annotations

from domain.errors import UnknownNameError
from reports.customer_metrics import CUSTOMER_METRICS
from reports.driver_metrics import DRIVER_METRICS
from reports.eta_metrics import ETA_METRICS
from reports.matching_metrics import MATCHING_METRICS
from reports.metric import Group, Metric
from reports.regret import REGRET_METRICS
from reports.run import Run
from reports.wall_metrics import WALL_METRICS

GROUPS: dict[Group, str] = {
    "customers": "Customers",
    "matching": "Matching",
    "drivers": "Drivers",
    "eta": "ETA",
    "wall": "Wall clock",
}

METRICS: dict[str, Metric] = {
    metric.id: metric
    for group in (
        CUSTOMER_METRICS,
        REGRET_METRICS,
        MATCHING_METRICS,
        DRIVER_METRICS,
        ETA_METRICS,
        WALL_METRICS,
    )
    for metric in group
}


def get_metric(name: str) -> Metric:
    """Return a metric by id.

    Raises:
        UnknownNameError: there is none; the message names the nearest.
    """
    if name not in METRICS:
        raise UnknownNameError("metric", name, METRICS)
    return METRICS[name]


def measure(run: Run) -> dict[str, float]:
    """Return the value of every metric by id; NaN where the run has nothing to measure."""
    return {name: metric.function(run) for name, metric in METRICS.items()}
