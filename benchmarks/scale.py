"""How wall time and memory grow: `python -m benchmarks.scale [--limit N] [--strategy NAME] [--out FOLDER]`.

Two curves, every point a process of its own, run as a user would run it:

- drivers: `porto_100k` with 1, 10 and 100 thousand drivers at once and the same 2,000 orders;
- orders: `national_day` with 10, 100 and 1,000 thousand orders, drivers in proportion.

What a further driver, or order, costs is the difference to the curve's first point, which needs what all do:
programs, cities, road labels for every hour and vehicle, a day of clockwork.
`--limit` leaves out points with more drivers, or orders, than that. `--runs` names a folder of finished runs,
such as `benchmarks.national --out` leaves: a point that is among them is read there, not run again. Writes
`scale.md`, `scale.json` and `scale.png` into the folder. Needs the data folder for the real roads; without
it, all happens in the built-in town, and the terminal says so.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import reports
from domain.errors import UserError
from reports.style import new_figure, series_colour, styled

ROOT = Path(__file__).parents[1]
MB = 1e-6


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run to make: `size` is what grows along its curve."""

    curve: str
    size: int
    scenario: str
    overrides: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a run cost; `further_*`: per driver, or order, more than at the curve's first point."""

    curve: str
    size: int
    orders: int
    pings: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    sim_s_per_wall_s: float
    share_pct: dict[str, float]
    further_cpu_ms: float | None
    further_kb: float | None

    @property
    def count(self) -> int:
        """How many of what grows along the curve: drivers at once, or orders."""
        return _count(self.curve, self.size, self.orders)


def points() -> list[Point]:
    """Return all points, small ones first."""
    drivers = [
        Point(
            curve="drivers",
            size=size,
            scenario="porto_100k",
            overrides=(f"drivers={size}", "demand.orders_per_day=15200"),
        )
        for size in (1_000, 10_000, 100_000)
    ]
    orders = [
        Point(curve="orders", size=size, scenario="national_day", overrides=(f"scale={scale:g}",))
        for size, scale in ((500, 0.0005), (10_000, 0.01), (100_000, 0.1), (1_000_000, 1.0))
    ]
    return drivers + orders


def finished(point: Point, strategy: str, workers: int, runs: Path) -> dict[str, Any] | None:
    """Return what `run --json` says of a point that was run into a folder in `runs`; None if none was."""
    asked = {"scenario": point.scenario, "set": list(point.overrides)}
    for path in sorted(runs.glob("*/run.json")):
        run = reports.open_run(path.parent)
        same = run.info["asked"] == asked and run.info["workers"] == workers
        if same and run.strategy == strategy and run.is_complete:
            return reports.run_json(run)
    return None


