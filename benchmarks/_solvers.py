"""Bare assignment solvers on the same costs: ours, scipy's and OR-tools'; each is exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from domain.units import FloatArray, IntArray
from matching._auction import auction_assign
from matching.assignment import assign
from matching.batch import Batch
from matching.contract import Snapshot
from matching.objective import parse_objective
from matching.pairs import price_pairs, unassigned_costs
from matching.routes import planned

UNITS_PER_S = 64.0
"""Costs are whole multiples of 1/64 s, so that every solver can solve the same problem exactly."""
MOST_CELLS = 30_000_000
"""Most cells of a dense matrix: 240 MB."""

Solution = Callable[[], tuple[int, float]]
"""Solve; return how many rows got a column, and the total in seconds."""


class TooLarge(Exception):
    """The problem does not fit this solver."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """A sparse assignment problem as `matching.assignment.assign` takes it; costs are whole 1/64 s."""

    offsets: IntArray
    columns: IntArray
    costs: FloatArray
    out: FloatArray
    column_count: int

    @property
    def rows(self) -> IntArray:
        """The row of each edge."""
        return np.repeat(np.arange(len(self.out)), np.diff(self.offsets))

    def summed(self, edge: IntArray) -> tuple[int, float]:
        """Return how many rows took an edge, and the total in seconds, of the edge per row (-1: none)."""
        taken = edge[edge >= 0]
        return len(taken), float(self.costs[taken].sum() + self.out[edge < 0].sum()) / UNITS_PER_S


def costs_of(snapshot: Snapshot) -> Costs:
    """Return the assignment that `batch`, with default parameters, solves on a snapshot."""
    batch = Batch()
    pairs = price_pairs(
        snapshot,
        planned(snapshot),
        load=snapshot.driver_load,
        objective=parse_objective(batch.objective),
        max_load=batch.max_load,
    )
    out = unassigned_costs(snapshot, pairs, wait_margin_s=batch.wait_margin_s, max_wait_s=batch.max_wait_s)
    return Costs(
        offsets=pairs.offsets,
        columns=pairs.driver,
        costs=np.rint(pairs.costs * UNITS_PER_S),
        out=np.rint(out * UNITS_PER_S),
        column_count=snapshot.drivers,
    )


def shortest_paths(problem: Costs) -> Solution:
    """Return our successive shortest paths, the solver of `batch`."""

    def run() -> tuple[int, float]:
        return problem.summed(
            assign(
                problem.offsets,
                problem.columns,
                problem.costs,
                problem.out,
                column_count=problem.column_count,
            )
        )

    return run


def auction(problem: Costs) -> Solution:
    """Return our auction, with an epsilon at which it is exact."""
    epsilon = 1.0 / (len(problem.out) + 1)

    def run() -> tuple[int, float]:
        edge, _ = auction_assign(
            problem.offsets,
            problem.columns,
            problem.costs,
            problem.out,
            column_count=problem.column_count,
            epsilon=epsilon,
        )
        return problem.summed(edge)

    return run


def scipy_sparse(problem: Costs) -> Solution:
    """Return scipy's sparse matching; each row's way out is a column of its own."""
    n, m = len(problem.out), problem.column_count
    shift = 1.0 - min(problem.costs.min(initial=0.0), 0.0)  # it drops zero weights; one edge per row
    rows, columns = np.r_[problem.rows, np.arange(n)], np.r_[problem.columns, m + np.arange(n)]
    matrix = csr_array((np.r_[problem.costs, problem.out] + shift, (rows, columns)), shape=(n, m + n))

    def run() -> tuple[int, float]:
        row, column = min_weight_full_bipartite_matching(matrix)
        total = float(matrix[row, column].sum()) - shift * n
        return int((column < m).sum()), total / UNITS_PER_S

    return run


def scipy_dense(problem: Costs) -> Solution:
    """Return scipy's dense assignment; a row on a column that saves nothing is out."""
    n, m = len(problem.out), problem.column_count
    if n * m > MOST_CELLS:
        raise TooLarge(f"dense: {n * m * 8 / 1e6:.0f} MB")
    savings = np.zeros((n, m))
    np.minimum.at(savings, (problem.rows, problem.columns), problem.costs - problem.out[problem.rows])

    def run() -> tuple[int, float]:
        row, column = linear_sum_assignment(savings)
        taken = savings[row, column]
        return int((taken < 0.0).sum()), float(taken.sum() + problem.out.sum()) / UNITS_PER_S

    return run


def ortools_flow(problem: Costs) -> Solution:
    """Return OR-tools' min-cost flow, vectorised; arcs are handed over within the time."""
    from ortools.graph.python import min_cost_flow

    n = len(problem.out)
    used, column = np.unique(problem.columns, return_inverse=True)
    sink = n + len(used)
    tails = np.r_[problem.rows, np.arange(n), n + np.arange(len(used))].astype(np.int32)
    heads = np.r_[n + column, np.full(n + len(used), sink)].astype(np.int32)
    prices = np.r_[problem.costs, problem.out, np.zeros(len(used))].astype(np.int64)
    supplies = np.r_[np.ones(n, np.int64), np.zeros(len(used), np.int64), -n]

    def run() -> tuple[int, float]:
        flow = min_cost_flow.SimpleMinCostFlow()
        arcs = flow.add_arcs_with_capacity_and_unit_cost(tails, heads, np.ones(len(tails), np.int64), prices)
        flow.set_nodes_supplies(np.arange(sink + 1, dtype=np.int32), supplies)
        if flow.solve() != flow.OPTIMAL:
            raise RuntimeError("no optimal flow")
        given = int(flow.flows(arcs[: len(problem.columns)]).sum())
        return given, flow.optimal_cost() / UNITS_PER_S

    return run


SOLVERS: dict[str, Callable[[Costs], Solution]] = {
    "our shortest paths (`matching.assignment`)": shortest_paths,
    "our auction": auction,
    "scipy min_weight_full_bipartite_matching": scipy_sparse,
    "scipy linear_sum_assignment, dense": scipy_dense,
    "OR-tools SimpleMinCostFlow": ortools_flow,
}
"""The solvers by what people call them; each takes the problem and returns what is to be timed."""
