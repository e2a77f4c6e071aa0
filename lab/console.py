"""What the commands of the lab print for people: tables, notes, a progress bar."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import reports
from domain.units import clock_text
from lab.listeners import Watch
from sim.world import Progress as SimProgress

screen = Console()
notes = Console(stderr=True)


def say(line: str) -> None:
    """Print a note on standard error."""
    notes.print(line, highlight=False, soft_wrap=True)


def progress_bar(*, hidden: bool) -> Progress:
    """Return a progress bar on standard error, shown only there where somebody sees it."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
        console=notes,
        disable=hidden or not notes.is_terminal,
        transient=True,
    )


def shown_on(bar: Progress) -> Watch:
    """Return what shows the progress of all markets as one: the slowest one's clock, everyone's orders."""
    task = bar.add_task("setting up", total=None, speed="")
    markets: dict[int, SimProgress] = {}

    def show(now: SimProgress) -> None:
        markets[now.market] = now
        ended, orders = (sum(getattr(m, name) for m in markets.values()) for name in ("ended", "orders"))
        speed = ended / (bar.tasks[0].elapsed or 1e-9)
        bar.update(
            task,
            description=clock_text(min(m.now_s for m in markets.values() if m.share < 1.0 or m is now)),
            total=now.markets,
            completed=sum(m.share for m in markets.values()),
            speed=f"{ended} of {orders} orders, {speed:.0f} orders/s",
        )

    return show


def print_report(comparison: reports.Comparison, folder: Path, *, as_json: bool) -> None:
    """Print a comparison, and where its report is."""
    if as_json:
        print(json.dumps(reports.comparison_json(comparison, folder), allow_nan=False))
        return
    screen.print(reports.summary_table(comparison))
    print_place(folder, complete=not comparison.interrupted)


def print_place(folder: Path, *, complete: bool) -> None:
    """Print where the report or the run is, and a note if it is not `complete`."""
    if not complete:
        notes.print("interrupted: the report covers what was simulated until then")
    page = folder / "report.html"
    screen.print(f"report: {page}" if page.exists() else f"run: {folder}", soft_wrap=True, highlight=False)
