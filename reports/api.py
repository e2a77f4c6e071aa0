"""The verbs that draw: the page, and the report's files.

matplotlib takes a second to import, so it is imported by what draws, when it does.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from reports.comparison import Comparison, compare
from reports.markdown import to_markdown
from reports.run import Run


def to_html(comparison: Comparison) -> str:
    """Return the whole report as one HTML document that needs nothing else, the same text each time."""
    from reports.html import render

    return render(comparison)


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
        _write_figures(comparison, folder / "figures")
    write_file(folder / "report.md", to_markdown(comparison).encode())
    path = write_file(folder / "report.html", to_html(comparison).encode())
    for run in comparison.all_runs:
        run.forget()
    return path


def _write_figures(comparison: Comparison, folder: Path) -> None:
    from reports.figures import draw_all
    from reports.style import to_png

    for plot, figure in draw_all(comparison):
        write_file(folder / f"{plot.name}.png", to_png(figure))


def write_file(path: Path, content: bytes) -> Path:
    """Write a file by way of a hidden one beside it, so that it is whole or not there; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.write_bytes(content)
    return draft.replace(path)
