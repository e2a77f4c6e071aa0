"""The plots of the comparison page, as SVG files on a white ground."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from benchmarks.mdrp.losses import PAPER, Loss
from benchmarks.mdrp.table import Line
from reports.style import INK, MUTED, SERIES, new_figure, series_colour, series_marker, styled


def draw_costs(lines: Sequence[Line]) -> Figure:
    """Draw click-to-door against dollars per order: ours filled, others' hollow, over their own instances.

    Lines without either are left out, and so are those over fewer instances than the first.
    """
    shown = [line for line in lines if line.mean.keys() >= {"ctd_min", "cost_per_order_usd"}]
    shown = [line for line in shown if not line.is_ours or line.over == lines[0].over]
    with styled():
        figure = new_figure(9.0, 4.4)
        axes = figure.subplots()
        for index, line in enumerate(shown):
            face = series_colour(index) if line.is_ours else "white"
            edge = series_colour(index) if line.is_ours else MUTED
            axes.plot(
                [line.mean["cost_per_order_usd"]],
                [line.mean["ctd_min"]],
                series_marker(index + index // len(SERIES)),  # colours come again: then with other marks
                markerfacecolor=face,
                markeredgecolor=edge,
                markersize=8,
                linestyle="none",
                label=line.name if line.is_ours else f"{line.name}, {line.over} instances",
            )
        axes.margins(0.1, 0.1)
        axes.ticklabel_format(useOffset=False)
        axes.set_xlabel("$ per order")
        axes.set_ylabel("click-to-door, mean, min")
        axes.annotate("↙ better", (0.02, 0.03), xycoords="axes fraction", color=MUTED)
        figure.legend(loc="outside right upper")  # many lie close together: names beside marks would overlap
    return figure


def draw_losses(told: Sequence[Loss]) -> Figure:
    """Draw how much later orders come, and how much longer food waits, than with perfect ready times."""
    rows = [*told, PAPER]
    with styled():
        figure = new_figure(7.2, 0.9 + 0.42 * len(rows))
        axes = figure.subplots()
        at = np.arange(len(rows))[::-1]
        for offset, key, title, colour in (
            (0.18, "ctd_min", "click-to-door", SERIES[0]),
            (-0.18, "rtp_min", "ready-to-pickup", SERIES[1]),
        ):
            values = [getattr(row, key) for row in rows]
            bars = axes.barh(at + offset, values, height=0.34, color=colour, label=title)
            axes.bar_label(bars, fmt="%+.2f", padding=3, fontsize=8, color=INK)
        axes.axvline(0.0, color=MUTED, linewidth=0.8)
        axes.set_yticks(at, [f"{row.name}\n{row.prep}" for row in rows], fontsize=8)
        axes.set_xlabel("minutes more than with perfect ready times")
        axes.margins(x=0.15)
        axes.grid(visible=False, axis="y")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return figure


def to_plain_svg(figure: Figure) -> bytes:
    """Return a figure as an SVG file, the same bytes each time."""
    buffer = io.BytesIO()
    with styled():
        figure.savefig(
            buffer, format="svg", dpi=130, facecolor="white", metadata={"Date": None, "Creator": None}
        )
    return buffer.getvalue()
