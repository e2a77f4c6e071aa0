"""One fastest path, by greedy descent: at each node take an edge that keeps the rest optimal."""

from __future__ import annotations

import numba
import numpy as np

from roads.city import Float64, Int32
from roads.labels import Int16, Int64
from roads.queries import Int8, pair_ms


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
    """Return nodes, edges and seconds of a fastest path; of equal ones, the lowest edge id at each node."""
    edges = np.empty(64, dtype=np.int32)
    count = 0
    node = origin
    left = pair_ms(node, destination, up, down, offsets, shallowest, log2)
    while node != destination:
        before = node
        for e in range(out_offsets[node], out_offsets[node + 1]):
            rest = left - edge_ms[e]
            if rest < 0:
                continue
            if pair_ms(edge_to[e], destination, up, down, offsets, shallowest, log2) == rest:
                if count == len(edges):
                    edges = np.concatenate((edges, np.empty(count, dtype=np.int32)))
                edges[count] = e
                count += 1
                node, left = edge_to[e], rest
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
