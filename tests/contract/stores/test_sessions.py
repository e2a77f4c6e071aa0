"""SessionStore: signed in for a day, or until logout."""

from __future__ import annotations

from typing import Any

import pytest

from domain.order_state import Actor
from domain.sessions import SESSION_TTL_S

pytestmark = pytest.mark.port("sessions")


def test_a_session_lasts_a_day(backend: Any) -> None:
    run, sessions = backend.run, backend.stores.sessions
    session = run(sessions.open(Actor.DRIVER, 7, 100.0))
    assert len(session.token) == 43
    assert run(sessions.get(session.token, 100.0 + SESSION_TTL_S - 1.0)) == session
    assert run(sessions.get(session.token, 100.0 + SESSION_TTL_S)) is None


def test_a_session_ends_with_logout(backend: Any) -> None:
    run, sessions = backend.run, backend.stores.sessions
    mine, other = run(sessions.open(Actor.CUSTOMER, 7, 0.0)), run(sessions.open(Actor.CUSTOMER, 7, 0.0))
    assert mine.token != other.token
    run(sessions.close(mine.token))
    run(sessions.close("unknown"))
    assert run(sessions.get(mine.token, 1.0)) is None
    assert run(sessions.get(other.token, 1.0)) == other
    assert run(sessions.get("unknown", 1.0)) is None
