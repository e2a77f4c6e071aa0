"""Sessions in Valkey."""

from __future__ import annotations

import secrets
from hashlib import sha256

from adapters.valkey.server import ValkeyServer
from domain.order_state import Actor
from domain.sessions import SESSION_TTL_S, Session

_EXTRA_S = 60.0


class ValkeySessionStore:
    """Sessions by token (implements domain.ports.SessionStore).

    Keys hold a digest of the token: who can read the store cannot sign in with what is there. Times are the
    callers'; the server drops a session by itself a minute (of its own clock) after its time.
    """

    def __init__(self, server: ValkeyServer) -> None:
        self._server = server

    async def open(self, actor: Actor, actor_id: int, now_s: float) -> Session:
        """Begin a session."""
        session = Session(
            token=secrets.token_urlsafe(32),
            actor=actor,
            actor_id=actor_id,
            expires_at_s=now_s + SESSION_TTL_S,
        )
        text = f"{actor.value} {actor_id} {float(session.expires_at_s)!r}"
        keep_s = int(SESSION_TTL_S + _EXTRA_S)
        await self._server.call("SET", self._key(session.token), text, "EX", keep_s, is_repeatable=True)
        return session

    async def get(self, token: str, now_s: float) -> Session | None:
        """Return the session of a token, or None."""
        text = await self._server.call("GET", self._key(token), is_repeatable=True)
        if text is None:
            return None
        actor, actor_id, until = text.decode().split()
        if now_s >= float(until):
            return None
        return Session(token=token, actor=Actor(actor), actor_id=int(actor_id), expires_at_s=float(until))

    async def close(self, token: str) -> None:
        """End a session."""
        await self._server.call("UNLINK", self._key(token), is_repeatable=True)

    def _key(self, token: str) -> str:
        return self._server.key(f"session:{sha256(token.encode()).hexdigest()}")
