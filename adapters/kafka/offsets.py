"""Where topics end, and how far groups have come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import stamina
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from adapters.kafka.errors import unavailable
from adapters.kafka.messages import Offsets

ATTEMPTS = 5
RETRY_S = 0.05
PASSING = {
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
}
"""Refusals of the moment, after a topic has come into being or a partition has changed its leader."""

_END = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # confluent-kafka's, untyped
_START = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # the same


class OffsetReader:
    """Asks the brokers (uncached). Raises Unavailable where they do not answer in time."""

    def __init__(self, admin: AdminClient, *, bootstrap: str, timeout_s: float) -> None:
        self._admin = admin
        self._bootstrap = bootstrap
        self._timeout_s = timeout_s
        self._retrying = stamina.AsyncRetryingCaller(
            attempts=ATTEMPTS, wait_initial=RETRY_S, wait_jitter=RETRY_S, timeout=timeout_s
        ).on(_is_passing)

    async def ends(self, topics: Iterable[str]) -> Offsets:
        """Return the high watermarks of every partition of topics."""
        return await self._listed(topics, _END)

    async def starts(self, topics: Iterable[str]) -> Offsets:
        """Return the oldest offsets of every partition of topics."""
        return await self._listed(topics, _START)

    async def committed(self, group_id: str, offsets: Offsets) -> Offsets:
        """Return what a group has committed in the partitions of `offsets`; there itself if nothing."""
        asked = ConsumerGroupTopicPartitions(group_id, [TopicPartition(*where) for where in offsets])
        try:
            found = await self._retrying(self._group_offsets, asked)
        except KafkaException as error:
            raise unavailable(self._bootstrap, error) from error
        known = [one for one in found.topic_partitions or () if one.offset >= 0]
        return offsets | {(one.topic, one.partition): one.offset for one in known}

    async def _listed(self, topics: Iterable[str], spec: OffsetSpec) -> Offsets:
        try:
            return await self._retrying(self._list, topics, spec)
        except KafkaException as error:
            raise unavailable(self._bootstrap, error) from error

    async def _group_offsets(self, asked: ConsumerGroupTopicPartitions) -> ConsumerGroupTopicPartitions:
        futures = self._admin.list_consumer_group_offsets([asked], request_timeout=self._timeout_s)
        return await asyncio.wrap_future(futures[asked.group_id])

    async def _list(self, topics: Iterable[str], spec: OffsetSpec) -> Offsets:
        cluster = await asyncio.to_thread(self._admin.list_topics, timeout=self._timeout_s)
        asked = {
            TopicPartition(topic, partition): spec
            for topic in topics
            for partition in cluster.topics[topic].partitions
        }
        futures = self._admin.list_offsets(asked, request_timeout=self._timeout_s)
        found = await asyncio.gather(*map(asyncio.wrap_future, futures.values()))
        return {(at.topic, at.partition): one.offset for at, one in zip(futures, found, strict=True)}


def _is_passing(error: Exception) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in PASSING
