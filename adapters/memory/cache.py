"""A cache in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CLAIM_S = 5.0
"""How long a claim of a refill keeps others from refilling."""


class MemoryCache:
    """Values with a time to live (implements domain.ports.Cache). Expired values are dropped when read."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[float, Any]] = {}
        self._claims: dict[str, tuple[int, float]] = {}
        self._last_token = 0

    async def get(self, key: str, now_s: float) -> Any | None:
        """Return the value, or None if missing or past its time."""
        entry = self._values.get(key)
        if entry is None:
            return None
        if now_s >= entry[0]:
            del self._values[key]
            return None
        return entry[1]

    async def begin_fill(self, key: str, now_s: float) -> int | None:
        """Claim the refill of a key: a token, or None while another claim is in force."""
        claim = self._claims.get(key)
        if claim is not None and now_s < claim[1]:
            return None
        self._last_token += 1
        self._claims[key] = (self._last_token, now_s + CLAIM_S)
        return self._last_token

    async def finish_fill(self, key: str, token: int, value: Any, *, ttl_s: float, now_s: float) -> bool:
        """Store the value if this token's claim still stands; tell whether it was.

        A claim falls by `invalidate`, and by another claim after its own time is over.
        """
        claim = self._claims.get(key)
        if claim is None or claim[0] != token:
            return False
        del self._claims[key]
        self._values[key] = (now_s + ttl_s, value)
        return True

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Drop keys and void refills under way."""
        for key in keys:
            self._values.pop(key, None)
            self._claims.pop(key, None)