def run_point(point: Point, strategy: str, workers: int) -> dict[str, Any]:
    """Run a point in a process of its own and return what `run --json` says.

    Raises:
        UserError: the run failed; the message is its last line.
    """
    with tempfile.TemporaryDirectory() as folder:
        words = ["run", point.scenario, "--strategy", strategy, "--workers", str(workers)]
        words += [word for item in point.overrides for word in ("--set", item)]
        words += ["--json", "--no-report", "--out", f"{folder}/run"]
        command = [sys.executable, str(ROOT / "cli.py"), *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{' '.join(words)}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _count(curve: str, size: int, orders: int) -> int:
    """Return how many of what grows along a curve a run had."""
    return size if curve == "drivers" else orders


def measured(point: Point, said: dict[str, Any], base: Measured | None) -> Measured:
    """Return a point's costs; `base` is its curve's first point, None for that one itself."""
    orders, peak_mb = int(said["orders_placed"]), MB * float(said["peak_rss_sum_bytes"])
    cpu_s, stages_s = float(said["cpu_s"]), said["stages_s"]
    more = _count(point.curve, point.size, orders) - base.count if base is not None else 0
    return Measured(
        curve=point.curve,
        size=point.size,
        orders=orders,
        pings=sum(market["pings"] for market in said["markets"]),
        wall_s=float(said["wall_s"]),
        cpu_s=cpu_s,
        peak_mb=peak_mb,
        sim_s_per_wall_s=float(said["sim_s_per_wall_s"]),
        share_pct={name: 100.0 * value / sum(stages_s.values()) for name, value in stages_s.items()},
        further_cpu_ms=1e3 * (cpu_s - base.cpu_s) / more if base is not None and more > 0 else None,
        further_kb=1e3 * (peak_mb - base.peak_mb) / more if base is not None and more > 0 else None,
    )


def table(rows: Sequence[Measured]) -> str:
    """Return the points as a Markdown table."""
    heading = ["curve", "size", "orders", "position updates", "wall s", "CPU s", "simulated / wall s"]
    heading += [
        "wall ms per order",
        "CPU ms per further one",
        "peak MB",
        "kB per further one",
        "most of it",
    ]
    lines = [heading, ["---"] * len(heading)]
    for row in rows:
        most = sorted(row.share_pct, key=lambda name: -row.share_pct[name])[:3]
        per_order = f"{1e3 * row.wall_s / row.orders:.2f}" if row.orders else "–"
        numbers = [f"{row.size:,}", f"{row.orders:,}", f"{row.pings:,}", f"{row.wall_s:.1f}"]
        numbers += [f"{row.cpu_s:.1f}", f"{row.sim_s_per_wall_s:,.0f}", per_order]
        numbers += [_or_dash(row.further_cpu_ms), f"{row.peak_mb:,.0f}", _or_dash(row.further_kb)]
        shares = ", ".join(f"{name} {row.share_pct[name]:.0f} %" for name in most)
        lines.append([row.curve, *numbers, shares])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def draw(rows: Sequence[Measured], path: Path) -> None:
    """Draw what a further driver and a further order cost, a panel per curve, as PNG."""
    with styled():
        figure = new_figure(9.0, 3.6)
        panels = figure.subplots(1, 2)
        for axes, curve in zip(panels, ("drivers", "orders"), strict=True):
            shown = [row for row in rows if row.curve == curve and row.further_cpu_ms is not None]
            for index, (name, unit) in enumerate(
                (("further_cpu_ms", "CPU, ms"), ("further_kb", "memory, kB"))
            ):
                values = [max(getattr(row, name), 1e-3) for row in shown]
                counts = [row.count for row in shown]
                axes.plot(counts, values, "o-", color=series_colour(index), label=unit)
            if shown:
                axes.set_xscale("log")
                axes.set_ylim(bottom=0.0)
                axes.legend()
            axes.set_title(f"What a further {curve.removesuffix('s')} costs")
            axes.set_xlabel("drivers at once" if curve == "drivers" else "orders in a day")
        figure.savefig(path, dpi=150)


def _or_dash(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limit", type=int, default=100_000, help="largest size of a point")
    parser.add_argument("--strategy", default="batch")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("scale"))
    parser.add_argument("--runs", type=Path, help="folder of run folders to read points from")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows: list[Measured] = []
    for point in (one for one in points() if one.size <= options.limit):
        base = next((row for row in rows if row.curve == point.curve), None)
        chosen = (point, options.strategy, options.workers)
        said = (options.runs and finished(*chosen, options.runs)) or run_point(*chosen)
        rows.append(measured(point, said, base))
        print(table(rows).splitlines()[-1], file=sys.stderr, flush=True)
        write(rows, options.out)  # after each, so that an interrupt leaves what there is
    print(table(rows))
    print(f"![What a further driver and a further order cost]({options.out.name}/scale.png)")


def write(rows: Sequence[Measured], folder: Path) -> None:
    """Write the table, the figures and the plot."""
    (folder / "scale.md").write_text(table(rows), encoding="utf-8")
    values = [asdict(row) for row in rows]
    (folder / "scale.json").write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    draw(rows, folder / "scale.png")


if __name__ == "__main__":
    main()
