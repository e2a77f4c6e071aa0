"""One connection per process on which all updates arrive.

The client library has sharded channels for clusters only, so their two commands are sent from here. In a
cluster an update reaches the nodes of its slot only; on a single server the channels are like any others.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import stamina
from valkey.exceptions import ConnectionError as ConnectionLost

from adapters.valkey.errors import CLIENT_ERRORS, first_line
from adapters.valkey.server import ValkeyServer
from domain.errors import Unavailable

KEPT = 1_000
"""Updates that wait for one slow reader; beyond it the oldest are dropped."""

Payloads = asyncio.Queue[bytes | None]
"""What a listener gets; None says that the connection is lost for good."""


@dataclass
class _Channel:
    """Who listens to a channel; `confirmed` is done when the server has subscribed us."""

    confirmed: asyncio.Future[None]
    queues: list[Payloads] = field(default_factory=list)


class Subscriber:
    """Passes on the payloads of channels to whoever listens here.

    A lost connection is opened anew for `reopen_for_s`, with a gap in what listeners get; then they are told.
    """

    def __init__(self, server: ValkeyServer) -> None:
        self._server = server
        self._settings = server.settings
        self._connection: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._channels: dict[bytes, _Channel] = {}
        self._unconfirmed: set[asyncio.Future[None]] = set()
        self._awaited: deque[asyncio.Future[None]] = deque()  # the server confirms in the order of asking

    async def listen(self, channel: str) -> Payloads:
        """Return a queue of the payloads that are published on a channel from now on.

        Raises:
            Unavailable: the server is out of reach or does not answer in time.
        """
        queue: Payloads = asyncio.Queue(KEPT)
        name = channel.encode()
        is_new = name not in self._channels
        if is_new:
            self._channels[name] = _Channel(self._unconfirmed_future())
        entry = self._channels[name]
        entry.queues.append(queue)
        try:
            async with asyncio.timeout(self._settings.command_timeout_s):
                if is_new:
                    await self._subscribe(name, entry)
                await asyncio.shield(entry.confirmed)
        except CLIENT_ERRORS as error:
            await self.leave(channel, queue)
            raise Unavailable(f"Valkey at {self._server.where}: {first_line(error)}") from error
        except BaseException:
            await self.leave(channel, queue)
            raise
        return queue

    async def leave(self, channel: str, queue: Payloads) -> None:
        """Stop listening."""
        name = channel.encode()
        entry = self._channels.get(name)
        if entry is None or queue not in entry.queues:
            return
        entry.queues.remove(queue)
        if not entry.queues:
            del self._channels[name]
            self._unconfirmed.discard(entry.confirmed)
            if self._connection is not None and self._connection.is_connected:
                with suppress(*CLIENT_ERRORS):  # a lost connection has no subscriptions
                    await self._connection.send_command("SUNSUBSCRIBE", name)

    async def settled(self) -> None:
        """Wait until the server has confirmed what is being subscribed to, for a while at most."""
        if self._unconfirmed:
            await asyncio.wait(set(self._unconfirmed), timeout=self._settings.command_timeout_s)

    async def close(self) -> None:
        """Close the connection; listeners are told."""
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader

    def _unconfirmed_future(self) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unconfirmed.add(future)
        future.add_done_callback(self._unconfirmed.discard)
        return future

    async def _subscribe(self, name: bytes, entry: _Channel) -> None:
        """Ask for one channel; while the connection is lost, leave that to its reopening."""
        async with self._opening:
            if self._reader is None:
                self._connection = await self._server.open_connection()
                self._reader = asyncio.create_task(self._read(self._connection))
            if self._connection is not None and self._connection.is_connected:
                await self._ask(self._connection, name, entry)

    async def _ask(self, connection: Any, name: bytes, entry: _Channel) -> None:
        self._awaited.append(entry.confirmed)
        await connection.send_command("SSUBSCRIBE", name)

    async def _read(self, connection: Any) -> None:
        """Read until the connection is lost for good or this is closed."""
        reopen = stamina.AsyncRetryingCaller(
            attempts=None,
            timeout=self._settings.reopen_for_s,
            wait_initial=0.05,
            wait_max=1.0,
            wait_jitter=0.1,
        )
        try:
            while True:
                with suppress(*CLIENT_ERRORS):
                    await self._pass_on(connection)
                async with self._opening:
                    connection = await reopen(CLIENT_ERRORS, self._reopened, connection)
        except CLIENT_ERRORS:
            return
        finally:
            await self._end()

    async def _reopened(self, lost: Any) -> Any:
        await lost.disconnect(nowait=True)
        self._connection = connection = await self._server.open_connection()
        self._awaited.clear()
        for name, entry in list(self._channels.items()):
            await self._ask(connection, name, entry)
        return connection

    async def _pass_on(self, connection: Any) -> None:
        """Hand out what arrives.

        Raises:
            ConnectionLost, or what else the client raises: nothing comes any more.
        """
        is_probed = False
        while True:
            message = await connection.read_response(timeout=self._settings.quiet_s)
            if message is None and is_probed:
                raise ConnectionLost("no sign of life")
            is_probed = message is None
            if is_probed:
                await connection.send_command("PING")
            elif isinstance(message, list):
                self._take(message)

    def _take(self, message: list[Any]) -> None:
        kind, name, content = message[0], message[1], message[-1]
        if kind == b"smessage" and name in self._channels:
            for queue in self._channels[name].queues:
                _put(queue, content)
        elif kind == b"ssubscribe" and self._awaited:
            confirmed = self._awaited.popleft()
            if not confirmed.done():
                confirmed.set_result(None)

    async def _end(self) -> None:
        """Leave everything as it was at first; tell listeners."""
        connection, channels = self._connection, self._channels
        self._connection, self._reader, self._channels = None, None, {}
        self._awaited.clear()
        self._unconfirmed.clear()
        for entry in channels.values():
            for queue in entry.queues:
                _put(queue, None)
        if connection is not None:
            with suppress(*CLIENT_ERRORS):
                await connection.disconnect()


def _put(queue: Payloads, content: bytes | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(content)
