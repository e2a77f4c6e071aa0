"""The national day and porto_100k, whole: `python -m benchmarks.national [--runs SCENARIO:STRATEGY,...]`.

Runs the command line as a user would. Beside each run, at once after it and on as many cores, bare SimPy does
as many events, market by market, with as many pending as the run had at its peak: processes that wait and
wait again, and nothing else. It is measured on a part of the events and counted for all of them. `--out`
keeps the run folders. Needs the data folder for the real roads; without it all happens in the built-in town,
and the runs' notes say so.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import simpy

import reports
from domain.errors import UserError

ROOT = Path(__file__).parents[1]
MEASURED_EVENTS = 400_000
MEAN_WAIT_S = 600.0
PARTS = ("search", "snapshot", "travel", "strategy", "offer")


def bare_s(events: int, pending: int) -> float:
    """Return the CPU seconds that bare SimPy needs for `events` with `pending` always waiting."""
    env, draw = simpy.Environment(), random.Random(0)
    waits_s = [draw.expovariate(1.0 / MEAN_WAIT_S) for _ in range(4099)]

    def wait(start: int) -> simpy.events.ProcessGenerator:
        at = start
        while True:
            at = (at + 1) % len(waits_s)
            yield env.timeout(waits_s[at])

    for number in range(max(pending, 1)):
        env.process(wait(number % len(waits_s)))
    for _ in range(max(pending, 1)):
        env.step()  # the processes begin
    measured = min(events, MEASURED_EVENTS)
    began_s = process_time()
    for _ in range(measured):
        env.step()
    return (process_time() - began_s) * events / max(measured, 1)


def run(scenario: str, strategy: str, *, scale: float, workers: int, folder: Path) -> dict[str, Any]:
    """Run a scenario into `folder` and return its `run.json`.

    Raises:
        UserError: the run failed; the message is its last line.
    """
    words = ["run", scenario, "--strategy", strategy, "--workers", str(workers), "--set", f"scale={scale:g}"]
    words += ["--no-report", "--out", str(folder)]
    command = [sys.executable, str(ROOT / "cli.py"), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{' '.join(words)}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    said: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return said


def bare_total_s(markets: Sequence[Mapping[str, Any]], workers: int) -> float:
    """Return the CPU seconds of bare SimPy for all markets, on as many cores at once as the run had."""
    with ProcessPoolExecutor(workers) as pool:
        asked = [(market["events"], market["most_pending"]) for market in markets]
        return sum(pool.map(bare_s, *zip(*asked, strict=True)))


def rows_of(info: Mapping[str, Any], folder: Path, bare_cpu_s: float) -> list[tuple[str, str]]:
    """Return what to say of a run: label and value."""
    run = reports.open_run(folder)
    decision_s = sum((run.column("windows", f"{part}_wall_s") for part in PARTS), np.zeros(1))
    markets, stages = info["markets"], info["stages_s"]
    orders, wall_s = sum(market["orders"] for market in markets), info["wall_s"]
    sim_s = max(market["sim_s"] for market in markets)
    decisions_s = float(np.sum(decision_s))
    return [
        ("orders", f"{orders:,}"),
        ("drivers", f"{sum(market['drivers'] for market in markets):,}"),
        ("position updates", f"{info['pings']:,}"),
        ("workers", f"{info['workers']}"),
        ("wall s", f"{wall_s:,.1f}"),
        ("setting up, s", f"{info['setup_s']:.1f}"),
        ("simulated over wall seconds", f"{sim_s / wall_s:.1f}"),
        ("orders per wall second", f"{orders / wall_s:,.0f}"),
        ("position updates per wall second", f"{info['pings'] / wall_s:,.0f}"),
        ("CPU s", f"{info['cpu_s']:,.1f}"),
        ("CPU ms per order", f"{1e3 * info['cpu_s'] / orders:.2f}"),
        ("events", f"{info['events']:,}"),
        ("bare SimPy, CPU s", f"{bare_cpu_s:.1f}"),
        ("times bare SimPy", f"{info['cpu_s'] / bare_cpu_s:.1f}"),
        ("memory, all processes, MB", f"{1e-6 * info['peak_rss_sum_bytes']:,.0f}"),
        ("decisions", f"{len(decision_s):,}"),
        ("a decision, ms, median / p95 / most", _spread_ms(decision_s)),
        ("decisions, % of wall time", f"{100.0 * decisions_s / sum(stages.values()):.1f}"),
        ("most drivers on shift at once", f"{_most_online(run):,}"),
        ("most candidates of a decision", f"{int(run.column('windows', 'drivers').max(initial=0)):,}"),
        *((f"{name}, % of wall time", f"{_share(stages, name):.1f}") for name in stages),
    ]


def _most_online(run: reports.Run) -> int:
    """Return the most drivers on shift in all markets together at the end of a minute."""
    minutes = np.unique(run.column("series", "at_s"), return_inverse=True)[1]
    return int(np.bincount(minutes, run.column("series", "online")).max(initial=0))


def _share(stages: Mapping[str, float], name: str) -> float:
    return 100.0 * stages[name] / sum(stages.values())


def _spread_ms(seconds: Any) -> str:
    return " / ".join(f"{1e3 * float(np.quantile(seconds, level)):.1f}" for level in (0.5, 0.95, 1.0))


def table(columns: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """Return the runs side by side as a Markdown table."""
    lines = [f"| | {' | '.join(columns)} |", "|---|" + "---:|" * len(columns)]
    lines += [
        f"| {cells[0][0]} | {' | '.join(value for _, value in cells)} |"
        for cells in zip(*columns.values(), strict=True)
    ]
    return "\n".join(lines)


def main() -> int:
    """Measure and print what could be; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", default="national_day:score,national_day:batch,porto_100k:batch")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    columns: dict[str, list[tuple[str, str]]] = {}
    try:
        with tempfile.TemporaryDirectory() as scratch:
            for wanted in options.runs.split(","):
                scenario, _, strategy = wanted.partition(":")
                folder = (options.out or Path(scratch)) / f"{scenario}-{strategy}"
                info = run(scenario, strategy, scale=options.scale, workers=options.workers, folder=folder)
                name, bare_cpu_s = f"{scenario}, {strategy}", bare_total_s(info["markets"], info["workers"])
                columns[name] = rows_of(info, folder, bare_cpu_s)
                print(f"{name}: {dict(columns[name])}", file=sys.stderr, flush=True)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        if columns:
            print(table(columns))
    return 0


if __name__ == "__main__":
    sys.exit(main())
