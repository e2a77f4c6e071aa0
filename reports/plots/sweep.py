"""A sweep: metrics against what was varied, a line per strategy with a band over seeds."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.formats import target_text
from reports.metric import Metric
from reports.metrics import METRICS
from reports.statistics import Estimate
from reports.style import INK, MUTED, new_figure, series_colour, series_marker, top_legend
from reports.sweep import Spot, Sweep, numbers

_COLUMNS = 3
_LONGEST = 20


@dataclass(frozen=True, slots=True)
class _Line:
    """A strategy at fixed values of all varied keys but one; `spots` are those along it.

    `positions` are None where the strategy does not have that key: it is the same everywhere.
    """

    label: str
    strategy: str
    spots: list[Spot]
    positions: list[float] | None


def metric_curves(sweep: Sweep) -> Figure | None:
    """Draw one panel per objective that was measured; None where nothing was varied or measured."""
    metrics = [METRICS[name] for name in sweep.targets if _is_measured(sweep, METRICS[name])]
    if not sweep.varied or not metrics:
        return None
    key, *_ = sweep.varied
    lines = _lines(sweep, key)
    rows = ceil(len(metrics) / _COLUMNS)
    figure = new_figure(11.0, 0.5 + 2.5 * rows)
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for panel, metric in zip(panels, metrics, strict=False):
        _panel(panel, sweep, key, lines, metric)
    for panel in panels[len(metrics) :]:
        panel.set_visible(False)
    top_legend(figure, panels[0])
    return figure


def _is_measured(sweep: Sweep, metric: Metric) -> bool:
    return any(each.values[metric.id] == each.values[metric.id] for each in sweep.runs)


def _lines(sweep: Sweep, key: str) -> list[_Line]:
    """Return the lines along `key`: one per strategy and combination of the other varied values."""
    where = dict(zip(sweep.varied[key], _positions(sweep, key), strict=True))
    found: dict[tuple[str, Spot], list[Spot]] = {}
    for strategy, spots in sweep.spots.items():
        for spot in spots:
            others = tuple(item for item in spot if item[0] != key)
            found.setdefault((strategy, others), []).append(spot)
    lines = []
    for (strategy, others), spots in found.items():
        fixed = [f"{name.rpartition(':')[2]}={_short(value)}" for name, value in others]
        own = [where[dict(spot)[key]] for spot in spots if key in dict(spot)]
        order = sorted(range(len(own)), key=own.__getitem__)
        lines.append(
            _Line(
                label=", ".join([strategy, *fixed]),
                strategy=strategy,
                spots=[spots[i] for i in order] if own else spots,
                positions=[own[i] for i in order] if own else None,
            )
        )
    return lines


def _positions(sweep: Sweep, key: str) -> list[float]:
    """Return where each value of a key lies: numbers at themselves, others one beside the other."""
    values = sweep.varied[key]
    return numbers(values) or [float(i) for i in range(len(values))]


def _short(value: str) -> str:
    """Return a value cut in its middle, so that it fits below an axis."""
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST // 2]}…{value[-_LONGEST // 2 :]}"


def _panel(axes: Axes, sweep: Sweep, key: str, lines: list[_Line], metric: Metric) -> None:
    places = _positions(sweep, key)
    for index, line in enumerate(lines):
        found = [sweep.estimate(line.strategy, spot, metric) for spot in line.spots]
        if line.positions is None:
            _level(axes, line.label, (min(places), max(places)), found[0], index)
        else:
            _curve(axes, line.label, line.positions, found, index)
    axes.axhline(sweep.targets[metric.id], color=INK, linestyle=(0, (4, 3)), linewidth=1.0)
    axes.set_title(metric.short[0].upper() + metric.short[1:])
    target = target_text(metric, sweep.targets[metric.id])
    axes.set_title(f"target {target}", loc="right", color=MUTED, weight="normal", size=8)
    axes.set_xlabel(key)
    if numbers(sweep.varied[key]) is None:
        axes.set_xticks(places, [_short(value) for value in sweep.varied[key]])
    axes.ticklabel_format(axis="y", useOffset=False)


def _curve(axes: Axes, label: str, positions: list[float], found: list[Estimate], index: int) -> None:
    """Draw means as a line, and their intervals as a band where there are any."""
    colour = series_colour(index)
    low = [each.low if each.has_interval else each.mean for each in found]
    high = [each.high if each.has_interval else each.mean for each in found]
    axes.fill_between(positions, low, high, color=colour, alpha=0.16, linewidth=0)
    means = [each.mean for each in found]
    axes.plot(positions, means, color=colour, marker=series_marker(index), markersize=4.5, label=label)


def _level(axes: Axes, label: str, span: tuple[float, float], found: Estimate, index: int) -> None:
    """Draw a strategy that does not have the varied key: level from end to end."""
    _curve(axes, label, list(span), [found, found], index)
