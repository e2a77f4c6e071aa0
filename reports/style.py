"""How figures look, and how they become bytes.

Figures are drawn in the light theme's colours. In an SVG for a page, each of these becomes a CSS variable,
so that the page's dark theme recolours figures, too.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, MUTED, GRID, SURFACE = "#1d2430", "#5d6778", "#dde2ea", "#fefefe"
GOOD, BAD = "#0b7a53", "#b5361c"

# Okabe and Ito's colour-blind-safe palette, darkened where it would be faint on white.
SERIES = ("#0a6fb0", "#d65f05", "#0c9b73", "#b8649a", "#8a6d00", "#3fa6dc", "#6c5bb5", "#777d88")
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "h")

CSS_NAMES: dict[str, str] = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    SURFACE: "--surface",
    GOOD: "--good",
    BAD: "--bad",
    **{colour: f"--s{index}" for index, colour in enumerate(SERIES)},
}

_SETTINGS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.07,
    "figure.constrained_layout.w_pad": 0.09,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "svg.hashsalt": "dispatchlab",
    "savefig.facecolor": "none",
}


@contextmanager
def styled() -> Iterator[None]:
    """Apply the figures' settings while drawing or saving, and restore what was there."""
    with mpl.rc_context(cast(Any, _SETTINGS)):
        yield


def series_colour(index: int) -> str:
    """Colour of the variant at this position; positions beyond the palette start over."""
    return SERIES[index % len(SERIES)]


def series_marker(index: int) -> str:
    """Marker of the variant at this position: colour is never the only difference."""
    return MARKERS[index % len(MARKERS)]


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure with its own canvas: no pyplot, no global state."""
    figure = Figure(figsize=(width_in, height_in))
    FigureCanvasAgg(figure)
    return figure


def top_legend(figure: Figure, axes: Axes, columns: int = 5) -> None:
    """Put the legend of one axes above all of the figure, left."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper left", ncols=min(columns, len(labels)))


def to_png(figure: Figure, dpi: int = 160) -> bytes:
    """Return a figure as PNG on a white ground."""
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()


def to_svg(figure: Figure) -> bytes:
    """Return a figure as a standalone SVG file, the same bytes each time."""
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format="svg", dpi=130, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def to_inline_svg(figure: Figure, name: str, title: str) -> str:
    """Return a figure as an SVG element for a page: themed by CSS variables, ids made unique by `name`."""
    text = to_svg(figure).decode("utf-8")
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', text)
    text = re.sub(r"font: ([^;\"]*?)\s*'[^;\"]*(?=[;\"])", r"font: \1 var(--font)", text)
    for colour, variable in CSS_NAMES.items():
        text = text.replace(colour, f"var({variable})")
    width, height = re.findall(r'(?:width|height)="([\d.]+)pt"', text)[:2]
    opening = f'<svg role="img" aria-label="{title}" viewBox="0 0 {width} {height}">'
    return re.sub(r"<svg[^>]*>", opening, text, count=1).strip()
