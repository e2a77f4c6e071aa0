"""Closing a consumer, even one whose broker is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from confluent_kafka import Consumer

from adapters.kafka.settings import log

CLOSE_TIMEOUT_S = 3.0
_POLL_S = 0.05


def close_consumer(consumer: Consumer) -> None:
    """Commit what is stored; without a broker, give up after `CLOSE_TIMEOUT_S`.

    librdkafka has no such limit: it waits for the broker for most of a minute. What was not committed comes
    again.
    """
    _in_time(consumer.close)


def leave_group(consumer: Consumer) -> None:
    """Close a member of a group, likewise; a group whose broker is gone notices by itself.

    It gives its partitions back first, so that none are taken away while it closes: being told of that within
    `close`, librdkafka may wait for itself for ever, with Python's lock in its hand
    (confluentinc/librdkafka issue 4041).
    """

    def leave() -> None:
        until = monotonic() + CLOSE_TIMEOUT_S / 2.0
        consumer.unsubscribe()
        consumer.poll(_POLL_S)
        while consumer.assignment() and monotonic() < until:
            consumer.poll(_POLL_S)
        consumer.close()

    _in_time(leave)


def _in_time(close: Callable[[], None]) -> None:
    closing = threading.Thread(target=close, name="kafka closing", daemon=True)
    closing.start()
    closing.join(CLOSE_TIMEOUT_S)
    if closing.is_alive():
        log.warning("a Kafka consumer was left without its last commit: the broker does not answer")
