"""Runs every store test on every adapter of its port: `pytestmark = pytest.mark.port(NAME)`.

An adapter's builder yields a `Backend` whose stores of that adapter are empty; the other stores are in
memory. The builders of real servers are in `on_valkey.py`, `on_postgres.py`, `on_kafka.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from adapters.memory import memory_stores
from services.drive import drive
from tests.contract.stores.backend import Backend, in_loop

LOOPED = ["memory-loop"]
MEMORY = ["memory", *LOOPED]
ADAPTERS = {
    "orders": [*MEMORY, "postgres"],
    "catalog": [*MEMORY, "postgres", "postgres-plain"],
    "ratings": [*MEMORY, "postgres"],
    "history": [*MEMORY, "postgres"],
    "idempotency": [*MEMORY, "postgres", "valkey"],
    "drivers": [*MEMORY, "valkey"],
    "cache": [*MEMORY, "valkey"],
    "sessions": [*MEMORY, "valkey"],
    "feed": [*LOOPED, "valkey"],
    "bus": [*MEMORY, "kafka-mock", "kafka"],
}
"""The adapters of each port. A feed's watchers wait, so they need an event loop."""


def _memory() -> Iterator[Backend]:
    def one_by_one(coroutines: Any) -> list[Any]:
        results: list[Any] = []
        for coroutine in coroutines:
            try:
                results.append(drive(coroutine))
            except Exception as error:
                results.append(error)
        return results

    yield Backend(name="memory", stores=memory_stores(keeps_history=True), run=drive, together=one_by_one)


def _memory_in_loop() -> Iterator[Backend]:
    """The same stores under an event loop, as a server on memory adapters runs them."""
    with asyncio.Runner() as runner:
        yield in_loop(runner, "memory-loop", memory_stores(keeps_history=True))


def _builder(name: str) -> Callable[[], Iterator[Backend]]:
    if name in MEMORY:
        return _memory if name == "memory" else _memory_in_loop
    module = import_module(f"tests.contract.stores.on_{name.split('-')[0]}")
    builder: Callable[[], Iterator[Backend]] = module.BUILDERS[name]
    return builder


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once per adapter of its port."""
    if "backend" in metafunc.fixturenames:
        (marker,) = metafunc.definition.iter_markers("port")
        metafunc.parametrize("backend", ADAPTERS[marker.args[0]], indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """One adapter's stores, empty."""
    yield from _builder(request.param)()
