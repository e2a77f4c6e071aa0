"""The run over time: orders under way, orders without a driver, drivers at work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from domain.units import HOUR_S, clock_text
from reports.comparison import Comparison
from reports.incidents import spells
from reports.run import Column
from reports.style import MUTED, new_figure, series_colour, top_legend

_PANELS = (
    ("active", "Orders under way"),
    ("unassigned", "Orders waiting for a driver"),
    ("busy", "Drivers with an order"),
)

_MAX_POINTS = 360


@dataclass(frozen=True, slots=True)
class _Band:
    """A quantity per minute over seeds: mean, least and most."""

    at_h: Column
    mean: Column
    low: Column
    high: Column


def over_time(comparison: Comparison) -> Figure | None:
    """Draw means over seeds by minute, with the range of seeds as a band; all markets together."""
    if not any(run.column("series", "at_s").size for run in comparison.all_runs):
        return None
    figure = new_figure(11.0, 5.6)
    panels = figure.subplots(3, 1, sharex=True)
    for axes, (column, title) in zip(panels, _PANELS, strict=True):
        axes.set_title(title)
        for index, label in enumerate(comparison.labels):
            _draw(axes, _band(comparison, label, column), series_colour(index), label)
        axes.set_ylim(bottom=0.0)
        _shade(axes, comparison)
    online = _band(comparison, comparison.leader, "online")
    panels[2].plot(
        online.at_h, online.mean, color=MUTED, linewidth=1.2, linestyle=(0, (4, 2)), label="online"
    )
    top_legend(figure, panels[2], columns=6)
    _clock_axis(panels[2])
    return figure


def _band(comparison: Comparison, label: str, column: str) -> _Band:
    per_seed = []
    for run in comparison.runs[label].values():
        minutes, position = np.unique(np.round(run.column("series", "at_s") / 60.0), return_inverse=True)
        per_seed.append((minutes, np.bincount(position, weights=run.column("series", column))))
    every = np.unique(np.concatenate([minutes for minutes, _ in per_seed]))
    table = np.zeros((len(per_seed), every.size))
    for row, (minutes, counts) in zip(table, per_seed, strict=True):
        row[np.searchsorted(every, minutes)] = counts
    every, table = _thinned(every, table)
    return _Band(every / 60.0, table.mean(axis=0), table.min(axis=0), table.max(axis=0))


def _thinned(minutes: Column, table: Column) -> tuple[Column, Column]:
    """Average neighbouring minutes [m] and columns of `table` [n, m] until at most `_MAX_POINTS` are left."""
    width = -(-minutes.size // _MAX_POINTS)
    starts = np.arange(0, minutes.size, width)
    sizes = np.diff(starts, append=minutes.size)
    return np.add.reduceat(minutes, starts) / sizes, np.add.reduceat(table, starts, axis=1) / sizes


def _draw(axes: Axes, band: _Band, colour: str, label: str) -> None:
    axes.fill_between(band.at_h, band.low, band.high, color=colour, alpha=0.14, linewidth=0)
    axes.plot(band.at_h, band.mean, color=colour, linewidth=1.5, label=label)


def _shade(axes: Axes, comparison: Comparison) -> None:
    """Mark when servers were down: outages are the same in every run of a scenario."""
    for spell in spells(comparison.first):
        if spell.state == "down" and np.isfinite(spell.end_s):
            axes.axvspan(spell.start_s / HOUR_S, spell.end_s / HOUR_S, color=MUTED, alpha=0.18, linewidth=0)


def _clock_axis(axes: Axes) -> None:
    axes.margins(x=0.0)
    low, high = axes.get_xlim()
    step = next(
        each for each in (0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 168) if (high - low) / each <= 12 or each == 168
    )
    ticks = np.arange(np.ceil(low / step) * step, high + 1e-9, step)
    axes.set_xticks(ticks, [clock_text(tick * HOUR_S + 1.0) for tick in ticks])
    axes.set_xlabel("time of day")
