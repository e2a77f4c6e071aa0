"""Where drivers were, in PostgreSQL: buffered, then written by binary COPY."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.postgres.database import PostgresDatabase
from domain.units import DAY_S, FloatArray, IntArray

ROWS_PER_COPY = 100_000
"""A fraction of a second's work for the server: far from any time limit."""
ROWS_PER_PIECE = 10_000

_POSITION = np.dtype(
    [("driver_id", np.int64), ("at_s", np.float64), ("lat", np.float64), ("lon", np.float64)]
)
_COLUMNS = _POSITION.names or ()
# Binary COPY: a header; per row the number of fields, then each one's length and big-endian bytes; a -1.
_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_WIRE = np.dtype(
    [("fields", ">i2")]
    + [
        part
        for name in _COLUMNS
        for part in ((f"{name}_bytes", ">i4"), (name, _POSITION[name].newbyteorder(">")))
    ]
)
_MAKE_DAY = "SELECT make_location_days($1, $1)"
_INDEX_DAY = "SELECT index_location_day($1)"
_TRACK = """
SELECT at_s, lat, lon FROM driver_locations
WHERE driver_id = $1 AND at_s >= $2 AND at_s < $3 ORDER BY at_s
"""


class PostgresHistory:
    """Past positions in daily partitions (implements domain.ports.LocationHistory).

    Of positions recorded and not yet flushed, the latest are kept, up to the settings' `history_rows_max`;
    `dropped_rows` counts the others, lost because nobody flushed or the server was away. If a connection
    breaks at the very end of a flush, its rows may be there twice: they are the same points.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._db = database
        self._recorded: deque[NDArray[Any]] = deque()
        self._rows = 0
        self._flushing = asyncio.Lock()
        self.dropped_rows = 0

    def record(self, driver_ids: IntArray, lat: FloatArray, lon: FloatArray, at_s: float) -> None:
        """Take positions to be written; at most the settings' number are kept."""
        batch = np.empty(len(driver_ids), _POSITION)
        batch["driver_id"], batch["at_s"], batch["lat"], batch["lon"] = driver_ids, at_s, lat, lon
        self._recorded.append(batch)
        self._rows += len(batch)
        self._drop_oldest()

    async def flush(self) -> int:
        """Write what is recorded; return the number of rows. What cannot be written stays recorded."""
        async with self._flushing:
            if not self._rows:
                return 0
            positions = np.concatenate(self._recorded)
            self._recorded, self._rows = deque(), 0
            # Sorted by driver, so that the small index on blocks of rows finds a driver's.
            positions = positions[np.argsort(positions["driver_id"], kind="stable")]
            written = 0
            try:
                days = {math.floor(at_s / DAY_S) for at_s in np.unique(positions["at_s"]).tolist()}
                await self._each(_MAKE_DAY, days)  # as a rule they have been made ahead
                while written < len(positions):
                    await self._write(positions[written : written + ROWS_PER_COPY])
                    written = min(written + ROWS_PER_COPY, len(positions))
                await self._each(_INDEX_DAY, days)
            finally:
                if written < len(positions):
                    self._recorded.appendleft(positions[written:])
                    self._rows += len(positions) - written
                    self._drop_oldest()
            return written

    async def track(self, driver_id: int, from_s: float, to_s: float) -> FloatArray:
        """Return a driver's written positions in [from_s, to_s) as rows (at_s, lat, lon), by time."""
        rows = await self._db.rows(_TRACK, driver_id, from_s, to_s, is_repeatable=True)
        return np.array([tuple(row) for row in rows], np.float64).reshape(-1, 3)

    async def _write(self, positions: NDArray[Any]) -> None:
        """Write positions [n], all or none."""
        await self._db.run(
            lambda connection: connection.copy_to_table(
                "driver_locations", source=_copy_data(positions), columns=_COLUMNS, format="binary"
            )
        )

    async def _each(self, statement: str, days: set[int]) -> None:
        for day in sorted(days):
            await self._db.row(statement, day, is_repeatable=True)

    def _drop_oldest(self) -> None:
        while self._rows > self._db.settings.history_rows_max and self._recorded:
            gone = len(self._recorded.popleft())
            self._rows -= gone
            self.dropped_rows += gone


async def _copy_data(positions: NDArray[Any]) -> AsyncIterator[bytes]:
    """Yield positions in PostgreSQL's binary COPY format, in pieces that do not hold up the event loop."""
    yield _HEADER
    for first in range(0, len(positions), ROWS_PER_PIECE):
        piece = positions[first : first + ROWS_PER_PIECE]
        wire = np.zeros(len(piece), _WIRE)
        wire["fields"] = len(_COLUMNS)
        for name in _COLUMNS:
            wire[f"{name}_bytes"] = 8
            wire[name] = piece[name]
        yield wire.tobytes()
    yield _TRAILER
