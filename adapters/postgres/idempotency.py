"""Idempotency keys in PostgreSQL."""

from __future__ import annotations

import math

from adapters.postgres.database import PostgresDatabase
from domain.errors import IdempotencyMismatch, NotFound
from domain.ports import Claim, ClaimState

_NEW = Claim(state=ClaimState.NEW)
_IN_PROGRESS = Claim(state=ClaimState.IN_PROGRESS)

# Takes the key where nobody has it, or its time is over, or its holder's lease is; if so, a row comes back.
_CLAIM = """
INSERT INTO idempotency_keys AS known (key, fingerprint, until_s, lease_until_s)
VALUES ($1, $2, $4, $5)
ON CONFLICT (key) DO UPDATE SET
    fingerprint = excluded.fingerprint,
    until_s = CASE WHEN known.until_s <= $3 THEN excluded.until_s ELSE known.until_s END,
    lease_until_s = excluded.lease_until_s,
    response = NULL
WHERE known.until_s <= $3
    OR (known.response IS NULL AND known.lease_until_s <= $3 AND known.fingerprint = excluded.fingerprint)
RETURNING key
"""
_READ = "SELECT fingerprint, response FROM idempotency_keys WHERE key = $1"
_COMPLETE = "UPDATE idempotency_keys SET response = $2 WHERE key = $1 RETURNING key"
_RELEASE = "DELETE FROM idempotency_keys WHERE key = $1"


class PostgresIdempotencyStore:
    """Claims by key (implements domain.ports.IdempotencyStore)."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._db = database

    async def claim(
        self, key: str, fingerprint: str, *, now_s: float, ttl_s: float, lease_s: float = math.inf
    ) -> Claim:
        """Claim a key, or tell what became of it.

        Raises:
            IdempotencyMismatch: the key was used with another fingerprint.
        """
        while True:
            taken = await self._db.row(_CLAIM, key, fingerprint, now_s, now_s + ttl_s, now_s + lease_s)
            if taken is not None:
                return _NEW
            known = await self._db.row(_READ, key, is_repeatable=True)
            if known is not None:  # else it was released since: claim it again
                break
        if known[0] != fingerprint:
            raise IdempotencyMismatch(f"idempotency key {key!r} was used with another request")
        return _IN_PROGRESS if known[1] is None else Claim(state=ClaimState.DONE, response=known[1])

    async def complete(self, key: str, response: int) -> None:
        """Store the answer for the rest of the key's time; NotFound if the key is not claimed."""
        if await self._db.row(_COMPLETE, key, response, is_repeatable=True) is None:
            raise NotFound(f"idempotency key {key!r} is not claimed")

    async def release(self, key: str) -> None:
        """Forget the claim."""
        await self._db.row(_RELEASE, key, is_repeatable=True)
