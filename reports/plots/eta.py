"""ETA: is a predicted half hour half an hour, and how do errors shrink on the way?"""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.comparison import Comparison
from reports.customer_metrics import click_to_door_min, minutes_between
from reports.eta_metrics import STAGES, eta_error_min
from reports.plots.customers import pooled
from reports.run import Column, Run
from reports.style import INK, MUTED, new_figure, series_colour, series_marker, top_legend

_GROUPS = 12
_BINS = (12, 48)


def calibration(comparison: Comparison) -> Figure | None:
    """Draw actual over predicted time at placement, and the errors of the ETA given at each stage."""
    errors = {stage: _errors(comparison, stage) for stage in STAGES}
    if not any(values.size for values in errors["placement"]):
        return None
    figure = new_figure(11.0, 3.3)
    first, *others = figure.subplots(1, 4, width_ratios=(1.25, 1, 1, 1))
    _reliability(first, comparison)
    reach = max(float(np.percentile(np.abs(values), 99)) for values in errors["placement"] if values.size)
    for axes, stage in zip(others, STAGES, strict=True):
        _histogram(axes, errors[stage], max(reach, 1.0))
        axes.set_title(f"Error at {stage}")
        axes.set_xlabel("min late of the ETA")
    others[0].set_ylabel("% of orders")
    top_legend(figure, first)
    return figure


def _errors(comparison: Comparison, stage: str) -> list[Column]:
    return [pooled(comparison, label, partial(eta_error_min, stage=stage)) for label in comparison.labels]


def _reliability(axes: Axes, comparison: Comparison) -> None:
    for index, label in enumerate(comparison.labels):
        predicted, actual = _pairs(comparison, label)
        if predicted.size:
            groups = np.array_split(np.argsort(predicted, kind="stable"), min(_GROUPS, predicted.size))
            x = [float(predicted[group].mean()) for group in groups]
            y = [float(actual[group].mean()) for group in groups]
            marker = series_marker(index)
            axes.plot(
                x, y, marker=marker, markersize=4.5, linewidth=1.2, color=series_colour(index), label=label
            )
    low = min(axes.get_xlim()[0], axes.get_ylim()[0])
    high = max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.plot([low, high], [low, high], color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    axes.set_title("Calibration at placement")
    axes.set_xlabel("predicted, min")
    axes.set_ylabel("actual mean, min")


def _pairs(comparison: Comparison, label: str) -> tuple[Column, Column]:
    def both(run: Run) -> Column:
        return np.stack([minutes_between(run, "placed_s", "eta_placement_s"), click_to_door_min(run)])

    table = np.concatenate([both(run) for run in comparison.runs[label].values()], axis=1)
    known = table[:, np.isfinite(table).all(axis=0)]
    return known[0], known[1]


def _histogram(axes: Axes, samples: list[Column], reach: float) -> None:
    largest = max(values.size for values in samples)
    edges = np.linspace(-reach, reach, int(np.clip(np.sqrt(largest), *_BINS)) // 2 * 2 + 1)
    for index, values in enumerate(samples):
        if values.size:
            shares = 100.0 * np.histogram(values, edges)[0] / values.size
            axes.stairs(shares, edges, color=series_colour(index), linewidth=1.5)
    axes.axvline(0.0, color=INK, linewidth=1.0)
    axes.set_xlim(-reach, reach)
