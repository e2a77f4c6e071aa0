"""Kafka's errors as the project's."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException

from domain.errors import Unavailable


def unavailable(bootstrap: str, error: KafkaError | KafkaException | str) -> Unavailable:
    """Return the error of a broker that is out of reach, refuses, or does not answer in time: one line."""
    reason = error.args[0] if isinstance(error, KafkaException) else error
    reason = reason.str() if isinstance(reason, KafkaError) else str(reason)
    return Unavailable(f"Kafka at {bootstrap}: {' '.join(reason.split())}")
