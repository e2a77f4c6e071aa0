"""The verbs: open runs, compare them, write the report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from reports.comparison import Comparison, compare
from reports.figures import draw_all
from reports.html import to_html
from reports.markdown import to_markdown
from reports.run import Run
from reports.style import to_png


def write_report(runs: Comparison | Sequence[Run], out_dir: str | Path, *, figures: bool = False) -> Path:
    """Write `report.html` and `report.md` into a folder, and return the path of the HTML file.

    Each file appears whole or not at all.

    Args:
        runs: a comparison, or runs to compare; one run will do.
        out_dir: the folder, made if need be.
        figures: also write each figure as `figures/NAME.png`.

    Raises:
        DataError: the runs cannot be compared.
    """
    comparison = runs if isinstance(runs, Comparison) else compare(list(runs))
    folder = Path(out_dir)
    if figures:
        for plot, figure in draw_all(comparison):
            _write(folder / "figures" / f"{plot.name}.png", to_png(figure))
    _write(folder / "report.md", to_markdown(comparison).encode())
    path = _write(folder / "report.html", to_html(comparison).encode())
    for run in comparison.all_runs:
        run.forget()
    return path


def _write(path: Path, content: bytes) -> Path:
    """Write a file by way of a hidden one beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.write_bytes(content)
    return draft.replace(path)
