"""A pool of connections, each lent to one call at a time.

The driver's own pool gives a connection back by a task of its own and some turns of the event loop: that is a
third of the CPU time that a call costs the client (docs/decisions/0007-postgres.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg

from adapters.postgres.errors import SERVER_ERRORS, NotSent
from domain.errors import ServiceError

Work = Callable[[Any], Awaitable[Any]]
"""What is done with one connection; it leaves no transaction open and no setting changed."""

CLOSING_S = 1.0
_HARMLESS = (asyncpg.PostgresError, ServiceError)  # the server refused, or we did: the connection is sound


class Lender:
    """At most `connections` at a time, opened when needed and kept; the latest used goes out first."""

    def __init__(
        self, open_connection: Callable[[], Awaitable[Any]], *, connections: int, timeout_s: float
    ) -> None:
        self._open = open_connection
        self._connections = connections
        self._timeout_s = timeout_s
        self._free = asyncio.Semaphore(connections)
        self._idle: list[Any] = []
        self._is_closed = False

    async def do(self, work: Work) -> Any:
        """Do `work` with a connection; raises what it raises.

        Raises:
            NotSent: no connection could be had; its cause says why.
        """
        await self._wait()
        try:
            connection = await self._take()
            try:
                result = await work(connection)
            except _HARMLESS:
                await self._keep(connection)
                raise
            except BaseException:  # cancelled, too late, broken: nobody knows what the connection is at
                await _discard(connection)
                raise
            await self._keep(connection)
            return result
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close every connection; calls under way end first. Whoever calls later is NotSent."""
        self._is_closed = True
        for _ in range(self._connections):
            await self._free.acquire()
        try:
            while self._idle:
                await _discard(self._idle.pop())
        finally:
            for _ in range(self._connections):
                self._free.release()

    async def _wait(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._free.acquire()
        except TimeoutError as error:
            raise NotSent from error

    async def _take(self) -> Any:
        try:
            if self._is_closed:
                raise ConnectionError("the connections are closed")
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    return connection
            return await self._open()
        except SERVER_ERRORS as error:
            raise NotSent from error

    async def _keep(self, connection: Any) -> None:
        if connection.is_closed() or connection.is_in_transaction():
            await _discard(connection)
        else:
            self._idle.append(connection)


async def _discard(connection: Any) -> None:
    """Close a connection; a statement still running on it is cancelled first."""
    with suppress(*SERVER_ERRORS):
        await connection.close(timeout=CLOSING_S)
