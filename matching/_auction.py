"""Sparse assignment by auction: rows bid for columns, then idle columns bid for rows.

Bertsekas and Castañon, "A forward/reverse auction algorithm for asymmetric assignment problems"
(Computational Optimization and Applications 1, 1992), in the form where nobody has to be matched: Bertsekas,
Castañon and Tsaknakis, "Reverse auction and the solution of inequality constrained assignment problems" (SIAM
Journal on Optimization 3, 1993). A forward auction, then the reverse one, in which columns left idle at a
price lower it and look for rows. Without it epsilon scaling would be wrong: prices kept from the phase before
may stand on columns that nobody takes. A row's own way out, at its own price, is a column that nobody else
wants, so it needs no price.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from domain.units import FloatArray, IntArray
from matching._sparse import is_valid, labels, transposed
from matching.snapshot import frozen

SCALING = 6.0
"""By how much epsilon falls from one phase to the next."""
BIDS_PER_ROW = 8
"""Bids per row at the final epsilon from zero prices, before scaling is called in."""
FINEST = 2.0**-50
"""Least epsilon as a share of the largest cost: below, float64 no longer tells a bid from none."""


def auction_assign(
    offsets: IntArray,
    columns: IntArray,
    costs: FloatArray,
    unassigned_costs: FloatArray,
    *,
    column_count: int,
    epsilon: float,
) -> tuple[NDArray[np.int64], float]:
    """Return the edge taken per row, -1 for none, and by how much the total may exceed the least, at most.

    Args:
        offsets: int64 [n+1]; row i has the edges ``offsets[i]:offsets[i + 1]``.
        columns: int32 [k], each edge's column in [0, column_count).
        costs: float64 [k], finite, of any sign. Parallel edges are allowed.
        unassigned_costs: float64 [n], finite: what it costs to leave a row out.
        column_count: m.
        epsilon: > 0, the least step of a bid.

    The total is within min(n, m) x `epsilon` of the least. The bound returned is certified by the final
    prices, never above that one (float64 rounding aside), and often far below. So if all costs are whole
    multiples of a grid and the bound is below the grid, the assignment is optimal. Where columns are fewer
    than rows, the columns bid for the rows. Ties depend on the order of rows and edges, not on how columns
    are numbered. Inputs are not modified. O(k) per round of bids; rounds grow with rivalry and with
    log(largest cost / epsilon).

    Raises:
        ValueError: the shapes do not fit, a column is out of range, a cost is not finite, or epsilon is not
            positive, or below `FINEST` times the largest cost.
    """
    n = len(offsets) - 1
    if (
        offsets[0] != 0
        or offsets[n] != len(columns)
        or len(columns) != len(costs)
        or len(unassigned_costs) != n
    ):
        raise ValueError("offsets, columns, costs and unassigned_costs do not fit each other")
    largest = max(np.abs(costs).max(initial=0.0), np.abs(unassigned_costs).max(initial=0.0))
    if not epsilon > FINEST * largest:
        raise ValueError(f"epsilon must be above {FINEST * largest:g}, not {epsilon!r}")
    edge: NDArray[np.int64] = np.full(n, -1, np.int64)
    bound = _assign(
        frozen(offsets, np.int64),
        frozen(columns, np.int32),
        frozen(costs, np.float64),
        frozen(unassigned_costs, np.float64),
        column_count,
        float(epsilon),
        edge,
    )
    if np.isnan(bound):
        raise ValueError(f"columns must be in [0, {column_count}), offsets ascending and all costs finite")
    return edge, float(bound)


@njit(cache=True, nogil=True, error_model="numpy")
def _assign(offsets, columns, costs, out, m, epsilon, edge):  # type: ignore[no-untyped-def]  # numba
    """Fill `edge`; return the bound, NaN when the input is not valid."""
    if not is_valid(offsets, columns, costs, out, m):
        return np.nan
    n = len(out)
    price, level, owner = np.zeros(m), np.empty(n), np.full(m, -1, np.int32)
    if m >= n and _bid(offsets, columns, costs, out, price, level, owner, edge, epsilon, BIDS_PER_ROW * n):
        return _bound(offsets, columns, costs, out, price, edge)
    label, used = labels(columns, m)
    turned, rows, turned_edge = transposed(offsets, columns, label, used)
    by_row = label[columns]
    if used >= n:
        return _solve(offsets, by_row, costs, out, turned, rows, turned_edge, epsilon, edge)
    # Columns are scarce: let them bid. Taking an edge saves out - cost, staying out saves nothing.
    place = np.empty(len(columns), np.int64)
    place[turned_edge] = np.arange(len(columns))
    taken = np.full(used, -1, np.int64)
    savings = costs[turned_edge] - out[rows]
    bound = _solve(turned, rows, savings, np.zeros(used), offsets, by_row, place, epsilon, taken)
    edge[:] = -1
    for each in taken:
        if each >= 0:
            edge[rows[each]] = turned_edge[each]
    return bound


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(offsets, columns, costs, out, turned, rows, turned_edge, epsilon, edge):  # type: ignore[no-untyped-def]  # numba
    """Fill `edge` by phases of falling epsilon, each from the prices of the one before; return the bound.

    `turned` delimits each column's edges: `rows`, and `turned_edge` their places among the edges by row.
    """
    n, m = len(out), len(turned) - 1
    price, level, owner = np.zeros(m), np.empty(n), np.empty(m, np.int32)
    step = epsilon
    widest = max(np.abs(costs).max(), np.abs(out).max()) if len(costs) > 0 else epsilon
    while step * SCALING < widest:
        step *= SCALING
    while True:
        owner[:], edge[:] = -1, -1
        _bid(offsets, columns, costs, out, price, level, owner, edge, step, -1)
        _bid_back(turned, rows, turned_edge, columns, costs, price, level, owner, edge, step)
        if step <= epsilon:
            return _bound(offsets, columns, costs, out, price, edge)
        step = max(step / SCALING, epsilon)


@njit(cache=True, nogil=True, error_model="numpy")
def _bid(offsets, columns, costs, out, price, level, owner, edge, epsilon, bids):  # type: ignore[no-untyped-def]  # numba
    """Forward auction: every row bids for its cheapest column until all are content; False: out of `bids`.

    `price` >= 0 per column; `level` is what a row's choice costs it, price included, and never more than
    epsilon above any other choice. A row that stays out is content for good: prices only rise.
    """
    for start in range(len(out)):
        row = start
        while row >= 0:
            best, second, best_edge = out[row], np.inf, -1
            for e in range(offsets[row], offsets[row + 1]):
                value = costs[e] + price[columns[e]]
                if value < best:
                    best, second, best_edge = value, best, e
                elif value < second:
                    second = value
            if best_edge < 0:
                level[row] = best
                break
            if bids == 0:
                return False
            bids -= 1
            column = columns[best_edge]
            price[column] += second - best + epsilon
            level[row] = second + epsilon
            displaced = owner[column]
            owner[column], edge[row] = row, best_edge
            if displaced >= 0:
                edge[displaced] = -1
            row = displaced
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _bid_back(turned, rows, turned_edge, columns, costs, price, level, owner, edge, epsilon):  # type: ignore[no-untyped-def]  # numba
    """Reverse auction: idle columns with a price lower it, and take the row that gains most by that.

    Afterwards every idle column is free of charge, and each row within epsilon of its cheapest choice.
    """
    for start in range(len(price)):
        column = start
        while column >= 0 and owner[column] < 0 and price[column] > 0.0:
            best, second, best_at = epsilon, 0.0, -1
            for at in range(turned[column], turned[column + 1]):
                offer = level[rows[at]] - costs[turned_edge[at]]
                if offer > best:
                    if best_at >= 0:
                        second = max(second, best)
                    best, best_at = offer, at
                elif offer > second:
                    second = offer
            if best_at < 0:
                price[column] = 0.0
                break
            row = rows[best_at]
            before = edge[row]
            price[column] = max(0.0, second - epsilon)
            level[row] = costs[turned_edge[best_at]] + price[column]
            owner[column], edge[row] = row, turned_edge[best_at]
            column = -1
            if before >= 0:
                column = columns[before]
                owner[column] = -1


@njit(cache=True, nogil=True, error_model="numpy")
def _bound(offsets, columns, costs, out, price, edge):  # type: ignore[no-untyped-def]  # numba
    """Return by how much the assignment costs more than the least possible, at most: its gap to the dual."""
    gap = 0.0
    for row in range(len(out)):
        best = out[row]
        for e in range(offsets[row], offsets[row + 1]):
            best = min(best, costs[e] + price[columns[e]])
        taken = edge[row]
        gap += (costs[taken] + price[columns[taken]] if taken >= 0 else out[row]) - best
    return gap
