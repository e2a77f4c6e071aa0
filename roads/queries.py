"""Kernels that answer pairs from labels."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from domain.units import IntArray
from roads.city import Int32
from roads.labels import Int16, Int64

Int8 = NDArray[np.int8]


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def pair_ms(
    a: int, b: int, up: Int32, down: Int32, offsets: Int64, shallowest: Int16, log2: Int8
) -> np.int32:
    """Return the milliseconds from a to b: a minimum over their common ancestors."""
    if a == b:
        return np.int32(0)
    low, high = min(a, b), max(a, b)
    level = log2[high - low]
    # in a postorder, the shallowest node of low..high-1 is a child of the lowest common ancestor
    common = min(shallowest[level, low], shallowest[level, high - (1 << level)])
    rising = up[offsets[a] : offsets[a] + common]
    falling = down[offsets[b] : offsets[b] + common]
    best = np.int32(2**31 - 1)
    for d in range(common):
        best = min(best, np.int32(rising[d] + falling[d]))
    return best


@numba.njit(cache=True, nogil=True, error_model="numpy")
def pairs_seconds(
    origins: Int32,
    destinations: Int32,
    up: Int32,
    down: Int32,
    offsets: Int64,
    shallowest: Int16,
    log2: Int8,
) -> NDArray[np.float64]:
    """Return seconds pair by pair, float64 [n]."""
    seconds = np.empty(len(origins))
    for i in range(len(origins)):
        ms = pair_ms(origins[i], destinations[i], up, down, offsets, shallowest, log2)
        seconds[i] = ms / 1000.0
    return seconds


@numba.njit(cache=True, nogil=True, error_model="numpy")
def matrix_seconds(
    origins: Int32,
    destinations: Int32,
    up: Int32,
    down: Int32,
    offsets: Int64,
    shallowest: Int16,
    log2: Int8,
) -> NDArray[np.float64]:
    """Return seconds from each origin to each destination, float64 [n, m], block by block."""
    n, m = len(origins), len(destinations)
    seconds = np.empty((n, m))
    for first in range(0, m, 256):
        last = min(first + 256, m)
        for i in range(n):
            for j in range(first, last):
                ms = pair_ms(origins[i], destinations[j], up, down, offsets, shallowest, log2)
                seconds[i, j] = ms / 1000.0
    return seconds


def checked_nodes(nodes: IntArray, n: int) -> Int32:
    """Return nodes as a fresh int32 vector; IndexError when one is outside ``[0, n)``.

    Always the same layout, so that no kernel compiles anew for a caller's slice or int64 array.
    """
    wide = np.atleast_1d(np.asarray(nodes))
    if wide.size and (wide.min() < 0 or wide.max() >= n):
        bad = wide[(wide < 0) | (wide >= n)][0]
        raise IndexError(f"node {bad} is outside [0, {n})")
    return wide.astype(np.int32, order="C")
