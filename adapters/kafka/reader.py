"""A group's consumer in lockstep: it reads exactly what was published."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from adapters.kafka.closing import close_consumer
from adapters.kafka.errors import unavailable
from adapters.kafka.messages import Offsets, Position, Where, ends_of, position_of

SLICE_S = 0.25


class GroupReader:
    """Reads every partition of its topics, without sharing them; all calls block, and are one thread's.

    It begins at the offsets that `add` gives; those in `done` need not come again, and are committed soon.
    Raises Unavailable where the broker does not answer in time.
    """

    def __init__(self, config: dict[str, Any], *, bootstrap: str, timeout_s: float) -> None:
        self._consumer = Consumer(config)
        self._bootstrap = bootstrap
        self._timeout_s = timeout_s
        self._next: Offsets = {}
        self.done: Offsets = {}
        self._inbox: defaultdict[Where, deque[tuple[int, Message]]] = defaultdict(deque)

    def add(self, starts: Offsets) -> None:
        """Read these partitions, too, from these offsets on; up to there all counts as handled."""
        parts = [TopicPartition(*where, offset) for where, offset in starts.items()]
        try:
            self._consumer.incremental_assign(parts)
            self._consumer.store_offsets(offsets=parts)
        except KafkaException as error:
            raise unavailable(self._bootstrap, error) from error
        self._next |= starts
        self.done |= starts

    def take(self, wanted: list[Position]) -> list[Message]:
        """Return the messages at `wanted`, ascending in each partition, in that order; skip all before."""
        self._read(ends_of(wanted))
        return [self._pop(position) for position in wanted]

    def handled(self, done: list[Position]) -> None:
        """Note that the messages at `done`, ascending in each partition, need not come again."""
        ends = ends_of(done)
        self._consumer.store_offsets(offsets=[TopicPartition(*where, end) for where, end in ends.items()])
        self.done |= ends

    def close(self) -> None:
        """Commit what is handled and end."""
        close_consumer(self._consumer)

    def _read(self, ends: Offsets) -> None:
        until, trouble = time.monotonic() + self._timeout_s, "what was published cannot be read back in time"
        while missing := sum(max(0, end - self._next[where]) for where, end in ends.items()):
            if time.monotonic() > until:
                raise unavailable(self._bootstrap, trouble)
            for message in self._consumer.consume(missing, SLICE_S):
                error = message.error()
                if error is not None:
                    trouble = error.str()
                    continue
                position = position_of(message)
                self._inbox[position.where].append((position.offset, message))
                self._next[position.where] = position.offset + 1

    def _pop(self, position: Position) -> Message:
        inbox = self._inbox[position.where]
        while inbox and inbox[0][0] < position.offset:  # somebody else's
            inbox.popleft()
        if not inbox or inbox[0][0] != position.offset:
            raise unavailable(self._bootstrap, f"{position} has been dropped")
        return inbox.popleft()[1]
