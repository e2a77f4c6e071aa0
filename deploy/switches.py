"""Makes servers of the local stack fail in the middle of a run, and come back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from deploy.stack import ELSEWHERE, Stack
from domain.errors import UserError


class CanBeDown(Protocol):
    """Something outside the stack that has a switch of its own."""

    is_down: bool


class StackSwitches:
    """Kills and starts servers of a stack; "payments" is a switch of the provider's stand-in."""

    def __init__(self, stack: Stack, provider: CanBeDown) -> None:
        self._stack = stack
        self._provider = provider

    def check(self, servers: Iterable[str]) -> None:
        """Make sure that these servers are ours to stop.

        Raises:
            UserError: one runs elsewhere, as the environment says, or does not run.
        """
        used = self._stack.urls()
        for server in servers:
            if server != "payments" and used.get(server) != self._stack.url(server):
                raise UserError(f"an outage of {server} needs the stack's own; unset {ELSEWHERE[server]}")

    def fail(self, server: str) -> None:
        """End a server by force, as a crash does."""
        if server == "payments":
            self._provider.is_down = True
        else:
            self._stack.kill(server)

    def heal(self, server: str) -> None:
        """Start it again, on the data that it had written."""
        if server == "payments":
            self._provider.is_down = False
        else:
            self._stack.start(server)
