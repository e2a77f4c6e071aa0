"""`cluster`: librdkafka's mock cluster, and a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient

from adapters.kafka import KafkaSettings
from adapters.kafka.naming import Names
from adapters.kafka.topics import delete_topics
from tests.adapters.kafka.clusters import Cluster
from tests.adapters.kafka.mock import MOCK, mock_bootstrap
from tests.servers import server


@pytest.fixture(params=["mock", "real"])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Every test runs on both, and leaves no topics."""
    if request.param == "mock":
        yield Cluster(mock_bootstrap(), MOCK, f"test-{uuid4().hex}")
        return
    cluster = Cluster(server("kafka"), KafkaSettings(), f"test-{uuid4().hex}")
    yield cluster
    admin = AdminClient(cluster.settings.common(cluster.bootstrap))
    delete_topics(admin, Names(cluster.prefix), cluster.bootstrap, 5.0)


@pytest.fixture
def mock() -> Cluster:
    """For what the brokers' side has no part in."""
    return Cluster(mock_bootstrap(), MOCK, f"test-{uuid4().hex}")
