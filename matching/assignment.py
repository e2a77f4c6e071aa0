"""Exact sparse assignment: n rows to m columns over CSR edges, each row free to stay out at its own price.

Successive shortest augmenting paths with a row reduction first: Jonker and Volgenant, "A shortest augmenting
path algorithm for dense and sparse linear assignment problems" (Computing 38, 1987). A row's private way out
(its dummy column) is never stored: it is one more end that a shortest path may find.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from domain.units import FloatArray, IntArray
from matching._heap import doubled, pop, push
from matching._sparse import is_valid, labels, transposed
from matching.snapshot import frozen

NOT_ASSIGNED = -1
_REDUCTION_SCANS_PER_ROW = 8


def assign(
    offsets: IntArray,
    columns: IntArray,
    costs: FloatArray,
    unassigned_costs: FloatArray,
    *,
    column_count: int,
) -> NDArray[np.int64]:
    """Return the edge taken per row, -1 for none, of an assignment of least total cost.

    Args:
        offsets: int64 [n+1]; row i has the edges ``offsets[i]:offsets[i + 1]``.
        columns: int32 [k], each edge's column in [0, column_count).
        costs: float64 [k], finite, of any sign. Parallel edges are allowed.
        unassigned_costs: float64 [n], finite: what it costs to leave a row out.
        column_count: m.

    The total is ``sum(costs of edges taken) + sum(unassigned_costs of rows left out)``, least up to the
    rounding of float64; each column is taken at most once. Among equally good assignments the answer is
    some fixed one, which depends on the order of rows and edges but not on how columns are numbered. Inputs
    are not modified. Worst case O(n k log m); where columns are plenty, little more than one pass over the
    edges.

    Raises:
        ValueError: the shapes do not fit, a column is out of range or a cost is not finite.
    """
    n = len(offsets) - 1
    if (
        offsets[0] != 0
        or offsets[n] != len(columns)
        or len(columns) != len(costs)
        or len(unassigned_costs) != n
    ):
        raise ValueError("offsets, columns, costs and unassigned_costs do not fit each other")
    edge: NDArray[np.int64] = np.full(n, NOT_ASSIGNED, np.int64)
    ok = _assign(
        frozen(offsets, np.int64),
        frozen(columns, np.int32),
        frozen(costs, np.float64),
        frozen(unassigned_costs, np.float64),
        column_count,
        edge,
    )
    if not ok:
        raise ValueError(f"columns must be in [0, {column_count}), offsets ascending and all costs finite")
    return edge


@njit(cache=True, nogil=True, error_model="numpy")
def _assign(offsets, columns, costs, out, m, edge):  # type: ignore[no-untyped-def]  # numba
    """Fill `edge`; False when the input is not valid."""
    n = len(out)
    if not is_valid(offsets, columns, costs, out, m):
        return False
    if m >= n:
        _solve(offsets, columns, costs, out, m, edge)
        return True
    # Columns are scarce: let them choose rows. Taking an edge saves out - cost, staying out saves nothing.
    label, used = labels(columns, m)
    turned, rows, turned_edge = transposed(offsets, columns, label, used)
    savings = costs[turned_edge] - out[rows]
    taken = np.full(used, -1, np.int64)
    _solve(turned, rows, savings, np.zeros(used), n, taken)
    for place in taken:
        if place >= 0:
            edge[rows[place]] = turned_edge[place]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(offsets, columns, costs, out, m, edge):  # type: ignore[no-untyped-def]  # numba
    """Fill `edge` row by row: reduction, then a shortest path for every row that is left.

    `price` <= 0 per column, 0 while it is free; a row wants the edge of least ``cost - price``. `owner` is
    the row that has a column.
    """
    price, owner = np.zeros(m), np.full(m, -1, np.int32)
    left = np.empty(len(out), np.int32)
    left_count = _reduce(offsets, columns, costs, out, price, owner, edge, left)
    if left_count == 0:
        return
    distance, parent, is_done = np.full(m, np.inf), np.empty(m, np.int64), np.zeros(m, np.bool_)
    seen = np.empty(m, np.int32)
    heap_key, heap_column = np.empty(256), np.empty(256, np.int32)
    for i in range(left_count):
        heap_key, heap_column = _augment(
            left[i], offsets, columns, costs, out, price, owner, edge,
            distance, parent, is_done, seen, heap_key, heap_column,
        )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _reduce(offsets, columns, costs, out, price, owner, edge, left):  # type: ignore[no-untyped-def]  # numba
    """Bid row by row for the best edge, by as much as it beats the second best; return how many rows are
    `left`.

    A displaced row bids at once. A row whose best is to stay out is done for good, since prices only fall.
    Bids are limited: long price wars are cheaper settled by shortest paths.
    """
    n = len(out)
    scans, left_count = _REDUCTION_SCANS_PER_ROW * n, 0
    for start in range(n):
        row = start
        while row >= 0:
            best, second, best_edge = np.inf, out[row], -1
            for e in range(offsets[row], offsets[row + 1]):
                value = costs[e] - price[columns[e]]
                if value < second:
                    if value < best:
                        if best < second:
                            second = best
                        best, best_edge = value, e
                    else:
                        second = value
            if best_edge < 0:
                break
            scans -= 1
            column = columns[best_edge]
            displaced = owner[column]
            if displaced >= 0 and (best == second or scans < 0):
                left[left_count] = row
                left_count += 1
                break
            price[column] -= second - best
            owner[column], edge[row] = row, best_edge
            if displaced >= 0:
                edge[displaced] = -1
            row = displaced
    return left_count


@njit(cache=True, nogil=True, error_model="numpy")
def _augment(  # type: ignore[no-untyped-def]  # numba
    start, offsets, columns, costs, out, price, owner, edge,
    distance, parent, is_done, seen, heap_key, heap_column,
):  # fmt: skip
    """Find the cheapest alternating path from row `start` to a free column or to a way out, and flip it.

    Dijkstra on reduced costs; `parent` is the edge by which a column was reached. Returns the heap, grown.
    """
    row, reached, size, seen_count = start, 0.0, 0, 0
    exit_row, exit_distance, free_column = -1, np.inf, -1
    while True:
        shift = 0.0 if row == start else costs[edge[row]] - price[columns[edge[row]]]
        if reached + out[row] - shift < exit_distance:
            exit_row, exit_distance = row, reached + out[row] - shift
        for e in range(offsets[row], offsets[row + 1]):
            column = columns[e]
            value = costs[e] - price[column]
            if row != start:
                value = reached + max(0.0, value - shift)
            if value < distance[column] and value < exit_distance and not is_done[column]:
                if distance[column] == np.inf:
                    seen[seen_count] = column
                    seen_count += 1
                distance[column], parent[column] = value, e
                if size == len(heap_key):
                    heap_key, heap_column = doubled(heap_key), doubled(heap_column)
                size = push(heap_key, heap_column, size, value, column)
        column = -1
        while size > 0 and column < 0:
            column, size = pop(heap_key, heap_column, size)
            if is_done[column]:
                column = -1
        if column < 0 or distance[column] >= exit_distance:
            break
        reached = distance[column]
        if owner[column] < 0:
            free_column = column
            break
        is_done[column] = True
        row = owner[column]
    length = exit_distance if free_column < 0 else reached
    for i in range(seen_count):
        column = seen[i]
        if is_done[column]:
            price[column] += distance[column] - length
            is_done[column] = False
        distance[column] = np.inf
    _flip(start, exit_row, free_column, offsets, columns, parent, owner, edge)
    return heap_key, heap_column


@njit(cache=True, nogil=True, error_model="numpy")
def _flip(start, exit_row, free_column, offsets, columns, parent, owner, edge):  # type: ignore[no-untyped-def]  # numba
    """Walk the path back to `start`, handing each column on it to the row before."""
    column = free_column
    if column < 0:
        if exit_row == start:
            return
        column = columns[edge[exit_row]]
        edge[exit_row] = -1
    while True:
        e = parent[column]
        row = np.searchsorted(offsets, e, side="right") - 1
        before = edge[row]
        edge[row], owner[column] = e, row
        if row == start:
            return
        column = columns[before]
