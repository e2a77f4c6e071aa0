"""How the bus talks to Kafka: sizes, waits, and the librdkafka settings that follow from them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import UserError

log = logging.getLogger("adapters.kafka")
log.addHandler(logging.NullHandler())  # librdkafka's messages go to whoever set logging up, else nowhere

SOCKET_TIMEOUT_S = 10.0
DEAD_LETTER_BYTES = 16_384  # of room for what is told of a dead letter, beside the message
PROTOCOLS = ("consumer", "classic")
FETCH_BACKOFF_MS = 10  # librdkafka's default of a second halves what a consumer gets through


@dataclass(frozen=True, kw_only=True, slots=True)
class KafkaSettings:
    """Settings of a `KafkaBus`; times in seconds.

    `partitions`: of each new topic; None is 1 in lockstep, where each costs a request, and 4 otherwise.
    `max_message_bytes`: the largest event, as JSON. `linger_s`: how long an event waits for company.
    `fetch_wait_s`: how long a broker may hold a fetch back for want of events (one that has events answers at
    once; librdkafka's mock cluster does not, so lower it there). `group_protocol`: "consumer" (KIP-848) needs
    Kafka 4, "classic" works everywhere and rebalances more slowly. `client`: further librdkafka settings of
    every client, such as `security.protocol`.

    A publish gives up after `publish_timeout_s`, and in lockstep the consuming of what was published after
    `read_timeout_s`.

    `batch`: the most events that a handler gets at once. An event whose handler fails is given to it
    `attempts` times in all, `retry_s` apart, doubling, at most `retry_max_s`; then it is a dead letter. While
    a handler raises Unavailable its group waits `pause_s`, doubling, at most `pause_max_s`, for as long as it
    takes. Offsets of handled events are committed every `commit_s`.
    """

    partitions: int | None = None
    max_message_bytes: int = 8 * 2**20
    linger_s: float = 0.001
    fetch_wait_s: float = 0.5
    group_protocol: str = "consumer"
    client: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    connect_timeout_s: float = 3.0
    publish_timeout_s: float = 5.0
    read_timeout_s: float = 10.0
    batch: int = 500
    attempts: int = 3
    retry_s: float = 0.05
    retry_max_s: float = 1.0
    pause_s: float = 0.2
    pause_max_s: float = 5.0
    commit_s: float = 0.2

    def __post_init__(self) -> None:
        if self.group_protocol not in PROTOCOLS:
            raise UserError(f"group_protocol {self.group_protocol!r} is none of {', '.join(PROTOCOLS)}")

    def common(self, bootstrap: str) -> dict[str, Any]:
        """Return what every client is configured with."""
        return {
            "bootstrap.servers": bootstrap,
            "logger": log,
            "socket.timeout.ms": _ms(max(SOCKET_TIMEOUT_S, self.fetch_wait_s + 1.0)),
            "socket.connection.setup.timeout.ms": _ms(SOCKET_TIMEOUT_S),
            "reconnect.backoff.max.ms": 1000,
            **self.client,
        }

    def producer(self, bootstrap: str, *, is_lockstep: bool) -> dict[str, Any]:
        """Return the configuration of the producer."""
        return {
            **self.common(bootstrap),
            "enable.idempotence": True,
            "acks": "all",
            # The partition of a key as the Java clients choose it.
            "partitioner": "murmur2_random",
            "linger.ms": 0 if is_lockstep else 1000 * self.linger_s,
            "message.timeout.ms": _ms(self.publish_timeout_s),
            "message.max.bytes": self.max_message_bytes + DEAD_LETTER_BYTES,
        }

    def consumer(self, bootstrap: str, group_id: str) -> dict[str, Any]:
        """Return the configuration of a group's consumer; it commits the offsets that are stored."""
        return {
            **self.common(bootstrap),
            "group.id": group_id,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": True,
            "auto.commit.interval.ms": _ms(self.commit_s),
            "enable.auto.offset.store": False,
            "fetch.queue.backoff.ms": FETCH_BACKOFF_MS,
            "fetch.wait.max.ms": _ms(self.fetch_wait_s),
        }

    def member(self, bootstrap: str, group_id: str) -> dict[str, Any]:
        """Return the configuration of a consumer that shares its group's partitions with others."""
        config = {**self.consumer(bootstrap, group_id), "group.protocol": self.group_protocol}
        if self.group_protocol == "classic":
            config["partition.assignment.strategy"] = "cooperative-sticky"
        return config


def _ms(seconds: float) -> int:
    return max(1, round(1000 * seconds))
