"""The outbox in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.rows import to_event
from domain.events import Event

_PENDING = "SELECT id, topic, kind, key, at_s, data FROM outbox WHERE sent_at IS NULL ORDER BY id LIMIT $1"
_MARK = "UPDATE outbox SET sent_at = now() WHERE id = ANY($1::bigint[]) AND sent_at IS NULL"
_PURGE = """
WITH gone AS (DELETE FROM outbox WHERE sent_at IS NOT NULL AND at_s < $1 RETURNING id)
SELECT count(*) FROM gone
"""


class PostgresOutbox:
    """Events written with the orders (implements domain.ports.Outbox).

    Ids are taken before transactions end, so an event may turn up behind a later one that is sent already:
    what is sent is marked one by one, never "all up to". Events of one key cannot overtake each other:
    whoever writes one holds the order, or the driver's offer, until the end of the transaction.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._db = database

    async def pending(self, limit: int) -> list[Event]:
        """Return up to `limit` unsent events, oldest first."""
        return [to_event(row) for row in await self._db.rows(_PENDING, limit, is_repeatable=True)]

    async def mark_sent(self, event_ids: Sequence[int]) -> None:
        """Note that these events have reached the bus; they stay as a record until they are purged."""
        await self._db.rows(_MARK, event_ids, is_repeatable=True)

    async def purge(self, before_s: float) -> int:
        """Delete sent events of before a time on the clock's axis; return how many."""
        row = await self._db.row(_PURGE, before_s, is_repeatable=True)
        return int(row[0])
