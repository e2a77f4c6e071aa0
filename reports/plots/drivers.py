"""Drivers: how pay spreads, and what customers' time costs."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.comparison import Comparison
from reports.driver_metrics import earnings_per_h_usd
from reports.metric import Metric
from reports.metrics import METRICS
from reports.plots.customers import pooled
from reports.style import MUTED, SURFACE, new_figure, series_colour, series_marker, top_legend

_BINS = 24


def earnings(comparison: Comparison) -> Figure | None:
    """Draw how hourly pay is distributed over drivers."""
    samples = [pooled(comparison, label, earnings_per_h_usd) for label in comparison.labels]
    if not any(values.size for values in samples):
        return None
    top = max(float(np.percentile(values, 99.5)) for values in samples if values.size)
    edges = np.linspace(0.0, max(top, 1.0), _BINS + 1)
    figure = new_figure(5.5, 3.4)
    axes = figure.subplots()
    for index, (label, values) in enumerate(zip(comparison.labels, samples, strict=True)):
        shares = 100.0 * np.histogram(values, edges)[0] / max(values.size, 1)
        colour = series_colour(index)
        axes.stairs(shares, edges, color=colour, linewidth=1.8, label=label)
        axes.stairs(shares, edges, color=colour, fill=True, alpha=0.05)
    axes.set_xlabel("$ per hour online")
    axes.set_ylabel("% of drivers")
    axes.set_xlim(0.0, edges[-1])
    top_legend(figure, axes, columns=4)
    return figure


def pareto(comparison: Comparison) -> Figure | None:
    """Draw customers' time against driving and against pay per order; seeds as dots, means as large marks."""
    if all(np.isnan(_mean(comparison, label, "click_to_door_mean_min")) for label in comparison.labels):
        return None
    figure = new_figure(5.5, 3.4)
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, name in ((left, "km_per_order"), (right, "cost_per_order_usd")):
        for index, label in enumerate(comparison.labels):
            _cloud(axes, comparison, label, METRICS[name], index)
        axes.set_xlabel(f"{METRICS[name].title.lower()}, {METRICS[name].unit}")
        axes.margins(0.18)
        axes.locator_params(axis="x", nbins=4)
        axes.ticklabel_format(useOffset=False)
    left.set_ylabel("click-to-door, mean, min")
    left.annotate("↙ better", (0.03, 0.03), xycoords="axes fraction", color=MUTED)
    top_legend(figure, left, columns=4)
    return figure


def _cloud(axes: Axes, comparison: Comparison, label: str, metric: Metric, index: int) -> None:
    across, up = (
        comparison.by_seed(label, metric),
        comparison.by_seed(label, METRICS["click_to_door_mean_min"]),
    )
    colour, marker = series_colour(index), series_marker(index)
    axes.scatter(list(across.values()), list(up.values()), s=16, color=colour, alpha=0.4, linewidths=0)
    mean = _mean(comparison, label, metric.id), _mean(comparison, label, "click_to_door_mean_min")
    axes.plot(
        *([each] for each in mean), marker, color=colour, markersize=9, markeredgecolor=SURFACE, label=label
    )


def _mean(comparison: Comparison, label: str, name: str) -> float:
    return comparison.estimate(label, METRICS[name]).mean
