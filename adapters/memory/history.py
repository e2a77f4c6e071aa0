"""Location history in memory: kept, or not kept."""

from __future__ import annotations

import numpy as np

from domain.units import FloatArray, IntArray


class MemoryHistory:
    """Positions in lists of batches (implements domain.ports.LocationHistory): 32 bytes each, for ever."""

    def __init__(self) -> None:
        self._recorded: list[tuple[IntArray, FloatArray]] = []
        self._written: list[tuple[IntArray, FloatArray]] = []

    def record(self, driver_ids: IntArray, lat: FloatArray, lon: FloatArray, at_s: float) -> None:
        """Take positions to be written."""
        rows = np.column_stack([np.full(len(lat), at_s), lat, lon])
        self._recorded.append((np.array(driver_ids, np.int64), rows))

    async def flush(self) -> int:
        """Write what is recorded; return the number of rows."""
        rows = sum(len(ids) for ids, _ in self._recorded)
        self._written += self._recorded
        self._recorded = []
        return rows

    async def track(self, driver_id: int, from_s: float, to_s: float) -> FloatArray:
        """Return a driver's written positions in [from_s, to_s) as rows (at_s, lat, lon)."""
        found = [rows[ids == driver_id] for ids, rows in self._written]
        track = np.concatenate([np.empty((0, 3)), *found])
        return track[(track[:, 0] >= from_s) & (track[:, 0] < to_s)]


class NoHistory:
    """Keeps nothing: a simulated day has 864 million positions and the run folder its own record."""

    # ruff: noqa: ARG002  # arguments as in the port
    def record(self, driver_ids: IntArray, lat: FloatArray, lon: FloatArray, at_s: float) -> None:
        """Forget positions."""

    async def flush(self) -> int:
        """Return 0."""
        return 0

    async def track(self, driver_id: int, from_s: float, to_s: float) -> FloatArray:
        """Return no rows."""
        return np.empty((0, 3))
