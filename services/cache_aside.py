"""Cache-aside with stampede protection: one caller refills, stale refills are void."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from domain.ports import Cache, Clock

T = TypeVar("T")
Background = Callable[[Coroutine[Any, Any, None]], Awaitable[None]]
"""Runs a coroutine apart from the request: as a task on a server, inline in a simulator."""
Pause = Callable[[], Awaitable[None]]
"""Waits a moment (some milliseconds) for another's refill."""

_PATIENCE = 50


async def run_inline(work: Coroutine[Any, Any, None]) -> None:
    """Run background work at once."""
    await work


@dataclass(frozen=True, kw_only=True)
class CacheAside:
    """Reads through a cache.

    A caller who finds a key missing while another refills it waits for that one, `pause` by `pause`; without
    a `pause` (in a simulator nobody else runs meanwhile), or when patience is over, it loads for itself and
    caches nothing.
    """

    cache: Cache
    clock: Clock
    pause: Pause | None = None
    background: Background = run_inline

    async def read(self, key: str, ttl_s: float, load: Callable[[], Awaitable[T]]) -> T:
        """Return the value of a key, from the cache or by `load`."""
        now_s = self.clock.now_s()
        value: T | None = await self.cache.get(key, now_s)
        if value is not None:
            return value
        token = await self.cache.begin_fill(key, now_s)
        if token is None:
            value = await self._others_refill(key)
            return value if value is not None else await load()
        return await self._fill(key, token, ttl_s, load)

    async def refresh(self, key: str, ttl_s: float, load: Callable[[], Awaitable[Any]]) -> None:
        """Refill a key in the background while its value still serves, unless somebody does already."""
        token = await self.cache.begin_fill(key, self.clock.now_s())
        if token is not None:
            await self.background(self._refill(key, token, ttl_s, load))

    async def _refill(self, key: str, token: int, ttl_s: float, load: Callable[[], Awaitable[Any]]) -> None:
        await self._fill(key, token, ttl_s, load)

    async def _fill(self, key: str, token: int, ttl_s: float, load: Callable[[], Awaitable[T]]) -> T:
        value = await load()
        await self.cache.finish_fill(key, token, value, ttl_s=ttl_s, now_s=self.clock.now_s())
        return value

    async def _others_refill(self, key: str) -> Any | None:
        for _ in range(_PATIENCE if self.pause is not None else 0):
            if self.pause is not None:
                await self.pause()
            value = await self.cache.get(key, self.clock.now_s())
            if value is not None:
                return value
        return None
