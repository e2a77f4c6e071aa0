"""Objectives: each variant's mean with its interval against the target, and differences as a forest plot."""

from __future__ import annotations

from math import ceil, isfinite, nan

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.comparison import Comparison, has_values
from reports.formats import MINUS, target_text
from reports.metric import Metric
from reports.metrics import METRICS
from reports.style import BAD, GOOD, INK, MUTED, SURFACE, new_figure, series_colour, series_marker, top_legend

_COLUMNS = 3
FOREST_METRICS = (
    "click_to_door_p90_min",
    "late_mean_min",
    "match_time_mean_s",
    "km_per_order",
    "cost_per_order_usd",
    "earnings_per_h_usd",
    "earnings_p10_per_h_usd",
    "eta_placement_mae_min",
)


def objective_dots(comparison: Comparison) -> Figure | None:
    """Draw one panel per objective: seeds as faint dots, the mean with its interval, the target as a line."""
    metrics = [METRICS[name] for name in comparison.targets if has_values(comparison, [name])]
    if not metrics:
        return None
    rows = ceil(len(metrics) / _COLUMNS)
    figure = new_figure(11.0, rows * (0.95 + 0.27 * len(comparison.labels)))
    panels = figure.subplots(rows, _COLUMNS, squeeze=False, sharey=True).ravel()
    for panel, metric in zip(panels, metrics, strict=False):
        _objective_panel(panel, comparison, metric)
    for panel in panels[len(metrics) :]:
        panel.set_visible(False)
    return figure


def _objective_panel(axes: Axes, comparison: Comparison, metric: Metric) -> None:
    target = comparison.targets[metric.id]
    for index, label in enumerate(comparison.labels):
        _dots(axes, comparison, label, metric, index)
    axes.axvline(target, color=INK, linestyle=(0, (4, 3)), linewidth=1.0)
    axes.set_title(metric.short[0].upper() + metric.short[1:])
    axes.set_title(f"target {target_text(metric, target)}", loc="right", color=MUTED, weight="normal", size=9)
    axes.set_yticks(range(len(comparison.labels)), comparison.labels)
    axes.tick_params(axis="y", labelcolor=INK, length=0)
    axes.set_ylim(len(comparison.labels) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.1)
    axes.locator_params(axis="x", nbins=5)
    axes.ticklabel_format(axis="x", useOffset=False)


def _dots(axes: Axes, comparison: Comparison, label: str, metric: Metric, index: int) -> None:
    colour, found = series_colour(index), comparison.estimate(label, metric)
    seeds = [value for value in comparison.by_seed(label, metric).values() if isfinite(value)]
    if len(seeds) > 1:
        axes.scatter(seeds, [index] * len(seeds), s=14, color=colour, alpha=0.35, linewidths=0)
    if found.has_interval:
        axes.plot(
            [found.low, found.high], [index, index], color=colour, linewidth=2.6, solid_capstyle="round"
        )
    axes.plot(
        [found.mean],
        [index],
        marker=series_marker(index),
        color=colour,
        markersize=7.5,
        markeredgecolor=SURFACE,
        markeredgewidth=0.6,
    )


def forest(comparison: Comparison) -> Figure | None:
    """Draw every variant's change against the baseline in per cent of it, better to the right."""
    others = [label for label in comparison.labels if label != comparison.baseline]
    metrics = [METRICS[name] for name in dict.fromkeys([*comparison.targets, *FOREST_METRICS])]
    rows = [metric for metric in metrics if _baseline_mean(comparison, metric) and metric.direction != "none"]
    if not others or not rows:
        return None
    figure = new_figure(11.0, 0.9 + len(rows) * (0.26 + 0.1 * len(others)))
    axes = figure.subplots()
    axes.axvline(0.0, color=INK, linewidth=1.0)
    for row, metric in enumerate(rows):
        for slot, label in enumerate(others):
            offset = (slot - (len(others) - 1) / 2) * 0.62 / len(others)
            _forest_row(axes, comparison, label, metric, row + offset, is_labelled=row == 0)
    axes.set_yticks(range(len(rows)), [metric.title for metric in rows])
    axes.tick_params(axis="y", labelcolor=INK, length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    _symmetric_log(axes)
    axes.set_xlabel(f"change against {comparison.baseline}, % of its mean")
    axes.set_title("← worse", color=MUTED, weight="normal", size=9)
    axes.set_title("better →", loc="right", color=MUTED, weight="normal", size=9)
    top_legend(figure, axes)
    return figure


def _baseline_mean(comparison: Comparison, metric: Metric) -> float:
    """Scale of a metric; 0 where nothing can be said against it."""
    mean = comparison.estimate(comparison.baseline, metric).mean
    return abs(mean) if isfinite(mean) else 0.0


def _forest_row(
    axes: Axes, comparison: Comparison, label: str, metric: Metric, y: float, *, is_labelled: bool
) -> None:
    found = comparison.difference(comparison.baseline, label, metric).difference
    sign = 1.0 if metric.direction == "higher" else -1.0
    scale = sign * 100.0 / _baseline_mean(comparison, metric)
    index = comparison.labels.index(label)
    colour = series_colour(index)
    if found.has_interval:
        bounds = [found.low * scale, found.high * scale]
        axes.plot(bounds, [y, y], color=colour, linewidth=2.2, solid_capstyle="round")
    is_filled = found.excludes_zero
    axes.plot(
        [found.mean * scale if found.n else nan],
        [y],
        marker=series_marker(index),
        linestyle="none",
        color=colour,
        markerfacecolor=colour if is_filled else SURFACE,
        markersize=6.5,
        label=label if is_labelled else None,
    )


def _symmetric_log(axes: Axes) -> None:
    axes.margins(x=0.04)
    axes.set_xscale("symlog", linthresh=10.0, linscale=1.0)
    low, high = (min(axes.get_xlim()[0], -5.0), max(axes.get_xlim()[1], 5.0))
    sizes = (5.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)
    ticks = [tick for tick in (*(-size for size in reversed(sizes)), 0.0, *sizes) if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:+,.0f}".replace("-", MINUS) if tick else "0" for tick in ticks])
    axes.minorticks_off()
    axes.axvspan(low, 0.0, color=BAD, alpha=0.05, linewidth=0)
    axes.axvspan(0.0, high, color=GOOD, alpha=0.05, linewidth=0)
    axes.set_xlim(low, high)
