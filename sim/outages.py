"""Servers that fail in the middle of a run, and come back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from domain.spec import OutageSpec
from domain.units import HOUR_S, MINUTE_S
from services.breakers import Incident


class Servers(Protocol):
    """What can be made to fail."""

    def fail(self, server: str) -> None:
        """Stop a server at once, without a goodbye."""
        ...

    def heal(self, server: str) -> None:
        """Start it again, with what it had kept."""
        ...


def plan_outages(
    outages: Sequence[OutageSpec],
    servers: Servers,
    *,
    now_s: float,
    after: Callable[[float, Callable[[], None]], None],
    witness: Callable[[Incident], None],
) -> None:
    """Have every outage that begins from `now_s` on happen; `after` does something after some seconds."""
    for outage in outages:
        start_s = outage.start_h * HOUR_S
        end_s = start_s + outage.minutes * MINUTE_S
        if start_s < now_s:
            continue
        after(start_s - now_s, partial(_turn, outage.server, "down", start_s, servers.fail, witness))
        after(end_s - now_s, partial(_turn, outage.server, "up", end_s, servers.heal, witness))


def _turn(
    server: str, state: str, at_s: float, turn: Callable[[str], None], witness: Callable[[Incident], None]
) -> None:
    turn(server)
    witness(Incident(at_s=at_s, subject=server, state=state))
