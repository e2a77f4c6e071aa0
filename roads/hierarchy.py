"""The metric-independent half of the travel times: contraction order, chordal graph, elimination tree.

Customizable contraction hierarchies (Dibbelt, Strasser, Wagner 2016): a nested dissection order (METIS), the
shortcuts that any metric could need, and the tree whose ancestors are a node's search space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import pymetis
from numpy.typing import NDArray

from roads.city import Int32

_SEPARATORS_TRIED = 8


@dataclass(frozen=True, kw_only=True)
class Hierarchy:
    """`order` int32 [n]: the original node at each rank, in a postorder of the elimination tree.

    In ranks: `tree_parent` int32 [n] (-1 at the root, rank n-1), `up_offsets` int32 [n+1] and `up_to`
    int32: the chordal graph's higher neighbours, ascending; the first one is the parent.
    """

    order: Int32
    tree_parent: Int32
    up_offsets: Int32
    up_to: Int32


def build_hierarchy(node_count: int, edge_from: Int32, edge_to: Int32) -> Hierarchy:
    """Return the hierarchy of a connected graph of n nodes and e directed edges; deterministic."""
    offsets, neighbours = _undirected(node_count, edge_from, edge_to)
    order = _dissection(offsets, neighbours)
    parent, _, _ = _eliminate(*_permute(offsets, neighbours, order))
    order = order[_postorder(parent)]  # an equivalent order: the same shortcuts, subtrees contiguous
    parent, up_offsets, up_to = _eliminate(*_permute(offsets, neighbours, order))
    return Hierarchy(order=order, tree_parent=parent, up_offsets=up_offsets, up_to=up_to)


def _undirected(n: int, a: Int32, b: Int32) -> tuple[Int32, Int32]:
    """Return the CSR of the simple undirected graph."""
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    keys = np.unique(low[low != high] * n + high[low != high])
    low, high = keys // n, keys % n
    start, end = np.concatenate([low, high]), np.concatenate([high, low])
    order = np.lexsort((end, start))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(start, minlength=n))])
    return offsets.astype(np.int32), end[order].astype(np.int32)


def _dissection(offsets: Int32, neighbours: Int32) -> Int32:
    if len(neighbours) == 0:
        return np.arange(len(offsets) - 1, dtype=np.int32)
    options = pymetis.Options(seed=1, nseps=_SEPARATORS_TRIED)
    order, _ = pymetis.nested_dissection(pymetis.CSRAdjacency(offsets, neighbours), options=options)
    return np.asarray(order, dtype=np.int32)


def _permute(offsets: Int32, neighbours: Int32, order: Int32) -> tuple[Int32, Int32]:
    """Return the CSR in ranks."""
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    counts = np.diff(offsets)[order]
    new = np.concatenate([[0], np.cumsum(counts)])
    source = np.repeat(offsets[:-1][order] - new[:-1], counts) + np.arange(new[-1])
    return new.astype(np.int32), rank[neighbours[source]]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _eliminate(offsets: Int32, neighbours: Int32) -> tuple[Int32, Int32, Int32]:
    """Eliminate nodes by rank: return elimination tree, and the upward chordal graph as CSR."""
    n = len(offsets) - 1
    parent = np.full(n, -1, dtype=np.int32)
    child = np.full(n, -1, dtype=np.int32)
    sibling = np.full(n, -1, dtype=np.int32)
    seen = np.full(n, -1, dtype=np.int32)
    up_offsets = np.zeros(n + 1, dtype=np.int32)
    up_to = np.empty(4 * len(neighbours) + 16, dtype=np.int32)
    used = 0
    for v in range(n):
        if used + n > len(up_to):
            larger = np.empty(2 * len(up_to) + n, dtype=np.int32)
            larger[:used] = up_to[:used]
            up_to = larger
        first = used
        for i in range(offsets[v], offsets[v + 1]):
            w = neighbours[i]
            if w > v and seen[w] != v:
                seen[w] = v
                up_to[used] = w
                used += 1
        c = child[v]
        while c >= 0:  # what was above a child stays connected when the child is gone
            for i in range(up_offsets[c] + 1, up_offsets[c + 1]):
                w = up_to[i]
                if seen[w] != v:
                    seen[w] = v
                    up_to[used] = w
                    used += 1
            c = sibling[c]
        up_offsets[v + 1] = used
        if used > first:
            up_to[first:used] = np.sort(up_to[first:used])
            p = up_to[first]
            parent[v] = p
            sibling[v] = child[p]
            child[p] = v
    return parent, up_offsets, up_to[:used].copy()


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _postorder(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the nodes such that each subtree is contiguous and ends with its root."""
    n = len(parent)
    size = np.ones(n, dtype=np.int32)
    for v in range(n):
        if parent[v] >= 0:
            size[parent[v]] += size[v]
    order = np.empty(n, dtype=np.int32)
    end = np.empty(n, dtype=np.int32)  # where the not yet placed children of v end
    total = n
    for v in range(n - 1, -1, -1):
        if parent[v] < 0:
            last = total
            total -= size[v]
        else:
            last = end[parent[v]]
            end[parent[v]] -= size[v]
        order[last - 1] = v
        end[v] = last - 1
    return order
