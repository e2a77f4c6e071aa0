"""Assignment and strategies, side by side: `python -m benchmarks.matching [--quick]` from the root.

The same costs for every solver; medians of several runs in turn, so that a busy machine slows all alike.
OR-tools and scipy need integer or non-zero costs and a dummy column per order; building their input is not
timed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from matching.assignment import assign
from matching.registry import load_strategy, strategy_names
from matching.testing import make_snapshot
from matching.warm import warm_up

UNASSIGNED = 100_000


def instance(rows: int, columns: int, edges: int, seed: int) -> tuple[Any, ...]:
    """Orders and drivers at random in a square, the nearest `edges` drivers each, whole-second costs."""
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(seed)
    near, at = cKDTree(rng.random((columns, 2))).query(rng.random((rows, 2)), k=edges)
    costs = np.rint(near * 3_600.0).astype(np.int64) + 1
    offsets = np.arange(rows + 1, dtype=np.int64) * edges
    return offsets, at.astype(np.int32).ravel(), costs.ravel(), np.full(rows, UNASSIGNED, np.int64), columns


def ours(offsets: Any, at: Any, costs: Any, out: Any, columns: int) -> Callable[[], float]:
    values, prices = costs.astype(float), out.astype(float)

    def run() -> float:
        edge = assign(offsets, at, values, prices, column_count=columns)
        return float(np.where(edge >= 0, values[edge], prices).sum())

    return run


def scipy_sparse(offsets: Any, at: Any, costs: Any, out: Any, columns: int) -> Callable[[], float]:
    n = len(out)
    rows = np.repeat(np.arange(n), np.diff(offsets))
    data = (np.r_[costs, out], (np.r_[rows, np.arange(n)], np.r_[at, columns + np.arange(n)]))
    matrix = csr_array(data, shape=(n, columns + n)).astype(float)

    def run() -> float:
        taken = min_weight_full_bipartite_matching(matrix)
        return float(matrix[taken].sum())

    return run


def ortools_flow(offsets: Any, at: Any, costs: Any, out: Any, columns: int) -> Callable[[], float]:
    n = len(out)
    sink = n + columns
    rows = np.repeat(np.arange(n), np.diff(offsets))
    used = np.unique(at)
    tails = np.r_[rows, np.arange(n), n + used]
    heads = np.r_[n + at, np.full(n, sink), np.full(len(used), sink)]
    prices = np.r_[costs, out, np.zeros(len(used), np.int64)]
    supplies = np.r_[np.ones(n, np.int64), np.zeros(columns, np.int64), -n]

    def run() -> float:
        flow = min_cost_flow.SimpleMinCostFlow()
        flow.add_arcs_with_capacity_and_unit_cost(tails, heads, np.ones(len(tails), np.int64), prices)
        flow.set_nodes_supplies(np.arange(sink + 1), supplies)
        if flow.solve() != flow.OPTIMAL:
            raise RuntimeError("no optimal flow")
        return float(flow.optimal_cost())

    return run


def median_ms(runs: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Time the runs in turn; return each one's median."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            taken[name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(each) for name, each in taken.items()}


def assignment_table(sizes: list[tuple[int, int, int]], repeats: int) -> None:
    print("orders x drivers x edges      ours ms   scipy ms (ratio)   OR-tools ms (ratio)")
    for rows, columns, edges in sizes:
        data = instance(rows, columns, edges, seed=rows + columns)
        runs = {"ours": ours(*data), "scipy": scipy_sparse(*data), "ortools": ortools_flow(*data)}
        totals = {name: round(run()) for name, run in runs.items()}
        if len(set(totals.values())) != 1:
            raise RuntimeError(f"the solvers disagree: {totals}")
        ms = median_ms(runs, repeats)
        print(
            f"{rows:6d} x {columns:6d} x {edges:3d}   {ms['ours']:10.2f} "
            f"{ms['scipy']:10.1f} ({ms['scipy'] / ms['ours']:.1f}x) "
            f"{ms['ortools']:12.1f} ({ms['ortools'] / ms['ours']:.1f}x)"
        )


def strategy_table(sizes: list[tuple[int, int, int]], repeats: int) -> None:
    print("\nstrategy, default parameters, 40 % of drivers carrying, plain travel times; ms per decision")
    for orders, drivers, edges in sizes:
        snapshot = make_snapshot(orders=orders, drivers=drivers, carrying=0.4, candidates=edges, seed=1)
        runs: dict[str, Callable[[], Any]] = {
            name: partial(load_strategy(name), snapshot, np.random.default_rng(0))
            for name in strategy_names()
        }
        text = "  ".join(f"{name} {ms:.2f}" for name, ms in median_ms(runs, repeats).items())
        print(f"{orders:6d} x {drivers:6d} x {edges:3d}   {text}")


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    warm_up()
    large = [] if quick else [(5_000, 20_000, 50), (20_000, 100_000, 50)]
    assignment_table([(20, 200, 20), (1_000, 20_000, 50), (1_000, 1_200, 50), (1_000, 700, 50), *large], 5)
    strategy_table([(1, 200, 20), (20, 200, 20), (200, 2_000, 20), (1_000, 5_000, 50)], 5)
