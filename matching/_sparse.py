"""Sparse assignment problems as CSR arrays, for the kernels that solve them."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def is_valid(offsets, columns, costs, out, m):  # type: ignore[no-untyped-def]  # numba
    """Tell whether offsets ascend, columns are in [0, m) and all costs are finite."""
    total = 0.0
    for row in range(len(out)):
        if offsets[row + 1] < offsets[row]:
            return False
        total += out[row] - out[row]  # not finite: NaN
    for e in range(len(columns)):
        if columns[e] < 0 or columns[e] >= m:
            return False
        total += costs[e] - costs[e]
    return total == 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def labels(columns, m):  # type: ignore[no-untyped-def]  # numba
    """Number the columns that have an edge by first appearance; return the labels and how many there are.

    So that how columns are numbered has no influence on which of several optimal assignments is found.
    """
    label, used = np.full(m, -1, np.int32), 0
    for column in columns:
        if label[column] < 0:
            label[column] = used
            used += 1
    return label, used


@njit(cache=True, nogil=True, error_model="numpy")
def transposed(offsets, columns, label, used):  # type: ignore[no-untyped-def]  # numba
    """Return the edges by column label: offsets, rows, and each one's place among the edges by row."""
    turned = np.zeros(used + 1, np.int64)
    for column in columns:
        turned[label[column] + 1] += 1
    turned = np.cumsum(turned)
    at = turned[:used].copy()
    rows, edges = np.empty(len(columns), np.int32), np.empty(len(columns), np.int64)
    for row in range(len(offsets) - 1):
        for e in range(offsets[row], offsets[row + 1]):
            place = at[label[columns[e]]]
            rows[place], edges[place] = row, e
            at[label[columns[e]]] += 1
    return turned, rows, edges
