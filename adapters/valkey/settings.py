"""How the program treats its Valkey: connections, waits, retries."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_PREFIX = "dispatchlab"


@dataclass(frozen=True, kw_only=True, slots=True)
class ValkeySettings:
    """Everything that may be tuned; the defaults fit one service process beside its server.

    `connections`: the most that are open at once for commands (one more waits for published updates).
    `connect_timeout_s`: for opening one. `command_timeout_s`: for one call with all that it waits for: a free
    connection, the server, the answer.

    `attempts`: how often a call is tried in all, where trying again is safe; `retry_for_s`: for how long. A
    call that timed out is not tried again: its caller has waited enough, and so has the server.

    `quiet_s`: after this much silence a connection that waits for updates is probed; after as much again it
    counts as lost. Then, for `reopen_for_s`, it is opened anew; those who wait are told only after that.
    """

    connections: int = 16
    connect_timeout_s: float = 1.0
    command_timeout_s: float = 2.0
    attempts: int = 3
    retry_for_s: float = 2.0
    quiet_s: float = 15.0
    reopen_for_s: float = 10.0
