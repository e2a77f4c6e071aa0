"""The first contact with a broker, and the making and deleting of topics."""

from __future__ import annotations

import re
import time

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, ClusterMetadata, NewTopic, TopicMetadata

from adapters.kafka.errors import unavailable
from adapters.kafka.naming import Names
from adapters.kafka.settings import DEAD_LETTER_BYTES, KafkaSettings, log
from domain.errors import UserError

POLL_S = 0.05
BROKERS_DEFAULT = -1  # as replication factor


def check_bootstrap(bootstrap: str) -> None:
    """Refuse what is no list of brokers (UserError)."""
    brokers = bootstrap.split(",")
    if not all(re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:/@\[\]]+):[0-9]{1,5}", one) for one in brokers):
        raise UserError("Kafka's brokers must be given as host:port or host:port,host:port")


def open_cluster(bootstrap: str, settings: KafkaSettings) -> tuple[AdminClient, ClusterMetadata]:
    """Return a client and what the brokers tell of themselves.

    Raises:
        UserError: none answers in time, or the settings are not librdkafka's.
    """
    try:
        admin = AdminClient(settings.common(bootstrap))
        return admin, admin.list_topics(timeout=settings.connect_timeout_s)
    except KafkaException as error:
        found: KafkaError = error.args[0]
        if found.code() == KafkaError._INVALID_ARG:
            raise UserError(f"Kafka's settings: {found.str()}") from error
        raise UserError(
            f"no Kafka broker answers at {bootstrap} within {settings.connect_timeout_s:g} s ({found.str()})"
        ) from error


def make_topics(
    admin: AdminClient, cluster: ClusterMetadata, names: Names, bootstrap: str, settings: KafkaSettings
) -> str:
    """Create the prefix's missing topics; return a note where the broker did not do as it was asked.

    Raises:
        UserError: the broker refuses, or they do not come into being in time.
    """
    wanted = {**dict.fromkeys(names.topics, settings.partitions or 1), names.dead_letters: 1}
    missing = {name: count for name, count in wanted.items() if name not in cluster.topics}
    if not missing:
        return ""
    try:
        if _has_controller(cluster):
            _create(admin, missing, names, settings)
            _await_topics(admin, list(missing), bootstrap, settings)
            return ""
        return _ask_for(list(missing), admin, bootstrap, settings)
    except KafkaException as error:
        raise UserError(f"Kafka at {bootstrap} does not make topics: {error.args[0].str()}") from error


def delete_topics(admin: AdminClient, names: Names, bootstrap: str, timeout_s: float) -> None:
    """Delete the prefix's topics with all that they hold; the mock cluster keeps them.

    Raises:
        Unavailable: the broker does not answer, or refuses.
    """
    try:
        cluster = admin.list_topics(timeout=timeout_s)
        there = [name for name in (*names.topics, names.dead_letters) if name in cluster.topics]
        if there and _has_controller(cluster):
            timeouts = {"operation_timeout": timeout_s, "request_timeout": timeout_s}
            for gone in admin.delete_topics(there, **timeouts).values():
                gone.result()
    except KafkaException as error:
        raise unavailable(bootstrap, error) from error


def _has_controller(cluster: ClusterMetadata) -> bool:
    """Tell whether topics can be made and deleted; not in librdkafka's mock cluster."""
    return cluster.controller_id in cluster.brokers


def _create(admin: AdminClient, missing: dict[str, int], names: Names, settings: KafkaSettings) -> None:
    topics = []
    for name, count in missing.items():
        extra = DEAD_LETTER_BYTES if name == names.dead_letters else 0
        config = {"max.message.bytes": str(settings.max_message_bytes + extra)}
        topics.append(NewTopic(name, count, BROKERS_DEFAULT, config=config))
    timeout_s = settings.connect_timeout_s
    for made in admin.create_topics(topics, operation_timeout=timeout_s, request_timeout=timeout_s).values():
        try:
            made.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was first
                raise


def _ask_for(missing: list[str], admin: AdminClient, bootstrap: str, settings: KafkaSettings) -> str:
    """Make the mock cluster create topics, as it does when a producer asks for them; return the note."""
    asking = Producer(settings.common(bootstrap))
    for name in missing:
        asking.list_topics(name, timeout=settings.connect_timeout_s)
    cluster = _await_topics(admin, missing, bootstrap, settings)
    partitions = max(len(cluster.topics[name].partitions) for name in missing)
    note = f"the broker creates topics by itself, with {partitions} partitions each"
    log.info("Kafka at %s: %s", bootstrap, note)
    return note


def _await_topics(
    admin: AdminClient, topics: list[str], bootstrap: str, settings: KafkaSettings
) -> ClusterMetadata:
    """Return the cluster once every partition of these topics has a leader."""
    until = time.monotonic() + settings.connect_timeout_s
    while True:
        cluster = admin.list_topics(timeout=settings.connect_timeout_s)
        if all(name in cluster.topics and _is_led(cluster.topics[name]) for name in topics):
            return cluster
        if time.monotonic() > until:
            raise UserError(f"Kafka at {bootstrap} does not get the topics {', '.join(topics)} ready")
        time.sleep(POLL_S)


def _is_led(topic: TopicMetadata) -> bool:
    return bool(topic.partitions) and all(one.leader >= 0 for one in topic.partitions.values())
