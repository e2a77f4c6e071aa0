"""Cache-aside with stampede protection: one caller refills, stale refills are void."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from domain.errors import Unavailable
from domain.ports import Cache, Clock
from services.breakers import Breaker

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
    caches nothing. The cache is a help: while it is out of reach everything is loaded, behind a breaker.
    """

    cache: Cache
    clock: Clock
    breaker: Breaker
    pause: Pause | None = None
    background: Background = run_inline
    _to_invalidate: dict[str, None] = field(default_factory=dict, init=False)

    async def read(self, key: str, ttl_s: float, load: Callable[[], Awaitable[T]]) -> T:
        """Return the value of a key, from the cache or by `load`."""
        try:
            await self._invalidate_late()
            found: tuple[T | None, int | None] = await self.breaker.call(lambda: self._look_up(key))
        except Unavailable:
            return await load()
        value, token = found
        if value is not None:
            return value
        if token is None:
            value = await self._others_refill(key)
            return value if value is not None else await load()
        return await self._fill(key, token, ttl_s, load)

    async def _look_up(self, key: str) -> tuple[Any | None, int | None]:
        """Return the value, or a token to refill it, or neither where another refills."""
        now_s = self.clock.now_s()
        value = await self.cache.get(key, now_s)
        return (value, None) if value is not None else (None, await self.cache.begin_fill(key, now_s))

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Drop keys; while the cache is out of reach they are remembered, and dropped before it is read."""
        self._to_invalidate.update(dict.fromkeys(keys))
        try:
            await self._invalidate_late()
        except Unavailable:
            return

    async def _invalidate_late(self) -> None:
        if self._to_invalidate:
            keys = list(self._to_invalidate)
            await self.breaker.call(lambda: self.cache.invalidate(keys))
            for key in keys:
                self._to_invalidate.pop(key, None)

    async def refresh(self, key: str, ttl_s: float, load: Callable[[], Awaitable[Any]]) -> None:
        """Refill a key in the background while its value still serves, unless somebody does already."""
        now_s = self.clock.now_s()
        try:
            token = await self.breaker.call(lambda: self.cache.begin_fill(key, now_s))
        except Unavailable:
            return
        if token is not None:
            await self.background(self._refill(key, token, ttl_s, load))

    async def _refill(self, key: str, token: int, ttl_s: float, load: Callable[[], Awaitable[Any]]) -> None:
        await self._fill(key, token, ttl_s, load)

    async def _fill(self, key: str, token: int, ttl_s: float, load: Callable[[], Awaitable[T]]) -> T:
        value = await load()
        now_s = self.clock.now_s()
        try:
            await self.breaker.call(
                lambda: self.cache.finish_fill(key, token, value, ttl_s=ttl_s, now_s=now_s)
            )
        except Unavailable:
            return value
        return value

    async def _others_refill(self, key: str) -> Any | None:
        for _ in range(_PATIENCE if self.pause is not None else 0):
            if self.pause is not None:
                await self.pause()
            value = await self.cache.get(key, self.clock.now_s())
            if value is not None:
                return value
        return None
