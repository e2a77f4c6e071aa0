"""What the computer did: wall time by stage."""

from __future__ import annotations

from math import nan

from matplotlib import colormaps
from matplotlib.figure import Figure

from reports.comparison import Comparison
from reports.costs import known_stages
from reports.measures import ratio
from reports.style import INK, SURFACE, new_figure

_PALETTE = colormaps["cividis"]


def stage_names(comparison: Comparison) -> list[str]:
    """Stages that any run has counted: the known ones first."""
    seen = {name for run in comparison.all_runs for name in run.info.get("stages_s") or {}}
    return known_stages(seen)


def stage_ms_per_order(comparison: Comparison, label: str) -> dict[str, float]:
    """Wall milliseconds per order of each stage, over all seeds of a variant; NaN without orders."""
    runs = list(comparison.runs[label].values())
    orders = sum(run.column("orders", "order").size for run in runs)
    return {
        name: 1000.0
        * ratio(sum(float((run.info.get("stages_s") or {}).get(name, 0.0)) for run in runs), orders)
        if orders
        else nan
        for name in stage_names(comparison)
    }


def stage_stack(comparison: Comparison) -> Figure | None:
    """Draw wall time per order by stage, a bar per variant."""
    names = stage_names(comparison)
    if not names or not any(run.column("orders", "order").size for run in comparison.all_runs):
        return None
    figure = new_figure(11.0, 1.2 + 0.32 * len(comparison.labels))
    axes = figure.subplots()
    for row, label in enumerate(comparison.labels):
        left = 0.0
        for index, (name, value) in enumerate(stage_ms_per_order(comparison, label).items()):
            colour = _PALETTE(0.22 + 0.76 * index / max(len(names) - 1, 1))
            text = name if row == 0 else None
            axes.barh(row, value, left=left, height=0.62, color=colour, edgecolor=SURFACE, label=text)
            left += value
    axes.set_yticks(range(len(comparison.labels)), comparison.labels)
    axes.tick_params(axis="y", labelcolor=INK, length=0)
    axes.set_ylim(len(comparison.labels) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("wall milliseconds per order")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=8, columnspacing=1.2)
    return figure
