"""The bus on Kafka, in lockstep: on librdkafka's mock cluster, and on a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from uuid import uuid4

from adapters.kafka import KafkaSettings, connect
from adapters.memory import memory_stores
from tests.adapters.kafka.mock import MOCK, mock_bootstrap
from tests.contract.stores.backend import Backend, in_loop
from tests.servers import server


def _lockstep(name: str, bootstrap: Callable[[], str], settings: KafkaSettings) -> Iterator[Backend]:
    with asyncio.Runner() as runner:
        bus = runner.run(
            connect(bootstrap(), prefix=f"test-{uuid4().hex}", is_lockstep=True, settings=settings)
        )
        try:
            yield in_loop(runner, name, replace(memory_stores(keeps_history=True), bus=bus))
        finally:
            runner.run(bus.drop())


BUILDERS = {
    "kafka-mock": partial(_lockstep, "kafka-mock", mock_bootstrap, MOCK),
    "kafka": partial(_lockstep, "kafka", partial(server, "kafka"), KafkaSettings()),
}
