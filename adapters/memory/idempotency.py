"""Idempotency keys in memory."""

from __future__ import annotations

import math
from collections import deque

from adapters.memory.database import Key, MemoryDatabase
from domain.errors import IdempotencyMismatch, NotFound
from domain.ports import Claim, ClaimState

_NEW = Claim(state=ClaimState.NEW)
_IN_PROGRESS = Claim(state=ClaimState.IN_PROGRESS)


class MemoryIdempotencyStore:
    """Claims by key (implements domain.ports.IdempotencyStore); old ones are swept as new ones come."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._keys = database.keys
        self._by_age: deque[str] = deque()

    async def claim(
        self, key: str, fingerprint: str, *, now_s: float, ttl_s: float, lease_s: float = math.inf
    ) -> Claim:
        """Claim a key, or tell what became of it.

        Raises:
            IdempotencyMismatch: the key was used with another fingerprint.
        """
        self._sweep(now_s)
        known = self._keys.get(key)
        if known is None or now_s >= known.until_s:
            self._keys[key] = Key(fingerprint, now_s + ttl_s, now_s + lease_s)
            self._by_age.append(key)
            return _NEW
        if known.fingerprint != fingerprint:
            raise IdempotencyMismatch(f"idempotency key {key!r} was used with another request")
        if known.response is not None:
            return Claim(state=ClaimState.DONE, response=known.response)
        if now_s < known.lease_until_s:
            return _IN_PROGRESS
        known.lease_until_s = now_s + lease_s
        return _NEW

    async def complete(self, key: str, response: int) -> None:
        """Store the answer for the rest of the key's time; NotFound if the key is not claimed."""
        known = self._keys.get(key)
        if known is None:
            raise NotFound(f"idempotency key {key!r} is not claimed")
        known.response = response

    async def release(self, key: str) -> None:
        """Forget the claim."""
        self._keys.pop(key, None)

    def _sweep(self, now_s: float) -> None:
        """Drop keys past their time, oldest claim first."""
        while self._by_age:
            known = self._keys.get(self._by_age[0])
            if known is not None and known.until_s > now_s:
                return
            self._keys.pop(self._by_age.popleft(), None)
