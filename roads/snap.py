"""Snap points to nodes: the exact nearest node, by a uniform grid."""

from __future__ import annotations

import math

import numba
import numpy as np

from domain.units import EARTH_RADIUS_M, FloatArray
from roads.city import City, Float64, Int32

_NODES_PER_CELL = 2.0
Frame = tuple[float, float, float, float, float, float, float, int, int]
"""Reference longitude and latitude, metres per degree of each, lowest x and y, cell size, columns, rows."""


class Snapper:
    """Nearest nodes of n nodes at `lat`, `lon` float64 [n], degrees; ties go to the lowest node id.

    Distances are on the plane tangent at the middle of the nodes (equirectangular): within a city the nearest
    node is the same as on the sphere.
    """

    def __init__(self, lat: FloatArray, lon: FloatArray) -> None:
        if len(lat) == 0:
            raise ValueError("no nodes to snap to")
        metres = math.radians(1.0) * EARTH_RADIUS_M
        self._lat0 = (float(np.min(lat)) + float(np.max(lat))) / 2.0
        self._lon0 = (float(np.min(lon)) + float(np.max(lon))) / 2.0
        self._scale = (metres * math.cos(math.radians(self._lat0)), metres)
        x, y = self._project(lat, lon)
        low_x, low_y = float(x.min()), float(y.min())
        width, height = float(np.ptp(x)), float(np.ptp(y))
        share = _NODES_PER_CELL / len(x)
        cell_m = max(math.sqrt(width * height * share), max(width, height) * share, 1.0)
        columns, rows = int(width / cell_m) + 1, int(height / cell_m) + 1
        column = ((x - low_x) / cell_m).astype(np.int64)
        row = ((y - low_y) / cell_m).astype(np.int64)
        cell = np.minimum(row, rows - 1) * columns + np.minimum(column, columns - 1)
        self._nodes: Int32 = np.argsort(cell, kind="stable").astype(np.int32)
        counts = np.bincount(cell, minlength=rows * columns)
        self._offsets: Int32 = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        self._x, self._y = x[self._nodes], y[self._nodes]
        self._frame: Frame = (self._lon0, self._lat0, *self._scale, low_x, low_y, cell_m, columns, rows)

    @classmethod
    def of(cls, city: City) -> Snapper:
        """Return the snapper of a city's nodes."""
        return cls(city.node_lat, city.node_lon)

    def nearest(self, lat: FloatArray, lon: FloatArray) -> Int32:
        """Return the nearest node of each of k points in degrees, int32 [k]; about a million a second."""
        return self.nearest_with_distance(lat, lon)[0]

    def nearest_with_distance(self, lat: FloatArray, lon: FloatArray) -> tuple[Int32, Float64]:
        """Return the nearest node of each point, int32 [k], and its distance in metres, float64 [k]."""
        lats, lons = _degrees(lat), _degrees(lon)
        if lats.shape != lons.shape:
            raise ValueError(f"lat {lats.shape} and lon {lons.shape} differ in shape")
        found: Int32
        distance: Float64
        found, distance = _nearest(lats, lons, self._x, self._y, self._nodes, self._offsets, self._frame)
        if len(found) < len(lats):
            raise ValueError("points must be finite")
        return found, distance

    def within(self, lat: float, lon: float, radius_m: float) -> Int32:
        """Return the nodes at most `radius_m` metres away, ascending, int32."""
        x, y = self._project(np.array([lat]), np.array([lon]))
        is_near = np.hypot(self._x - x[0], self._y - y[0]) <= radius_m
        return np.sort(self._nodes[is_near])

    def _project(self, lat: FloatArray, lon: FloatArray) -> tuple[Float64, Float64]:
        x: Float64 = (_degrees(lon) - self._lon0) * self._scale[0]
        y: Float64 = (_degrees(lat) - self._lat0) * self._scale[1]
        return x, y


def _degrees(values: FloatArray) -> Float64:
    """Return a fresh float64 vector: always one layout, so that no kernel compiles anew."""
    return np.array(values, np.float64, order="C", ndmin=1)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _nearest(
    lat: Float64, lon: Float64, x: Float64, y: Float64, nodes: Int32, offsets: Int32, frame: Frame
) -> tuple[Int32, Float64]:
    """Search rings of cells around each point until no unseen cell can be nearer than the best.

    Nothing is returned when a point is not finite.
    """
    lon0, lat0, scale_x, scale_y, low_x, low_y, cell_m, columns, rows = frame
    if not (np.isfinite(lat).all() and np.isfinite(lon).all()):
        return np.empty(0, dtype=np.int32), np.empty(0)
    found = np.empty(len(lat), dtype=np.int32)
    distance = np.empty(len(lat))
    for i in range(len(lat)):
        px, py = (lon[i] - lon0) * scale_x, (lat[i] - lat0) * scale_y
        column = min(max(math.floor((px - low_x) / cell_m), 0), columns - 1)
        row = min(max(math.floor((py - low_y) / cell_m), 0), rows - 1)
        best, best_sq = -1, np.inf
        for ring in range(max(columns, rows)):
            for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
                is_edge_row = abs(r - row) == ring
                step = 1 if is_edge_row else max(2 * ring, 1)
                for c in range(column - ring, column + ring + 1, step):
                    if c < 0 or c >= columns:
                        continue
                    for k in range(offsets[r * columns + c], offsets[r * columns + c + 1]):
                        dx, dy = x[k] - px, y[k] - py
                        sq = dx * dx + dy * dy
                        if sq < best_sq or (sq == best_sq and nodes[k] < best):
                            best, best_sq = nodes[k], sq
            # distance from the point to the nearest unseen cell on each side
            left = px - (low_x + (column - ring) * cell_m)
            right = low_x + (column + ring + 1) * cell_m - px
            below = py - (low_y + (row - ring) * cell_m)
            above = low_y + (row + ring + 1) * cell_m - py
            side = np.inf  # sides beyond which the grid has no cells do not count
            if column - ring > 0:
                side = min(side, left)
            if column + ring < columns - 1:
                side = min(side, right)
            if row - ring > 0:
                side = min(side, below)
            if row + ring < rows - 1:
                side = min(side, above)
            if best >= 0 and side > 0.0 and side * side > best_sq:
                break
        found[i], distance[i] = best, math.sqrt(best_sq)
    return found, distance
