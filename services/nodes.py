"""Road nodes of fixed points, snapped once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from domain.units import FloatArray, IntArray

Snap = Callable[[FloatArray, FloatArray], IntArray]
"""Nearest road node, int32 [n], of points in degrees, float64 [n]."""

Point = tuple[float, float]


class NodeCache:
    """Remembers the nodes of restaurants and customers by position; emptied when it holds `limit` points."""

    def __init__(self, snap: Snap, *, limit: int = 500_000) -> None:
        self.snap = snap
        self._limit = limit
        self._nodes: dict[Point, int] = {}

    def of(self, points: Sequence[Point]) -> list[int]:
        """Return the nodes of points (latitude, longitude), in input order; unknown ones in one snap."""
        nodes = self._nodes
        if len(nodes) + len(points) > self._limit:
            nodes.clear()
        if all(map(nodes.__contains__, points)):
            return [nodes[point] for point in points]
        missing = [point for point in dict.fromkeys(points) if point not in nodes]
        if missing:
            lat, lon = np.array(list(zip(*missing, strict=True)), np.float64)
            found = self.snap(lat, lon)
            nodes.update(zip(missing, found.tolist(), strict=True))
        return [nodes[point] for point in points]
