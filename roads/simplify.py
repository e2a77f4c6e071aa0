"""Keep junctions and dead ends only: OSMnx's simplification rules, then strong connection, no parallels.

Boeing, G. (2017), OSMnx, Computers, Environment and Urban Systems 65, and OSMnx 2
`simplification._is_endpoint`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from roads.links import Links
from roads.tags import HIGHWAY_NAMES

_KINDS = len(HIGHWAY_NAMES)


def simplify(links: Links) -> Links:
    """Return the links merged along chains of nodes that are not junctions, with only the junctions left.

    Time and length are summed; highway value and street are those of the greatest length; a merged link is
    a bridge when any part is one.
    """
    order = np.argsort(links.start, kind="stable").astype(np.int64)
    offsets = _offsets(links.start, links.node_count)
    is_endpoint = _endpoints(links.node_count, links.start, links.end)
    if not is_endpoint.any():
        return links
    chain_offsets, chains = _chains(offsets, order, links.start, links.end, is_endpoint)
    return _merge(links, chain_offsets, chains).select_nodes(is_endpoint)


def largest_strong_component(links: Links) -> tuple[Links, float]:
    """Return the part in which every node reaches every other, and its share of the nodes."""
    from scipy.sparse import coo_array  # slow to load, and only an import needs it
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(links.link_count, dtype=np.int8)
    n = links.node_count
    graph = coo_array((ones, (links.start, links.end)), shape=(n, n)).tocsr()
    _, label = connected_components(graph, directed=True, connection="strong")
    sizes = np.bincount(label)
    keep = label == sizes.argmax()
    return links.select_nodes(keep), float(sizes.max() / n)


def without_parallels(links: Links) -> tuple[Links, dict[str, int]]:
    """Return links sorted by (start, end): the fastest of each parallel set, no loops; and counts."""
    order = np.lexsort((links.length_m, links.seconds, links.end, links.start))
    order = order[links.start[order] != links.end[order]]
    start, end = links.start[order], links.end[order]
    is_first = np.ones(len(order), dtype=np.bool_)
    is_first[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    counts = {
        "self_loops_dropped": int((links.start == links.end).sum()),
        "parallel_edges_dropped": int((~is_first).sum()),
    }
    return links.select_links(order[is_first]), counts


def junction_links(links: Links) -> tuple[Links, dict[str, Any]]:
    """Return the strongly connected junction graph of links with known speeds, and counts."""
    counts: dict[str, Any] = {"nodes_before": links.node_count, "links_before": links.link_count}
    simple = links if links.is_simplified else simplify(links)
    counts |= {"junctions": simple.node_count, "junction_edges": simple.link_count}
    strong, share = largest_strong_component(simple)
    if not links.is_simplified:
        strong = simplify(strong)
    final, dropped = without_parallels(strong)
    counts |= {"share_in_largest_component": round(share, 5), **dropped}
    return final, counts | {"nodes": final.node_count, "edges": final.link_count}


def _offsets(values: NDArray[np.int32], n: int) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.bincount(values, minlength=n))]).astype(np.int64)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _endpoints(n: int, start: NDArray[np.int32], end: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which nodes are junctions, dead ends or sources of change (rules 1 to 3 of OSMnx)."""
    into = np.zeros(n, dtype=np.int32)
    out = np.zeros(n, dtype=np.int32)
    neighbours = np.full((n, 2), -1, dtype=np.int32)
    is_endpoint = np.zeros(n, dtype=np.bool_)
    for link in range(len(start)):
        a, b = start[link], end[link]
        out[a] += 1
        into[b] += 1
        for node, other in ((a, b), (b, a)):
            if a == b:
                is_endpoint[node] = True
            elif neighbours[node, 0] < 0 or neighbours[node, 0] == other:
                neighbours[node, 0] = other
            elif neighbours[node, 1] < 0 or neighbours[node, 1] == other:
                neighbours[node, 1] = other
            else:
                is_endpoint[node] = True
    for node in range(n):
        degree = into[node] + out[node]
        two = neighbours[node, 1] >= 0 and (degree == 2 or degree == 4)
        if into[node] == 0 or out[node] == 0 or not two:
            is_endpoint[node] = True
    return is_endpoint


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _chains(
    offsets: NDArray[np.int64],
    order: NDArray[np.int64],
    start: NDArray[np.int32],
    end: NDArray[np.int32],
    is_endpoint: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return, as CSR, the link ids of every chain from endpoint to endpoint."""
    chain_offsets = np.zeros(len(start) + 1, dtype=np.int64)
    chains = np.empty(len(start), dtype=np.int64)
    count = used = 0
    for node in range(len(offsets) - 1):
        if not is_endpoint[node]:
            continue
        for i in range(offsets[node], offsets[node + 1]):
            link, first = order[i], used
            is_whole = True
            while is_whole:
                chains[used] = link
                used += 1
                here, before = end[link], start[link]
                if is_endpoint[here]:
                    break
                is_whole = False
                for j in range(offsets[here], offsets[here + 1]):
                    if end[order[j]] != before:
                        link, is_whole = order[j], used < len(start)
                        break
            if is_whole:
                count += 1
                chain_offsets[count] = used
            else:  # ends where nothing goes on: of no use
                used = first
    return chain_offsets[: count + 1].copy(), chains[:used].copy()


def _merge(links: Links, offsets: NDArray[np.int64], chains: NDArray[np.int64]) -> Links:
    """Return one link per chain."""
    parts = links.select_links(chains)
    first = offsets[:-1]
    length = np.add.reduceat(parts.length_m, first)
    highway, street = _dominant(offsets, parts.length_m, parts.highway, parts.street)
    counts = np.diff(parts.geom_offsets)
    is_joint = np.zeros(len(parts.geom_lat), dtype=np.bool_)
    inner = np.ones(parts.link_count, dtype=np.bool_)
    inner[first] = False
    is_joint[parts.geom_offsets[:-1][inner]] = True
    points = np.add.reduceat(counts - inner, first)
    seconds = np.add.reduceat(parts.seconds, first)
    return replace(
        links,
        start=parts.start[first],
        end=parts.end[offsets[1:] - 1],
        length_m=length,
        speed_kph=np.where(length > 0.0, length / np.maximum(seconds, 1e-9) * 3.6, parts.speed_kph[first]),
        highway=highway,
        street=street,
        is_bridge=np.logical_or.reduceat(parts.is_bridge, first),
        geom_offsets=np.concatenate([[0], np.cumsum(points)]),
        geom_lat=parts.geom_lat[~is_joint],
        geom_lon=parts.geom_lon[~is_joint],
    )


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _dominant(
    offsets: NDArray[np.int64],
    length: NDArray[np.float64],
    highway: NDArray[np.int8],
    street: NDArray[np.int32],
) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """Return each chain's highway value of the greatest length, and the street of its longest named part."""
    n = len(offsets) - 1
    best_highway = np.empty(n, dtype=np.int8)
    best_street = np.full(n, -1, dtype=np.int32)
    for chain in range(n):
        metres = np.zeros(_KINDS)
        longest = -1.0
        for i in range(offsets[chain], offsets[chain + 1]):
            metres[highway[i]] += length[i]
            if street[i] >= 0 and length[i] > longest:
                longest, best_street[chain] = length[i], street[i]
        best_highway[chain] = metres.argmax()
    return best_highway, best_street
