"""Sessions in memory."""

from __future__ import annotations

import secrets

from domain.order_state import Actor
from domain.sessions import SESSION_TTL_S, Session


class MemorySessionStore:
    """Sessions by token (implements domain.ports.SessionStore). Those past their time go when read."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    async def open(self, actor: Actor, actor_id: int, now_s: float) -> Session:
        """Begin a session."""
        session = Session(
            token=secrets.token_urlsafe(32),
            actor=actor,
            actor_id=actor_id,
            expires_at_s=now_s + SESSION_TTL_S,
        )
        self._sessions[session.token] = session
        return session

    async def get(self, token: str, now_s: float) -> Session | None:
        """Return the session of a token, or None."""
        session = self._sessions.get(token)
        if session is not None and now_s >= session.expires_at_s:
            del self._sessions[token]
            return None
        return session

    async def close(self, token: str) -> None:
        """End a session."""
        self._sessions.pop(token, None)
