"""Orders simulated per second, whole process: `python -m benchmarks.simulation [--runs N] [NAME STRATEGY]`.

Runs the command line as a user would, several times, between runs of a bare SimPy loop: an order life-cycle
of ten events and ten calls each, no geography, no marketplace. The ratio to that loop is what holds on other
machines. The Rappi day needs the data folder (DISPATCHLAB_DATA, default ../shared/data).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import simpy

ROOT = Path(__file__).parents[1]
EVENTS_PER_ORDER = 10


def bare_loop(orders: int = 20_000) -> float:
    """Return orders per second of SimPy alone."""
    env = simpy.Environment()
    count = [0]

    def call() -> None:
        count[0] += 1

    def order(env: simpy.Environment) -> simpy.events.ProcessGenerator:
        for _ in range(EVENTS_PER_ORDER):
            yield env.timeout(1.0)
            call()

    def arrivals(env: simpy.Environment) -> simpy.events.ProcessGenerator:
        for _ in range(orders):
            yield env.timeout(0.01)
            env.process(order(env))

    env.process(arrivals(env))
    began = perf_counter()
    env.run()
    return orders / (perf_counter() - began)


def whole_process(scenario: str, strategy: str) -> tuple[float, dict[str, float]]:
    """Return wall seconds from start to exit, and what `run --json` says."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["run", scenario, "--strategy", strategy, "--json", "--no-report", "--out", f"{folder}/run"]
        began = perf_counter()
        done = subprocess.run(
            [sys.executable, str(ROOT / "cli.py"), *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return perf_counter() - began, json.loads(done.stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="?", default="rappi_day")
    parser.add_argument("strategy", nargs="?", default="nearest")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    whole_process(options.scenario, options.strategy)  # kernels compile and cities import here, if ever
    rows = []
    for _ in range(options.runs):
        bare = bare_loop()
        wall_s, said = whole_process(options.scenario, options.strategy)
        rows.append((said["orders_placed"] / wall_s, said["orders_per_wall_s"], bare))
    print(f"| {options.scenario}, {options.strategy} | orders/s, median of {options.runs} |\n|---|---:|")
    names = ("whole process", "simulation alone", "bare SimPy loop")
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        print(f"| {name} | {median(column):,.0f} |")
    print(f"| bare loop / simulation alone | {median(bare / run for _, run, bare in rows):.0f} |")


if __name__ == "__main__":
    main()
