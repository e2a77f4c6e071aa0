"""Kernels that answer pairs from labels.

Their helpers have no early return: numba would count the references to every array at each pair, which takes
three times as long as the pair.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from domain.units import IntArray
from roads.city import Int32
from roads.labels import Int16, Int64

Int8 = NDArray[np.int8]


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def common_ancestors(a: int, b: int, shallowest: Int16, log2: Int8) -> int:
    """Return how many ancestors two different nodes share, each node being one of its own."""
    low, high = min(a, b), max(a, b)
    level = log2[high - low]
    # in a postorder, the shallowest node of low..high-1 is a child of the lowest common ancestor
    common: int = min(shallowest[level, low], shallowest[level, high - (1 << level)])
    return common


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def through_ms(a: int, b: int, common: int, up: Int32, down: Int32, offsets: Int64) -> np.int32:
    """Return the milliseconds from a to b by the best of their `common` ancestors."""
    rising = up[offsets[a] : offsets[a] + common]
    falling = down[offsets[b] : offsets[b] + common]
    best = np.int32(2**31 - 1)
    for d in range(common):
        best = min(best, np.int32(rising[d] + falling[d]))
    return best


@numba.njit(cache=True, nogil=True, error_model="numpy")
def are_within(nodes: Int64, n: int) -> bool:
    """Return whether all nodes are in ``[0, n)``."""
    outside = 0
    for node in nodes:
        outside += int(node < 0 or node >= n)
    return outside == 0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def pairs_seconds(
    origins: Int64,
    destinations: Int64,
    up: Int32,
    down: Int32,
    offsets: Int64,
    shallowest: Int16,
    log2: Int8,
) -> NDArray[np.float64]:
    """Return seconds pair by pair, float64 [n]; float64 [0] when a node is outside the network."""
    n = len(offsets) - 1
    if not (are_within(origins, n) and are_within(destinations, n)):
        return np.empty(0)
    seconds = np.zeros(len(origins))
    for i in range(len(origins)):
        a, b = origins[i], destinations[i]
        if a != b:
            common = common_ancestors(a, b, shallowest, log2)
            seconds[i] = through_ms(a, b, common, up, down, offsets) / 1000.0
    return seconds


@numba.njit(cache=True, nogil=True, error_model="numpy")
def matrix_seconds(
    origins: Int64,
    destinations: Int64,
    up: Int32,
    down: Int32,
    offsets: Int64,
    shallowest: Int16,
    log2: Int8,
) -> NDArray[np.float64]:
    """Return seconds from each origin to each destination, float64 [n, m], block by block.

    float64 [0, m] when a node is outside the network.
    """
    n, m = len(origins), len(destinations)
    nodes = len(offsets) - 1
    if not (are_within(origins, nodes) and are_within(destinations, nodes)):
        return np.empty((0, m))
    seconds = np.zeros((n, m))
    for first in range(0, m, 256):
        last = min(first + 256, m)
        for i in range(n):
            for j in range(first, last):
                a, b = origins[i], destinations[j]
                if a != b:
                    common = common_ancestors(a, b, shallowest, log2)
                    seconds[i, j] = through_ms(a, b, common, up, down, offsets) / 1000.0
    return seconds


def node_vector(nodes: IntArray) -> Int64:
    """Return nodes as a fresh int64 vector: always one layout, so that no kernel compiles anew."""
    return np.array(nodes, np.int64, order="C", ndmin=1)


def outside(n: int, *vectors: Int64) -> IndexError:
    """Return the error that names the first node outside ``[0, n)``."""
    nodes = np.concatenate(vectors)
    bad = nodes[(nodes < 0) | (nodes >= n)][0]
    return IndexError(f"node {bad} is outside [0, {n})")
