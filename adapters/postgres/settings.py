"""How the program treats its PostgreSQL: connections, waits, retries, how long things are kept."""

from __future__ import annotations

from dataclasses import dataclass

from domain.units import DAY_S

ROLE = "dispatchlab_app"
"""The role that the program works as; the migrations make it and give it what it needs."""

DEFAULT_SCHEMA = "dispatchlab"


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresSettings:
    """Everything that may be tuned; the defaults fit one service process beside its database.

    `connections`: the most that the pool opens. `connect_timeout_s`: for opening one, and for waiting until
    one is free. `command_timeout_s`: for one statement; the server gives up on it then, too.

    `attempts`: how often a call is tried in all, where trying again is safe; `retry_for_s`: for how long.

    `history_rows_max`: positions kept in memory (32 bytes each) until they are flushed; beyond it the oldest
    are dropped and counted.

    `days_ahead`, `days_kept`: daily partitions of past positions made in advance and kept. `sent_kept_s`: how
    long sent events stay in the outbox, `seen_kept_s`: how long it is remembered which events a consumer
    group has processed; by then no broker hands them out again.
    """

    connections: int = 10
    connect_timeout_s: float = 5.0
    command_timeout_s: float = 5.0
    attempts: int = 3
    retry_for_s: float = 2.0
    history_rows_max: int = 2_000_000
    days_ahead: int = 2
    days_kept: int = 30
    sent_kept_s: float = 7 * DAY_S
    seen_kept_s: float = 30 * DAY_S
