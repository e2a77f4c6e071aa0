"""Stores that fail on command, whatever they are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from inspect import iscoroutinefunction
from typing import Any

from adapters.stand_in import StandInProvider
from domain.errors import Unavailable
from domain.stores import Stores

SERVED_BY: dict[str, tuple[str, ...]] = {
    "valkey": ("drivers", "cache", "sessions", "feed"),
    "postgres": ("orders", "offers", "payments", "outbox", "catalog", "ratings", "idempotency", "history"),
}
"""Which stores of the bundle each server keeps."""


class Faulty:
    """An object whose coroutines raise `Unavailable` while `is_down` says so."""

    def __init__(self, inner: Any, name: str, is_down: Callable[[], bool]) -> None:
        self._inner = inner
        self._name = name
        self._is_down = is_down

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._inner, name)
        if not iscoroutinefunction(member):
            return member

        async def guarded(*arguments: Any, **options: Any) -> Any:
            if self._is_down():
                raise Unavailable(f"{self._name} is out of reach")
            return await member(*arguments, **options)

        setattr(self, name, guarded)
        return guarded


class FaultyServers:
    """Puts a switch before each server's stores, and uses that of the payment stand-in.

    It is what `sim.outages` fails and heals.
    """

    def __init__(self, provider: StandInProvider) -> None:
        self._provider = provider
        self._down: set[str] = set()

    def stores(self, stores: Stores) -> Stores:
        """Return the stores behind the switches."""
        names = {field.name for field in fields(Stores)}
        behind = {
            name: Faulty(getattr(stores, name), server, partial(self._down.__contains__, server))
            for server, served in SERVED_BY.items()
            for name in served
            if name in names
        }
        return replace(stores, **behind)

    def fail(self, server: str) -> None:
        """Let every call to a server's stores fail."""
        self._down.add(server)
        self._provider.is_down = "payments" in self._down

    def heal(self, server: str) -> None:
        """Let them work again."""
        self._down.discard(server)
        self._provider.is_down = "payments" in self._down
