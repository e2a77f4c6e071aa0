"""Closing a consumer, even one whose broker is gone."""

from __future__ import annotations

import threading

from confluent_kafka import Consumer

from adapters.kafka.settings import log

CLOSE_TIMEOUT_S = 3.0


def close_consumer(consumer: Consumer) -> None:
    """Commit what is stored and leave the group; without a broker, give up after `CLOSE_TIMEOUT_S`.

    librdkafka has no such limit: it waits for the broker for most of a minute. The group then notices by
    itself that the member is gone, and what was not committed comes again.
    """
    closing = threading.Thread(target=consumer.close, name="kafka closing", daemon=True)
    closing.start()
    closing.join(CLOSE_TIMEOUT_S)
    if closing.is_alive():
        log.warning("a Kafka consumer was left without its last commit: the broker does not answer")
