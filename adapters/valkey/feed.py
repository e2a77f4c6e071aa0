"""The live feed on Valkey's sharded channels: one channel per order or driver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from adapters.valkey.server import ValkeyServer
from adapters.valkey.subscriber import Subscriber
from adapters.valkey.updates import channel, pack, unpack
from domain.errors import Unavailable
from domain.feed import Subject, Update

_AT_ONCE = 500


class ValkeyFeed:
    """Updates between processes (implements domain.ports.LiveFeed).

    Watching begins with the first wait for an update. A watcher who falls behind by 1,000 updates loses the
    oldest; when the server is lost for good, watchers are told by `Unavailable`.
    """

    def __init__(self, server: ValkeyServer) -> None:
        self._server = server
        self._subscriber = Subscriber(server)
        server.before_close.append(self._subscriber.close)

    def is_heard(self) -> bool:
        """Return true: watchers may be in other processes."""
        return True

    async def publish(self, updates: Sequence[Update]) -> None:
        """Send updates to whoever watches their subjects; those who began to wait in this process get them.

        Raises:
            TypeError: data that are not plain values.
        """
        commands = [
            ("SPUBLISH", self._server.key(channel(one.subject, one.id)), pack(one)) for one in updates
        ]
        await self._subscriber.settled()
        for first in range(0, len(commands), _AT_ONCE):
            await self._server.pipeline(commands[first : first + _AT_ONCE])

    def watch(self, subject: Subject, number: int) -> AsyncIterator[Update]:
        """Yield the updates of one order or driver from now on.

        Raises:
            Unavailable: while waiting, where the server is out of reach.
        """
        return self._updates(subject, number)

    async def _updates(self, subject: Subject, number: int) -> AsyncIterator[Update]:
        name = self._server.key(channel(subject, number))
        queue = await self._subscriber.listen(name)
        try:
            while (payload := await queue.get()) is not None:
                yield unpack(subject, number, payload)
            raise Unavailable(f"Valkey at {self._server.where}: the connection for updates is lost")
        finally:
            await self._subscriber.leave(name, queue)
