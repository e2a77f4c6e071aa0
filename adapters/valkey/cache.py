"""The cache in Valkey."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from adapters.valkey.encoding import decode, encode
from adapters.valkey.server import ValkeyServer

CLAIM_S = 5.0
"""How long a claim of a refill keeps others from refilling."""

_TOKENS = 1 << 53
_EXTRA_S = 60.0
_REMEMBERED = 512


class ValkeyCache:
    """Values with a time to live (implements domain.ports.Cache).

    Times are the callers'; the server drops a value by itself a minute (of its own clock) after its time.
    What was decoded last under a key is remembered: while the server holds the same bytes, readers get the
    same object.
    """

    def __init__(self, server: ValkeyServer) -> None:
        self._server = server
        self._decoded: dict[str, tuple[bytes, Any]] = {}

    async def get(self, key: str, now_s: float) -> Any | None:
        """Return the value, or None if missing or past its time."""
        data, until = await self._server.call(
            "HMGET", self._server.key(_name(key)), "value", "until", is_repeatable=True
        )
        if data is None or until is None or now_s >= float(until):
            return None
        return self._value(key, data)

    async def begin_fill(self, key: str, now_s: float) -> int | None:
        """Claim the refill of a key: a token, or None while another claim is in force."""
        token = secrets.randbelow(_TOKENS)
        until = repr(float(now_s + CLAIM_S))
        claimed = await self._server.function(
            "begin_fill", _name(key), token, repr(float(now_s)), until, of="keys", is_repeatable=True
        )
        return token if claimed else None

    async def finish_fill(self, key: str, token: int, value: Any, *, ttl_s: float, now_s: float) -> bool:
        """Store the value if this token's claim still stands; tell whether it was.

        A claim falls by `invalidate`, and by another claim after its own time is over.

        Raises:
            TypeError: the value cannot be stored, see `adapters.valkey.encoding`.
        """
        data, until = encode(value), repr(float(now_s + ttl_s))
        keep_ms = int(1000.0 * (ttl_s + _EXTRA_S))
        return bool(
            await self._server.function("finish_fill", _name(key), token, data, until, keep_ms, of="keys")
        )

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Drop keys and void refills under way."""
        if keys:
            names = [self._server.key(_name(key)) for key in keys]
            await self._server.call("UNLINK", *names, is_repeatable=True)

    def _value(self, key: str, data: bytes) -> Any | None:
        """Decode; what another version of the program wrote and this one cannot read is missing."""
        known = self._decoded.pop(key, None)
        if known is None or known[0] != data:
            try:
                known = data, decode(data)
            except ValueError:
                return None
        self._decoded[key] = known
        if len(self._decoded) > _REMEMBERED:
            del self._decoded[next(iter(self._decoded))]
        return known[1]


def _name(key: str) -> str:
    return f"cache:{key}"
