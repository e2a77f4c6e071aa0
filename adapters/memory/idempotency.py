"""Idempotency keys in memory."""

from __future__ import annotations

from collections import deque
from typing import Any

from domain.errors import IdempotencyMismatch, NotFound
from domain.ports import Claim, ClaimState

_OPEN = object()
_NEW = Claim(state=ClaimState.NEW)
_IN_PROGRESS = Claim(state=ClaimState.IN_PROGRESS)


class MemoryIdempotencyStore:
    """Claims by key (implements domain.ports.IdempotencyStore); old ones are swept as new ones come."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[str, float, Any]] = {}
        self._by_age: deque[tuple[float, str]] = deque()

    async def claim(self, key: str, fingerprint: str, *, now_s: float, ttl_s: float) -> Claim:
        """Claim a key, or tell what became of it.

        Raises:
            IdempotencyMismatch: the key was used with another fingerprint.
        """
        self._sweep(now_s)
        entry = self._entries.get(key)
        if entry is None or now_s >= entry[1]:
            self._entries[key] = (fingerprint, now_s + ttl_s, _OPEN)
            self._by_age.append((now_s + ttl_s, key))
            return _NEW
        if entry[0] != fingerprint:
            raise IdempotencyMismatch(f"idempotency key {key!r} was used with another request")
        if entry[2] is _OPEN:
            return _IN_PROGRESS
        return Claim(state=ClaimState.DONE, response=entry[2])

    async def complete(self, key: str, response: Any) -> None:
        """Store the answer for the rest of the key's time; NotFound if the key is not claimed."""
        entry = self._entries.get(key)
        if entry is None:
            raise NotFound(f"idempotency key {key!r} is not claimed")
        self._entries[key] = (entry[0], entry[1], response)

    async def release(self, key: str) -> None:
        """Forget the claim."""
        self._entries.pop(key, None)

    def _sweep(self, now_s: float) -> None:
        """Drop entries past their time, oldest claim first."""
        while self._by_age and self._by_age[0][0] <= now_s:
            key = self._by_age.popleft()[1]
            entry = self._entries.get(key)
            if entry is not None and entry[1] <= now_s:
                del self._entries[key]
