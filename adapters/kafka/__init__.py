"""The event bus on Apache Kafka, by confluent-kafka (librdkafka)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from adapters.kafka.bus import KafkaBus
from adapters.kafka.naming import Names
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import check_bootstrap, make_topics, open_cluster

__all__ = ["KafkaBus", "KafkaSettings", "connect"]

PARTITIONS = 4


async def connect(
    bootstrap: str,
    *,
    prefix: str = "dispatchlab",
    is_lockstep: bool = False,
    settings: KafkaSettings | None = None,
) -> KafkaBus:
    """Return a bus on the topics of `prefix`, which are created where they are missing.

    `bootstrap` is one or more brokers, `host:port,host:port`. In lockstep there must
    be one bus per prefix.

    Raises:
        UserError: no broker answers, or it refuses; `bootstrap`, the prefix or the settings are malformed.
    """
    settings = settings or KafkaSettings()
    if settings.partitions is None:
        settings = replace(settings, partitions=1 if is_lockstep else PARTITIONS)
    names = Names(prefix)
    check_bootstrap(bootstrap)
    admin, cluster = await asyncio.to_thread(open_cluster, bootstrap, settings)
    note = await asyncio.to_thread(make_topics, admin, cluster, names, bootstrap, settings)
    return KafkaBus(
        bootstrap, names=names, is_lockstep=is_lockstep, settings=settings, admin=admin, note=note
    )
