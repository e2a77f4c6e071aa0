"""What is sent, and where messages lie on the broker."""

from __future__ import annotations

from typing import NamedTuple, cast

from confluent_kafka import Message

Headers = list[tuple[str, str | bytes | None]]

Where = tuple[str, int]
"""A topic's name on the broker, and a partition of it."""

Offsets = dict[Where, int]
"""An offset per partition."""


class Outgoing(NamedTuple):
    """A message to be sent."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


class Position(NamedTuple):
    """Where one message lies."""

    topic: str
    partition: int
    offset: int

    @property
    def where(self) -> Where:
        """The partition."""
        return self.topic, self.partition


def position_of(message: Message) -> Position:
    """Return where a message lies that is on a broker; so it has a topic, a partition and an offset."""
    return Position(
        cast("str", message.topic()), cast("int", message.partition()), cast("int", message.offset())
    )


def ends_of(positions: list[Position]) -> Offsets:
    """Return the offsets after `positions`, which ascend in each partition."""
    return {position.where: position.offset + 1 for position in positions}
