"""The metric half of the travel times: each node's distances to its ancestors in the hierarchy.

A shortest path rises in the elimination tree to one common ancestor of both ends and falls from there, so
with both ends' distances to all their ancestors stored by depth, a pair is one minimum over a common prefix
of two short contiguous arrays. (Customizable contraction hierarchies, Dibbelt, Strasser, Wagner 2016,
section 7: basic customisation and elimination-tree query; labels by tree depth as in H2H, Ouyang et al.
2018.) Weights are integer milliseconds: results are exact and the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from roads.city import City, Int32

FAR_MS = np.int32(2**30 - 1)  # the sum of two still fits into an int32
MIN_EDGE_MS = 1  # so that every step of a path makes progress
MAX_EDGE_MS = 4 * 3_600_000  # a closed road: four hours

Int64 = NDArray[np.int64]
Int16 = NDArray[np.int16]


@dataclass(frozen=True, kw_only=True, eq=False)
class Skeleton:
    """What the labels of all metrics share, from the city's hierarchy.

    `offsets` int64 [n+1]: where node v's label of `depth[v] + 1` entries lies; `shallowest` int16 [levels,
    n]: minimum depth of nodes ``v .. v + 2**level - 1``; `log2` int8 [n+1]; `edge_arc` int32 [e]: each
    edge's arc of the chordal graph.
    """

    depth: Int16
    offsets: Int64
    shallowest: Int16
    log2: NDArray[np.int8]
    edge_arc: Int32


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """One metric: `up` int32, milliseconds from node to ancestor by depth; `down` int32, ancestor to node.

    `edge_ms` int32 [e]: the weights they come from.
    """

    up: Int32
    down: Int32
    edge_ms: Int32

    @property
    def bytes(self) -> int:
        """Memory taken."""
        return self.up.nbytes + self.down.nbytes + self.edge_ms.nbytes


def build_skeleton(city: City) -> Skeleton:
    """Return the city's label layout (a few milliseconds)."""
    depth = _depths(city.tree_parent)
    offsets = np.concatenate([[0], np.cumsum(depth + np.int64(1))])
    n = city.node_count
    log2 = np.zeros(n + 1, dtype=np.int8)
    log2[1:] = np.floor(np.log2(np.arange(1, n + 1))).astype(np.int8)
    edge_arc = _edge_arcs(city.edge_from, city.edge_to, city.up_offsets, city.up_to)
    return Skeleton(
        depth=depth, offsets=offsets, shallowest=_range_minima(depth), log2=log2, edge_arc=edge_arc
    )


def edge_milliseconds(seconds: NDArray[np.floating]) -> Int32:
    """Return seconds as int32 milliseconds within ``[1 ms, 4 h]``; ValueError when one is not positive."""
    if not (np.isfinite(seconds).all() and (seconds >= 0.0).all()):
        raise ValueError("edge seconds must be finite and not negative")
    rounded: Int32 = np.clip(np.rint(seconds * 1000.0), MIN_EDGE_MS, MAX_EDGE_MS).astype(np.int32)
    return rounded


def build_labels(city: City, skeleton: Skeleton, edge_ms: Int32) -> Labels:
    """Return the labels of one metric: int32 [e] milliseconds per edge."""
    arc_up, arc_down = _customise(
        city.edge_from, city.edge_to, edge_ms, skeleton.edge_arc, city.up_offsets, city.up_to
    )
    up, down = _fill(city.up_offsets, city.up_to, arc_up, arc_down, skeleton.depth, skeleton.offsets)
    return Labels(up=up, down=down, edge_ms=edge_ms)


def _range_minima(depth: Int16) -> Int16:
    """Return the sparse table of range minima over node ids."""
    n = len(depth)
    rows = [depth]
    while 2 ** len(rows) <= n:
        half = 2 ** (len(rows) - 1)
        row = rows[-1].copy()
        row[:-half] = np.minimum(rows[-1][:-half], rows[-1][half:])
        rows.append(row)
    return np.stack(rows)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _depths(parent: Int32) -> Int16:
    depth = np.zeros(len(parent), dtype=np.int16)
    for v in range(len(parent) - 2, -1, -1):
        depth[v] = depth[parent[v]] + 1
    return depth


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _edge_arcs(edge_from: Int32, edge_to: Int32, up_offsets: Int32, up_to: Int32) -> Int32:
    arc = np.empty(len(edge_from), dtype=np.int32)
    for e in range(len(edge_from)):
        low, high = min(edge_from[e], edge_to[e]), max(edge_from[e], edge_to[e])
        row = up_to[up_offsets[low] : up_offsets[low + 1]]
        arc[e] = up_offsets[low] + np.searchsorted(row, high)
    return arc


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _customise(
    edge_from: Int32, edge_to: Int32, edge_ms: Int32, edge_arc: Int32, up_offsets: Int32, up_to: Int32
) -> tuple[Int32, Int32]:
    """Return each chordal arc's milliseconds upward and downward: basic customisation by lower triangles."""
    arc_up = np.full(len(up_to), FAR_MS, dtype=np.int32)
    arc_down = np.full(len(up_to), FAR_MS, dtype=np.int32)
    for e in range(len(edge_from)):
        weights = arc_up if edge_from[e] < edge_to[e] else arc_down
        weights[edge_arc[e]] = min(weights[edge_arc[e]], edge_ms[e])
    for v in range(len(up_offsets) - 1):
        end = up_offsets[v + 1]
        for i in range(up_offsets[v], end - 1):
            a = up_to[i]
            from_a, to_a = arc_down[i], arc_up[i]
            k = up_offsets[a]
            for j in range(i + 1, end):
                b = up_to[j]
                while up_to[k] != b:
                    k += 1
                arc_up[k] = min(arc_up[k], np.int32(from_a + arc_up[j]))
                arc_down[k] = min(arc_down[k], np.int32(arc_down[j] + to_a))
    return arc_up, arc_down


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _fill(
    up_offsets: Int32, up_to: Int32, arc_up: Int32, arc_down: Int32, depth: Int16, offsets: Int64
) -> tuple[Int32, Int32]:
    """Return the labels, from the root down: a node's row is the best of its upward neighbours' rows."""
    n = len(depth)
    up = np.empty(offsets[n], dtype=np.int32)
    down = np.empty(offsets[n], dtype=np.int32)
    for v in range(n - 1, -1, -1):
        up_row = up[offsets[v] : offsets[v + 1]]
        down_row = down[offsets[v] : offsets[v + 1]]
        up_row[:] = FAR_MS
        down_row[:] = FAR_MS
        for i in range(up_offsets[v], up_offsets[v + 1]):
            w = up_to[i]
            _relax(up_row, up[offsets[w] : offsets[w + 1]], arc_up[i])
            _relax(down_row, down[offsets[w] : offsets[w + 1]], arc_down[i])
        up_row[depth[v]] = 0
        down_row[depth[v]] = 0
    return up, down


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _relax(row: Int32, other: Int32, weight: np.int32) -> None:
    for d in range(len(other)):
        through = np.int32(other[d] + weight)
        row[d] = min(row[d], through)
