"""One fastest path, by greedy descent: at each node take an edge that keeps the rest optimal."""

from __future__ import annotations

import numba
import numpy as np

from roads.city import Float64, Int32
from roads.labels import Int16, Int64
from roads.queries import Int8, common_ancestors, through_ms


@numba.njit(cache=True, nogil=True, error_model="numpy")
def descend(
    origin: int,
    destination: int,
    out_offsets: Int32,
    edge_to: Int32,
    edge_ms: Int32,
    up: Int32,
    down: Int32,
    offsets: Int64,
    shallowest: Int16,
    log2: Int8,
) -> tuple[Int32, Int32, Float64]:
    """Return nodes, edges and seconds of a fastest path; of equal ones, the lowest edge id at each node.

    One end of an edge is an ancestor of the other, the one with the higher number. So what a node shares with
    the destination tells what its neighbours do, unless the destination lies below the node, as they do.
    """
    edges = np.empty(64, dtype=np.int32)
    count, shared, left = 0, 0, np.int32(0)
    node = origin
    if node != destination:
        shared = common_ancestors(node, destination, shallowest, log2)
        left = through_ms(node, destination, shared, up, down, offsets)
    while node != destination:
        before, is_above = node, shared == offsets[node + 1] - offsets[node]
        for e in range(out_offsets[node], out_offsets[node + 1]):
            rest, to = left - edge_ms[e], edge_to[e]
            if rest < 0:
                continue
            common = shared
            if to > node:
                common = min(shared, offsets[to + 1] - offsets[to])
            elif is_above and to != destination:
                common = common_ancestors(to, destination, shallowest, log2)
            ms = 0 if to == destination else through_ms(to, destination, common, up, down, offsets)
            if ms == rest:
                if count == len(edges):
                    edges = np.concatenate((edges, np.empty(count, dtype=np.int32)))
                edges[count] = e
                count += 1
                node, left, shared = to, rest, common
                break
        if node == before:  # times beyond what labels can hold: the caller sees a path that does not arrive
            break
    nodes = np.empty(count + 1, dtype=np.int32)
    seconds = np.empty(count)
    nodes[0] = origin
    for i in range(count):
        nodes[i + 1] = edge_to[edges[i]]
        seconds[i] = edge_ms[edges[i]] / 1000.0
    return nodes, edges[:count].copy(), seconds
