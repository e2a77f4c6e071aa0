"""Idempotency keys in Valkey."""

from __future__ import annotations

import math

from adapters.valkey.server import ValkeyServer
from domain.errors import IdempotencyMismatch, NotFound
from domain.ports import Claim, ClaimState
from domain.units import DAY_S

_STATES = {
    b"new": Claim(state=ClaimState.NEW),
    b"in_progress": Claim(state=ClaimState.IN_PROGRESS),
}


class ValkeyIdempotencyStore:
    """Claims by key (implements domain.ports.IdempotencyStore).

    Times are the callers'; the server drops a key by itself a day (of its own clock) after its time.
    """

    def __init__(self, server: ValkeyServer) -> None:
        self._server = server

    async def claim(
        self, key: str, fingerprint: str, *, now_s: float, ttl_s: float, lease_s: float = math.inf
    ) -> Claim:
        """Claim a key, or tell what became of it.

        Raises:
            IdempotencyMismatch: the key was used with another fingerprint.
        """
        times = (repr(float(time_s)) for time_s in (now_s, now_s + ttl_s, now_s + lease_s))
        keep_ms = int(1000.0 * (ttl_s + DAY_S))
        found = await self._server.function("claim", _name(key), fingerprint, *times, keep_ms, of="keys")
        if found == b"mismatch":
            raise IdempotencyMismatch(f"idempotency key {key!r} was used with another request")
        return _STATES.get(found) or Claim(state=ClaimState.DONE, response=int(found))

    async def complete(self, key: str, response: int) -> None:
        """Store the answer for the rest of the key's time; NotFound if the key is not claimed."""
        if not await self._server.function(
            "complete", _name(key), int(response), of="keys", is_repeatable=True
        ):
            raise NotFound(f"idempotency key {key!r} is not claimed")

    async def release(self, key: str) -> None:
        """Forget the claim."""
        await self._server.call("UNLINK", self._server.key(_name(key)))


def _name(key: str) -> str:
    return f"claim:{key}"
