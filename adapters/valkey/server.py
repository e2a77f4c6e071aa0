"""The handle that all Valkey adapters share: a pool of connections, a prefix, our functions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import stamina
from valkey.asyncio import ConnectionPool
from valkey.exceptions import ResponseError

from adapters.valkey.address import Address, parse_address
from adapters.valkey.errors import (
    CLIENT_ERRORS,
    NotSent,
    is_function_missing,
    is_lost,
    login_error,
    service_error,
)
from adapters.valkey.functions import LIBRARIES, function_name, library
from adapters.valkey.settings import DEFAULT_PREFIX, ValkeySettings

Argument = bytes | str | int | float
Command = Sequence[Argument]
_SCANNED_AT_ONCE = 1000


async def connect(
    url: str, *, prefix: str = DEFAULT_PREFIX, settings: ValkeySettings | None = None
) -> ValkeyServer:
    """Connect and see to it that the server has our functions; close the handle when done.

    All keys begin with ``{prefix}:``, so markets and runs with prefixes of their own share a server. The
    braces put a prefix into one slot of a cluster: there, give the URL of the node that owns it.

    Raises:
        UserError: the URL, login or prefix cannot be used, or the server cannot serve us. Unavailable: nobody
            answers.
    """
    server = ValkeyServer(parse_address(url, prefix), settings or ValkeySettings())
    try:
        await server.load_functions()
    except (NotSent, *CLIENT_ERRORS) as error:
        await server.close()
        cause = error.__cause__ if isinstance(error, NotSent) and error.__cause__ else error
        raise login_error(cause, server.where) from error
    except BaseException:
        await server.close()
        raise
    return server


class ValkeyServer:
    """Sends commands, again where that is safe, and says in the house's errors what failed.

    `where` names the server in messages. Whoever holds a connection of its own adds a coroutine function to
    `before_close`.
    """

    def __init__(self, address: Address, settings: ValkeySettings) -> None:
        self.where = address.where
        self.settings = settings
        self.before_close: list[Callable[[], Awaitable[None]]] = []
        self._base = f"{{{address.prefix}}}:"
        self._free = asyncio.Semaphore(settings.connections)
        self._pool: Any = ConnectionPool.from_url(
            address.url,
            socket_timeout=None,  # one deadline for the whole call is cheaper, see `_once`
            socket_connect_timeout=settings.connect_timeout_s,
            socket_keepalive=True,
        )
        self._again = stamina.AsyncRetryingCaller(
            attempts=settings.attempts - 1,  # besides the first
            timeout=settings.retry_for_s,
            wait_initial=0.05,
            wait_max=0.5,
            wait_jitter=0.05,
        )

    def key(self, name: str) -> str:
        """Return the full name of a key, or of a channel."""
        return self._base + name

    async def close(self) -> None:
        """Close every connection."""
        for callback in self.before_close:
            await callback()
        with suppress(*CLIENT_ERRORS):
            await self._pool.disconnect()

    async def call(self, *command: Argument, is_repeatable: bool = False) -> Any:
        """Send one command and return its answer. Raises as `pipeline`."""
        return (await self.pipeline([command], is_repeatable=is_repeatable))[0]

    async def pipeline(self, commands: Sequence[Command], *, is_repeatable: bool = False) -> list[Any]:
        """Send commands in one go and return their answers, in order; others' commands may come in between.

        They are sent again, a few times, where no connection could be had, and, if they are repeatable, where
        the connection broke.

        Raises:
            Unavailable: the server is out of reach or too slow, or cannot serve now.
        """
        try:
            return await self._once(commands)
        except (NotSent, *CLIENT_ERRORS) as error:
            failure = error
        answers: list[Any] = await self._told(self._sent_again(failure, commands, is_repeatable))
        return answers

    async def function(
        self,
        name: str,
        key: str,
        *arguments: Argument,
        of: str,
        is_repeatable: bool = False,
        is_read: bool = False,
    ) -> Any:
        """Call a function of the library `of` with one key; load the library where the server lost it.

        Raises:
            Unavailable: as `pipeline`.
        """
        verb = "FCALL_RO" if is_read else "FCALL"
        command = (verb, function_name(name, of), 1, self._base + key, *arguments)
        try:
            return (await self.pipeline([command], is_repeatable=is_repeatable or is_read))[0]
        except ResponseError as error:
            if not is_function_missing(error):
                raise
        await self._told(self.load_functions())
        return await self.call(*command, is_repeatable=is_repeatable or is_read)

    async def load_functions(self) -> None:
        """Load our libraries where the server does not have them.

        Raises:
            NotSent, or what client or server raise.
        """
        for name in LIBRARIES:
            try:
                await self._once([("FUNCTION", "LOAD", library(name).source)])
            except ResponseError as error:
                if "already exists" not in str(error):
                    raise

    async def drop(self) -> None:
        """Delete every key of the prefix; those written meanwhile may stay.

        Raises:
            Unavailable: as `pipeline`.
        """
        cursor: Any = b"0"
        while True:
            cursor, keys = await self.call(
                "SCAN", cursor, "MATCH", f"{self._base}*", "COUNT", _SCANNED_AT_ONCE, is_repeatable=True
            )
            if keys:
                await self.call("UNLINK", *keys, is_repeatable=True)
            if cursor == b"0":
                return

    async def version(self) -> str:
        """Return the server's version. Raises as `pipeline`."""
        told = (await self.call("INFO", "server", is_repeatable=True)).decode()
        facts = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
        return str(facts.get("valkey_version") or facts["redis_version"])

    async def open_connection(self) -> Any:
        """Return a connection beside the pool, connected; the caller disconnects it.

        Raises:
            What the client raises.
        """
        connection = self._pool.make_connection()
        async with asyncio.timeout(self.settings.connect_timeout_s):
            await connection.connect()
        return connection

    async def _told(self, work: Awaitable[Any]) -> Any:
        """Await `work` and raise what callers of a store are told."""
        try:
            return await work
        except (NotSent, *CLIENT_ERRORS) as error:
            told = service_error(error, self.where)
            if told is None:
                raise
            raise told from error

    async def _sent_again(
        self, failure: BaseException, commands: Sequence[Command], is_repeatable: bool
    ) -> list[Any]:
        """Try commands again that failed once; raise the failure where that would not help or be safe."""
        if self.settings.attempts < 2 or not _may_repeat(failure, is_repeatable):
            raise failure
        return await self._again(lambda error: _may_repeat(error, is_repeatable), self._once, commands)

    async def _once(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands on a connection of the pool; the first error among the answers is raised."""
        async with asyncio.timeout(self.settings.command_timeout_s), self._free:
            try:
                connection = await self._pool.get_connection(commands[0][0])
            except CLIENT_ERRORS as error:
                raise NotSent from error
            try:
                await connection.send_packed_command(connection.pack_commands(commands))
                return await _answers(connection, len(commands))
            finally:
                await self._pool.release(connection)


async def _answers(connection: Any, count: int) -> list[Any]:
    """Read the answers to `count` commands, all of them, so that the connection can be used again."""
    answers: list[Any] = []
    refusal: ResponseError | None = None
    for _ in range(count):
        try:
            answers.append(await connection.read_response())
        except ResponseError as error:
            refusal = refusal or error
    if refusal is not None:
        raise refusal
    return answers


def _may_repeat(error: BaseException, is_repeatable: bool) -> bool:
    if isinstance(error, NotSent) and error.__cause__ is not None:
        return is_lost(error.__cause__)
    return is_repeatable and is_lost(error)
