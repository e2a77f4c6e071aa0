"""A producer that waits for the broker's acknowledgement without holding up the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from adapters.kafka.errors import unavailable
from adapters.kafka.messages import Outgoing, Position, position_of
from domain.errors import InvalidRequest

POLL_S = 0.1
FULL_QUEUE_WAIT_S = 0.005

Report = Callable[[KafkaError | None, Message], None]


class AckedProducer:
    """An idempotent producer; a thread of its own takes the broker's acknowledgements."""

    def __init__(self, config: dict[str, Any], *, bootstrap: str, timeout_s: float) -> None:
        self._producer = Producer(config)
        self._bootstrap = bootstrap
        self._timeout_s = timeout_s
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="kafka acknowledgements", daemon=True)
        self._thread.start()

    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Send messages, those of one key in order; return when they are acknowledged.

        Raises:
            Unavailable: not all were acknowledged in time; whether any of them were written is unknown.
            InvalidRequest: one is larger than the topic allows.
        """
        acks = _Acks(len(messages))
        for message in messages:
            if not self._is_queued(message, acks.count):
                await self._wait_for_room(message, acks.count)
        await self._finish(acks)

    async def send_located(self, messages: Sequence[Outgoing]) -> list[Position]:
        """Send messages as `send`; return where they lie, in input order."""
        acks = _LocatedAcks(len(messages))
        for index, message in enumerate(messages):
            report = partial(acks.locate, index)
            if not self._is_queued(message, report):
                await self._wait_for_room(message, report)
        await self._finish(acks)
        return acks.positions

    async def close(self) -> None:
        """Send what is unsent, within the timeout, and end the thread."""
        self._is_closing.set()
        await asyncio.to_thread(self._thread.join)

    def _is_queued(self, message: Outgoing, report: Report) -> bool:
        """Give librdkafka a message; tell whether it had room for it."""
        try:
            self._producer.produce(
                message.topic, message.value, message.key, on_delivery=report, headers=message.headers
            )
        except BufferError:
            return False
        except KafkaException as error:
            raise unavailable(self._bootstrap, error) from error
        return True

    async def _wait_for_room(self, message: Outgoing, report: Report) -> None:
        until = time.monotonic() + self._timeout_s
        while not self._is_queued(message, report):
            if time.monotonic() > until:
                raise unavailable(self._bootstrap, "too many events wait to be sent")
            await asyncio.sleep(FULL_QUEUE_WAIT_S)

    async def _finish(self, acks: _Acks) -> None:
        if acks.expected:
            await acks.future
        if acks.error is None:
            return
        if acks.error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            raise InvalidRequest(f"Kafka at {self._bootstrap}: an event is larger than its topic allows")
        raise unavailable(self._bootstrap, acks.error)

    def _serve(self) -> None:
        while not self._is_closing.is_set():
            self._producer.poll(POLL_S)
        self._producer.flush(self._timeout_s)


class _Acks:
    """Counts the broker's reports on one batch, in the producer's thread; then `future` is done."""

    def __init__(self, expected: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[None] = self._loop.create_future()
        self.expected = expected
        self.error: KafkaError | None = None
        self._left = expected

    def count(self, error: KafkaError | None, _: Message) -> None:
        """Take a report."""
        if error is not None:
            self.error = error
        self._left -= 1
        if not self._left:
            with suppress(RuntimeError):  # the loop has been closed: nobody waits
                self._loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


class _LocatedAcks(_Acks):
    """Keeps where the messages lie, too."""

    def __init__(self, expected: int) -> None:
        super().__init__(expected)
        self.positions = [Position("", -1, -1)] * expected

    def locate(self, index: int, error: KafkaError | None, message: Message) -> None:
        """Take the report on the message `index`."""
        if error is None:
            self.positions[index] = position_of(message)
        self.count(error, message)
