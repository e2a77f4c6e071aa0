"""librdkafka's mock cluster, in this process: one per session."""

from __future__ import annotations

from functools import cache

from confluent_kafka import Producer

from adapters.kafka import KafkaSettings

MOCK = KafkaSettings(fetch_wait_s=0.005)
"""Its brokers hold every fetch back for the whole of that time."""


@cache
def _owner() -> Producer:
    """Return the producer in which the cluster lives."""
    return Producer({"test.mock.num.brokers": 1, "log_level": 3})


def mock_bootstrap() -> str:
    """Return where the cluster listens."""
    (broker,) = _owner().list_topics(timeout=5).brokers.values()
    return f"{broker.host}:{broker.port}"
