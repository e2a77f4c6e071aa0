"""A consumer that shares its group's partitions with other processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from adapters.kafka.closing import leave_group
from adapters.kafka.errors import unavailable
from adapters.kafka.messages import Offsets
from adapters.kafka.settings import log

POLL_S = 0.2

T = TypeVar("T")


class GroupMember:
    """Fetches messages and keeps those `in_hand` that are not handled yet, by topic, oldest first.

    A rebalance that takes a partition away takes its messages out of the hand: another member gets them. The
    offsets in `done`, of partitions that are this member's, are committed soon.

    librdkafka's calls block, so a thread of its own makes them, one at a time.
    """

    def __init__(self, config: dict[str, Any], topics: Sequence[str], *, bootstrap: str, batch: int) -> None:
        self.in_hand: dict[str, list[Message]] = {topic: [] for topic in topics}
        self.done: Offsets = {}
        self._consumer = Consumer(config)
        self._bootstrap = bootstrap
        self._batch = batch
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka member")
        self._consumer.subscribe(list(topics), on_revoke=self._lose, on_lost=self._lose)

    def holding(self) -> int:
        """Return how many messages are in hand."""
        return sum(map(len, self.in_hand.values()))

    async def fetch(self) -> None:
        """Wait for messages a little while; take what has come, at most a batch."""
        await self._in_thread(self._fetch)

    async def wait(self, wait_s: float, is_over: Callable[[], bool]) -> None:
        """Wait without fetching, until `is_over`; the group still counts this member in."""
        until = time.monotonic() + wait_s
        while (left_s := until - time.monotonic()) > 0 and not is_over():
            await self._in_thread(self._idle, min(left_s, POLL_S))
        await self._in_thread(self._resume)

    def handled(self, topic: str, count: int) -> None:
        """Let go of the oldest `count` messages in hand of a topic: they need not come again."""
        done, self.in_hand[topic] = self.in_hand[topic][:count], self.in_hand[topic][count:]
        # in each partition offsets ascend, so the last one stays
        last = {cast("int", message.partition()): cast("int", message.offset()) for message in done}
        for partition, offset in last.items():
            try:
                self._consumer.store_offsets(offsets=[TopicPartition(topic, partition, offset + 1)])
            except KafkaException as error:  # the partition went to another member, who gets them again
                log.info("%s %d: %s", topic, partition, error.args[0].str())
            else:
                self.done[topic, partition] = offset + 1

    async def close(self) -> None:
        """Commit what is handled and leave the group."""
        await self._in_thread(leave_group, self._consumer)
        self._thread.shutdown()

    def _fetch(self) -> None:
        # `consume` waits until it has a whole batch: so poll for the first message, and take what is there.
        first = self._consumer.poll(POLL_S)
        if first is not None:
            self._take([first, *self._consumer.consume(self._batch - 1, 0)])

    def _idle(self, wait_s: float) -> None:
        self._consumer.pause(self._consumer.assignment())
        message = self._consumer.poll(wait_s)
        if message is not None:  # of a partition that a rebalance has just brought
            self._take([message])

    def _resume(self) -> None:
        self._consumer.resume(self._consumer.assignment())

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            error = message.error()
            if error is None:
                self.in_hand[cast("str", message.topic())].append(message)
            elif error.fatal():
                raise unavailable(self._bootstrap, error)
            else:  # librdkafka tries again
                log.warning("Kafka at %s: %s", self._bootstrap, error.str())

    def _lose(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        lost = {(one.topic, one.partition) for one in partitions}
        for topic, messages in self.in_hand.items():
            self.in_hand[topic] = [one for one in messages if (topic, one.partition()) not in lost]
        self.done = {where: end for where, end in self.done.items() if where not in lost}

    async def _in_thread(self, call: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)
