"""Serving: a background loop per group, at least once, with dead letters."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

import stamina
from confluent_kafka import Message

from adapters.kafka.codec import decode
from adapters.kafka.member import GroupMember
from adapters.kafka.messages import Headers, Outgoing, position_of
from adapters.kafka.naming import Names
from adapters.kafka.producing import AckedProducer
from adapters.kafka.settings import KafkaSettings, log
from domain.errors import Unavailable
from domain.events import Topic
from domain.ports import Handler

ERROR_LENGTH = 2000


class GroupLoop:
    """Gives a group's events to its handlers.

    A batch that fails is given again, event by event; an event that fails `attempts` times, or that cannot be
    decoded, goes to the dead letters, and the group goes on. Where a handler raises Unavailable, what it
    depends on is down: the group waits and tries again, for as long as it takes.
    """

    def __init__(
        self,
        group: str,
        handlers: Mapping[Topic, Handler],
        *,
        member: GroupMember,
        producer: AckedProducer,
        names: Names,
        settings: KafkaSettings,
    ) -> None:
        self.member = member
        self.group = group
        self._handlers = handlers
        self._producer = producer
        self._names = names
        self._settings = settings
        self._is_waiting = False
        self._retrying = stamina.AsyncRetryingCaller(
            attempts=settings.attempts,
            wait_initial=settings.retry_s,
            wait_max=settings.retry_max_s,
            wait_jitter=settings.retry_s,
            timeout=None,
        ).on(_is_of_the_event)

    async def run(self, stop: asyncio.Event) -> None:
        """Fetch and hand out until `stop` is set; then leave the group. What is not handled comes again.

        Raises:
            Unavailable: librdkafka has given the consumer up.
        """
        pause_s = self._settings.pause_s
        try:
            while not stop.is_set():
                if not self.member.holding():
                    await self.member.fetch()
                try:
                    await self._hand_out_all(stop)
                except Unavailable as error:
                    self._is_waiting = True
                    log.warning("group %r waits %.1f s: %s", self.group, pause_s, error)
                    await self.member.wait(pause_s, stop.is_set)
                    pause_s = min(2 * pause_s, self._settings.pause_max_s)
                else:
                    self._is_waiting = False
                    pause_s = self._settings.pause_s
        finally:
            await self.member.close()

    def backlog(self) -> int:
        """Return how many events wait here for a handler that was unavailable."""
        return self.member.holding() if self._is_waiting else 0

    async def _hand_out_all(self, stop: asyncio.Event) -> None:
        for name, messages in list(self.member.in_hand.items()):
            if messages:
                await self._hand_out(name, messages, stop)

    async def _hand_out(self, name: str, messages: Sequence[Message], stop: asyncio.Event) -> None:
        topic = self._names.topics[name]
        try:
            await self._handlers[topic]([decode(topic, message.value()) for message in messages])
        except Unavailable:
            raise
        except Exception as error:
            log.warning("group %r, %d events of %s: %r", self.group, len(messages), topic, error)
            for message in messages:
                if stop.is_set():
                    return
                await self._hand_out_one(topic, message)
                self.member.handled(name, 1)
        else:
            self.member.handled(name, len(messages))

    async def _hand_out_one(self, topic: Topic, message: Message) -> None:
        try:
            await self._retrying(self._handlers[topic], [decode(topic, message.value())])
        except Unavailable:
            raise
        except Exception as error:
            log.error("group %r gives up on offset %s of %s: %r", self.group, message.offset(), topic, error)
            await self._producer.send([self._dead_letter(message, error)])

    def _dead_letter(self, message: Message, error: Exception) -> Outgoing:
        """Return the message as it came, with where it lay and what went wrong among its headers."""
        position = position_of(message)
        told = {
            "original-topic": position.topic,
            "original-partition": str(position.partition),
            "original-offset": str(position.offset),
            "group": self.group,
            "error": f"{type(error).__name__}: {error}"[:ERROR_LENGTH],
        }
        headers = cast("Headers", message.headers() or [])  # a list of pairs, as all that is received
        return Outgoing(self._names.dead_letters, message.key(), message.value(), [*headers, *told.items()])


def _is_of_the_event(error: Exception) -> bool:
    """Tell whether an error may be due to the event, not to a store that is down."""
    return not isinstance(error, Unavailable)
