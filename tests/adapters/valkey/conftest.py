"""What the tests of the Valkey adapters share: a market of their own on a real server, or a whole server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters.valkey import ValkeyServer, ValkeySettings, connect
from deploy.server import Server
from deploy.valkey import start_valkey
from domain.drivers import DriverProfiles, Stop
from domain.errors import UserError
from domain.stop_kind import StopKind
from tests.servers import server

_numbers = count()

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def run(runner: asyncio.Runner) -> Run:
    return runner.run


@pytest.fixture
def url() -> str:
    """The URL of the server that all tests share."""
    return server("valkey")


@pytest.fixture
def market(url: str, run: Run) -> Iterator[ValkeyServer]:
    """A handle with an empty prefix of its own."""
    handle = run(connect(url, prefix=f"test-{os.getpid()}-{next(_numbers)}"))
    try:
        yield handle
        run(handle.drop())
    finally:
        run(handle.close())


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may stop, stall and restart: its data live in memory only."""
    try:
        started = start_valkey(tmp_path, persist=False)
    except UserError:
        server("valkey")  # skips, or fails at the gate
        raise
    try:
        yield started
    finally:
        started.stop()


QUICK = ValkeySettings(
    connect_timeout_s=0.5, command_timeout_s=0.5, retry_for_s=0.5, quiet_s=0.2, reopen_for_s=3.0
)


def profiles(ids: Any, lat: Any, lon: Any, capacity: Any = 2) -> DriverProfiles:
    n = len(ids)
    return DriverProfiles(
        id=np.array(ids, np.int64),
        vehicle=np.zeros(n, np.int8),
        capacity=np.broadcast_to(capacity, n).astype(np.int16),
        rating=np.full(n, 4.5),
        goal_deliveries=np.full(n, 8, np.int32),
        shift_end_s=np.full(n, 9e4),
        lat=np.asarray(lat, np.float64),
        lon=np.asarray(lon, np.float64),
    )


def plan(orders: int) -> tuple[Stop, ...]:
    return tuple(
        Stop(kind=StopKind.DROPOFF, order_id=order, lat=0.1 * order, lon=7.5) for order in range(orders)
    )
