"""Maps: where deliveries take long, over the market's roads and restaurants."""

from __future__ import annotations

from functools import partial
from math import cos, radians
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from reports.comparison import Comparison
from reports.customer_metrics import click_to_door_min
from reports.run import Column
from reports.style import INK, new_figure

MAX_PANELS = 4
MAX_MARKETS = 4
_ROAD = "#8a93a3"
_CELLS = (8, 24)
_ORDERS_PER_CELL = 10.0
MIN_ORDERS = 3
_KM_PER_DEGREE = 111.2


def market_names(comparison: Comparison) -> list[str]:
    """Names of the markets that have a map, the first `MAX_MARKETS`."""
    markets = comparison.first.map.get("markets", [])
    return [str(market.get("name", index)) for index, market in enumerate(markets)][:MAX_MARKETS]


def delivery_map(comparison: Comparison, market: int) -> Figure | None:
    """Draw mean click-to-door by where customers live, a panel per variant (at most `MAX_PANELS`)."""
    labels = comparison.labels[:MAX_PANELS]
    spots = {label: _spots(comparison, label, market) for label in labels}
    if not any(values.size for _, _, values in spots.values()):
        return None
    window = _window(list(spots.values()))
    place = comparison.first.map["markets"][market]
    known = np.concatenate([values for _, _, values in spots.values()])
    scale = Normalize(*np.percentile(known, (15, 92)))
    height = min(11.0 / len(labels) / _aspect(window), 6.0)
    figure = new_figure(11.0, height + 0.9)
    panels = figure.subplots(1, len(labels), squeeze=False).ravel()
    drawn = None
    for axes, label in zip(panels, labels, strict=False):
        _ground(axes, place, window)
        drawn = _cells(axes, spots[label], window, scale) or drawn
        axes.set_title(label)
    for axes in panels[len(labels) :]:
        axes.set_visible(False)
    if drawn is not None:
        bar = figure.colorbar(drawn, ax=list(panels), location="bottom", shrink=0.4, aspect=40, pad=0.02)
        bar.set_label("mean click-to-door, minutes")
        bar.outline.set_visible(False)
    return figure


_Spots = tuple[Column, Column, Column]


def _spots(comparison: Comparison, label: str, market: int) -> _Spots:
    """Longitude, latitude and click-to-door of the market's deliveries, all seeds."""
    parts = []
    for run in comparison.runs[label].values():
        minutes = click_to_door_min(run)
        here = (run.column("orders", "market") == market) & np.isfinite(minutes)
        lon, lat = run.column("orders", "customer_lon")[here], run.column("orders", "customer_lat")[here]
        parts.append(np.stack([lon, lat, minutes[here]]))
    every = np.concatenate(parts, axis=1)
    return every[0], every[1], every[2]


def _window(spots: list[_Spots]) -> tuple[float, float, float, float]:
    lon, lat = (np.concatenate([each[axis] for each in spots]) for axis in (0, 1))
    west, east = np.percentile(lon, (1.0, 99.0))
    south, north = np.percentile(lat, (1.0, 99.0))
    return float(west), float(east), float(south) - 1e-4, float(north) + 1e-4


def _aspect(window: tuple[float, float, float, float]) -> float:
    west, east, south, north = window
    return max((east - west) * cos(radians((south + north) / 2.0)) / (north - south), 0.3)


def _ground(axes: Axes, place: dict[str, Any], window: tuple[float, float, float, float]) -> None:
    west, east, south, north = window
    for rank, width in ((0, 1.5), (1, 0.9), (2, 0.5)):
        roads = [road for road in place.get("roads", []) if min(int(road["class"]), 2) == rank]
        lines = [np.column_stack([road["lon"], road["lat"]]) for road in roads]
        axes.add_collection(
            LineCollection(lines, colors=_ROAD, linewidths=width, alpha=0.45, rasterized=True)
        )
    homes = place.get("restaurants", {"lat": [], "lon": []})
    axes.plot(
        homes["lon"], homes["lat"], "o", markersize=1.8, color=INK, alpha=0.75, zorder=4, rasterized=True
    )
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect(1.0 / cos(radians((south + north) / 2.0)))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    _scale_bar(axes, window)


def _cells(
    axes: Axes, spots: _Spots, window: tuple[float, float, float, float], scale: Normalize
) -> PolyCollection | None:
    lon, lat, minutes = spots
    if not minutes.size:
        return None
    columns = int(np.clip(np.sqrt(minutes.size / _ORDERS_PER_CELL), *_CELLS))
    rows = max(int(columns / _aspect(window) / 1.73), 4)
    draw = partial(axes.hexbin, lon, lat, C=minutes, gridsize=(columns, rows), extent=window, norm=scale)
    return draw(mincnt=MIN_ORDERS, cmap="viridis_r", linewidths=0.0, alpha=0.8, zorder=3)


def _scale_bar(axes: Axes, window: tuple[float, float, float, float]) -> None:
    west, east, south, north = window
    per_km = 1.0 / (_KM_PER_DEGREE * cos(radians((south + north) / 2.0)))
    length = next(km for km in (50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.0) if km * per_km <= (east - west) / 4)
    x, y = west + 0.03 * (east - west), south + 0.03 * (north - south)
    axes.plot([x, x + length * per_km], [y, y], color=INK, linewidth=2.0, zorder=5)
    axes.annotate(
        f"{length:g} km", (x, y), (0, 4), textcoords="offset points", color=INK, fontsize=8, zorder=5
    )
