"""A wire to a server that can be cut: a TCP proxy on a port of its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit


class Wire:
    """Passes bytes on. `cut` breaks what is connected and refuses more; `freeze` swallows all bytes."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._parts, self._target = parts, (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self._port = 0
        self._is_frozen = False

    @property
    def url(self) -> str:
        """The URL by way of this wire."""
        login = self._parts.netloc.rpartition("@")[0]
        return urlunsplit(self._parts._replace(netloc=f"{login}@127.0.0.1:{self._port}"))

    async def mend(self) -> None:
        """Listen, on the same port as before."""
        self._is_frozen = False
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self, *, refuses: bool = True) -> None:
        """Break every connection; without `refuses`, new ones are welcome."""
        if refuses and self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        await asyncio.sleep(0.05)  # the other ends notice

    def freeze(self) -> None:
        """Let no byte through any more, and close nothing."""
        self._is_frozen = True

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            server_reader, server_writer = await asyncio.open_connection(*self._target)
            self._writers += [writer, server_writer]
            await asyncio.gather(self._pump(reader, server_writer), self._pump(server_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if not self._is_frozen:
                    writer.write(data)
                    await writer.drain()
        writer.close()
