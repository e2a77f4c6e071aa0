"""What has to be done now and then so that no table grows for ever."""

from __future__ import annotations

import math
from dataclasses import dataclass

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.outbox import PostgresOutbox
from domain.units import DAY_S

_MAKE_DAYS = "SELECT make_location_days($1, $2)"
_DROP_DAYS = "SELECT drop_location_days($1)"
_FORGET_KEYS = """
WITH gone AS (DELETE FROM idempotency_keys WHERE until_s <= $1 RETURNING key)
SELECT count(*) FROM gone
"""
_FORGET_EVENTS = """
WITH gone AS (DELETE FROM processed_events WHERE at_s < $1 RETURNING event_id)
SELECT count(*) FROM gone
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Upkeep:
    """What `maintain` has done: partitions made and dropped, rows deleted."""

    days_made: int
    days_dropped: int
    keys: int
    sent_events: int
    processed_events: int


async def maintain(database: PostgresDatabase, now_s: float) -> Upkeep:
    """Make the partitions of today and the days ahead, drop the old ones, delete what has had its time.

    How long things are kept, the settings say. Once an hour is often enough; several processes may do it.

    Raises:
        Unavailable: the server is out of reach. What was done by then stays done.
    """
    settings, today = database.settings, math.floor(now_s / DAY_S)

    async def count(statement: str, *arguments: float) -> int:
        row = await database.row(statement, *arguments, is_repeatable=True)
        return int(row[0])

    return Upkeep(
        days_made=await count(_MAKE_DAYS, today, today + settings.days_ahead),
        days_dropped=await count(_DROP_DAYS, today - settings.days_kept),
        keys=await count(_FORGET_KEYS, now_s),
        sent_events=await PostgresOutbox(database).purge(now_s - settings.sent_kept_s),
        processed_events=await count(_FORGET_EVENTS, now_s - settings.seen_kept_s),
    )
