"""Drivers: how pay spreads, and what customers' time costs."""

from __future__ import annotations

from collections.abc import Sequence

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
    """Draw customers' time against driving and against pay per order; seeds as dots, means as large marks.

    Ringed and joined: the variants that no other one beats on both axes.
    """
    if all(np.isnan(_mean(comparison, label, "click_to_door_mean_min")) for label in comparison.labels):
        return None
    figure = new_figure(5.5, 3.4)
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, name in ((left, "km_per_order"), (right, "cost_per_order_usd")):
        for index, label in enumerate(comparison.labels):
            _cloud(axes, comparison, label, METRICS[name], index)
        _front(axes, comparison, name)
        axes.set_xlabel(f"{METRICS[name].title.lower()}, {METRICS[name].unit}")
        axes.margins(0.18)
        axes.locator_params(axis="x", nbins=4)
        axes.ticklabel_format(useOffset=False)
    left.set_ylabel("click-to-door, mean, min")
    left.annotate("↙ better", (0.03, 0.03), xycoords="axes fraction", color=MUTED)
    top_legend(figure, left, columns=4)
    return figure


def undominated(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the indices of points that no other point beats: by x; NaN is never there.

    A point is beaten by one that is no worse on either axis and better on one; smaller is better.
    """
    shown = [i for i, point in enumerate(points) if not np.isnan(point).any()]
    kept = [i for i in shown if not any(_beats(points[j], points[i]) for j in shown)]
    return sorted(kept, key=lambda i: points[i])


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[0] and one[1] <= other[1] and one != other


def _front(axes: Axes, comparison: Comparison, name: str) -> None:
    """Ring and join the means that no other one beats."""
    if len(comparison.labels) < 2:
        return
    means = [
        (_mean(comparison, label, name), _mean(comparison, label, "click_to_door_mean_min"))
        for label in comparison.labels
    ]
    front = [means[i] for i in undominated(means)]
    across, up = [x for x, _ in front], [y for _, y in front]
    axes.plot(across, up, color=MUTED, linewidth=1.0, linestyle=(0, (3, 3)), zorder=1)
    axes.plot(
        across, up, "o", markersize=15, markerfacecolor="none", markeredgecolor=MUTED, markeredgewidth=1.0
    )


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
