"""Customers: how long orders took, as distributions over all orders of all seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.comparison import Comparison
from reports.customer_metrics import TARGET_CLICK_TO_DOOR_MIN, click_to_door_min, minutes_between
from reports.run import Column, Run
from reports.style import MUTED, new_figure, series_colour, top_legend

_POINTS = 200
_TOP = 99.5


def pooled(comparison: Comparison, label: str, per_order: Callable[[Run], Column]) -> Column:
    """Return the finite values of all seeds of a variant, one after the other."""
    every: Column = np.concatenate([per_order(run) for run in comparison.runs[label].values()])
    return np.extract(np.isfinite(every), every)


def click_to_door(comparison: Comparison) -> Figure | None:
    """Draw the share of orders delivered, and of finished food picked up, within a time."""
    figure = new_figure(11.0, 3.5)
    left, right = figure.subplots(1, 2)
    door = [pooled(comparison, label, click_to_door_min) for label in comparison.labels]
    food = [
        pooled(comparison, label, lambda run: minutes_between(run, "ready_s", "picked_up_s"))
        for label in comparison.labels
    ]
    if not any(values.size for values in door):
        return None
    _curves(left, comparison.labels, door)
    left.axvline(TARGET_CLICK_TO_DOOR_MIN, color=MUTED, linestyle=(0, (4, 3)), linewidth=1.0)
    left.annotate(
        "40 min ", (TARGET_CLICK_TO_DOOR_MIN, 2.0), color=MUTED, ha="right", va="bottom", fontsize=8.5
    )
    left.set_title("Click-to-door")
    left.set_xlabel("minutes from placement to delivery")
    _curves(right, comparison.labels, food)
    right.set_title("Ready-to-pickup")
    right.set_xlabel("minutes that finished food waits")
    left.set_ylabel("% of orders within this time")
    top_legend(figure, left)
    return figure


def _curves(axes: Axes, labels: list[str], samples: list[Column]) -> None:
    ranks = np.linspace(0.0, 100.0, _POINTS)
    for index, (label, values) in enumerate(zip(labels, samples, strict=True)):
        if values.size:
            axes.plot(np.percentile(values, ranks), ranks, color=series_colour(index), label=label)
    ends = [float(np.percentile(values, _TOP)) for values in samples if values.size]
    axes.set_xlim(0.0, max([*ends, 1.0]))
    axes.set_ylim(0.0, 100.0)
