"""Connecting: what is said when it cannot be, and the topics that it makes."""

from __future__ import annotations

import asyncio
import socket
import time
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from adapters.kafka import KafkaSettings, connect
from adapters.kafka.naming import Names
from domain.errors import InvalidRequest, UserError
from domain.events import Topic
from tests.adapters.kafka.clusters import Cluster, event, go
from tests.adapters.kafka.mock import MOCK, mock_bootstrap
from tests.servers import server


def refusal(bootstrap: str, *, prefix: str = "test", settings: KafkaSettings = MOCK) -> str:
    with pytest.raises(UserError) as caught:
        asyncio.run(connect(bootstrap, prefix=prefix, settings=settings))
    (line,) = str(caught.value).splitlines()
    return line


def test_nobody_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{probe.getsockname()[1]}"
    began = time.monotonic()
    assert refusal(nobody).startswith(f"no Kafka broker answers at {nobody} within 3 s")
    assert time.monotonic() - began < 10


def test_something_listens_that_is_no_broker() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        where = f"127.0.0.1:{mute.getsockname()[1]}"
        quick = KafkaSettings(connect_timeout_s=0.3)
        assert f"no Kafka broker answers at {where} within 0.3 s" in refusal(where, settings=quick)


@pytest.mark.parametrize(
    "bootstrap", ["", "localhost", "localhost:", "kafka://user:secret@host:9092", "host:x", "host:1 host:2"]
)
def test_brokers_are_given_as_host_and_port(bootstrap: str) -> None:
    said = refusal(bootstrap)
    assert said == "Kafka's brokers must be given as host:port or host:port,host:port"


def test_prefixes_are_topic_names() -> None:
    assert "Kafka prefix 'a b'" in refusal(mock_bootstrap(), prefix="a b")


def test_settings_that_librdkafka_does_not_know_are_named() -> None:
    assert "no.such.setting" in refusal(
        mock_bootstrap(), settings=KafkaSettings(client={"no.such.setting": 1})
    )
    with pytest.raises(UserError, match=r"group_protocol 'fast' is none of consumer, classic"):
        KafkaSettings(group_protocol="fast")


def test_the_mock_cluster_makes_its_topics_by_itself_and_that_is_noted(mock: Cluster) -> None:
    async def scenario() -> None:
        bus = await mock.connect(partitions=2)
        assert bus.note == "the broker creates topics by itself, with 4 partitions each"
        await bus.close()

    go(scenario())


def test_topics_are_made_as_asked_used_again_and_dropped() -> None:
    cluster = Cluster(
        server("kafka"), KafkaSettings(partitions=3, max_message_bytes=2**21), f"test-{uuid4().hex}"
    )
    names = Names(cluster.prefix)
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})

    def partitions() -> dict[str, int]:
        topics = admin.list_topics(timeout=5).topics
        return {
            name: len(topic.partitions) for name, topic in topics.items() if name.startswith(cluster.prefix)
        }

    async def scenario() -> None:
        first, second = await asyncio.gather(cluster.connect(), cluster.connect())
        assert partitions() == {**dict.fromkeys(names.topics, 3), names.dead_letters: 1}
        large = event(1, note="x" * (2**21 - 5000))
        await first.publish([large])
        await first.close()
        assert second.note == ""
        await second.drop()
        await second.close()
        assert partitions() == {}

    go(scenario())


def test_a_topic_with_a_lower_limit_than_ours_refuses_large_events() -> None:
    cluster = Cluster(server("kafka"), KafkaSettings(), f"test-{uuid4().hex}")
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})

    topic = NewTopic(Names(cluster.prefix).topic(Topic.ORDERS), 1, 1, config={"max.message.bytes": "10000"})
    for made in admin.create_topics([topic]).values():
        made.result(5)

    async def scenario() -> None:
        bus = await cluster.connect()
        with pytest.raises(InvalidRequest, match="an event is larger than its topic allows"):
            await bus.publish([event(1, note="x" * 20_000)])
        await bus.publish([event(2)])
        await bus.drop()

    go(scenario())
