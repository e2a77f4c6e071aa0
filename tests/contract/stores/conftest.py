"""One parametrised fixture runs every store test on every family of adapters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from adapters.memory import memory_stores
from domain.stores import Stores
from services.drive import drive

T = TypeVar("T")


@dataclass(frozen=True)
class Backend:
    """Empty stores, how to run their coroutines, and how to run several at once.

    `together` returns results and exceptions in input order; on real stores the coroutines race.
    """

    name: str
    stores: Stores
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    together: Callable[[list[Coroutine[Any, Any, Any]]], list[Any]]


def _one_by_one(coroutines: list[Coroutine[Any, Any, Any]]) -> list[Any]:
    results: list[Any] = []
    for coroutine in coroutines:
        try:
            results.append(drive(coroutine))
        except Exception as error:
            results.append(error)
    return results


def _memory() -> Iterator[Backend]:
    yield Backend(name="memory", stores=memory_stores(), run=drive, together=_one_by_one)


def _memory_in_loop() -> Iterator[Backend]:
    """The same stores under an event loop, as a server on memory adapters runs them."""
    with asyncio.Runner() as runner:

        async def gathered(coroutines: list[Coroutine[Any, Any, Any]]) -> list[Any]:
            return await asyncio.gather(*coroutines, return_exceptions=True)

        yield Backend(
            name="memory-loop",
            stores=memory_stores(),
            run=runner.run,
            together=lambda coroutines: runner.run(gathered(coroutines)),
        )


BACKENDS = {"memory": _memory, "memory-loop": _memory_in_loop}


@pytest.fixture(params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Every family of adapters, empty."""
    yield from BACKENDS[request.param]()
