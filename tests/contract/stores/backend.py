"""What a store test gets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from domain.stores import Stores


@dataclass(frozen=True)
class Backend:
    """Empty stores, how to run their coroutines, and how to run several at once.

    `together` returns results and exceptions in input order; on real stores the coroutines race.
    """

    name: str
    stores: Stores
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    together: Callable[[list[Coroutine[Any, Any, Any]]], list[Any]]


def in_loop(runner: asyncio.Runner, name: str, stores: Stores) -> Backend:
    """Return a backend whose coroutines run in the loop of `runner`."""

    async def gathered(coroutines: list[Coroutine[Any, Any, Any]]) -> list[Any]:
        return await asyncio.gather(*coroutines, return_exceptions=True)

    return Backend(
        name=name,
        stores=stores,
        run=runner.run,
        together=lambda coroutines: runner.run(gathered(coroutines)),
    )
