"""Sessions: who is signed in at one of the apps."""

from __future__ import annotations

from dataclasses import dataclass

from domain.order_state import Actor

SESSION_TTL_S = 24 * 3600.0
"""How long a session lasts from its beginning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One sign-in; `actor` with `actor_id` is who acts through it."""

    token: str
    actor: Actor
    actor_id: int
    expires_at_s: float
