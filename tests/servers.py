"""The real servers of the tests: `server("valkey")`, `server("postgres")`, `server("kafka")`.

Given by an environment variable, or else started once per session through `deploy`, in a folder of their own.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from deploy.stack import Stack
from domain.errors import UserError
from tests.conftest import is_gate

GIVEN = {
    "valkey": "DISPATCHLAB_TEST_VALKEY",
    "postgres": "DISPATCHLAB_TEST_POSTGRES",
    "kafka": "KAFKA_BOOTSTRAP",
}
WAIVER = "DISPATCHLAB_NO_KAFKA"
"""Set to the reason by .ci/run where Kafka's registry is out of reach: then the gate, too, goes without."""


@dataclass(frozen=True)
class _Found:
    """A server's URL and what to tell of it; without a URL, why there is none."""

    url: str
    told: str


_asked: dict[str, _Found] = {}  # of this session, for its closing lines


def server(name: str) -> str:
    """Return the URL of a real server; without one, skip the test, or fail it at the gate."""
    found = _asked.setdefault(name, _find(name))
    if not found.url:
        _do_without(f"no {name}: {found.told}", waived=name == "kafka" and bool(os.environ.get(WAIVER)))
    return found.url


def postgres_with_postgis() -> str:
    """Return the URL of a PostgreSQL that has PostGIS; without one, skip the test, or fail it at the gate."""
    url = server("postgres")
    version = _postgis(url)
    _asked["postgis"] = _Found(version and url, version or "this PostgreSQL has none")
    if not version:
        _do_without("this PostgreSQL has no PostGIS")
    return url


def report() -> list[str]:
    """Return a line per real server that tests asked for: what they ran on, or why they did not."""
    return [
        f"{name}: {found.told}" if found.url else f"{name}: SKIPPED, {found.told}"
        for name, found in sorted(_asked.items())
    ]


def stop_all() -> None:
    """Stop what this session has started, and delete its data. Harmless when repeated."""
    if _stack.cache_info().currsize:
        stack = _stack()
        stack.down(delete=True)
        shutil.rmtree(stack.folder, ignore_errors=True)
        _stack.cache_clear()


def _do_without(reason: str, *, waived: bool = False) -> None:
    if is_gate() and not waived:
        pytest.fail(f"{reason} (CI is set: tests of real servers must run)", pytrace=False)
    pytest.skip(reason)


@cache
def _find(name: str) -> _Found:
    given = os.environ.get(GIVEN[name])
    if given:
        return _Found(given, f"given by {GIVEN[name]}")
    waiver = os.environ.get(WAIVER)
    if name == "kafka" and waiver:
        return _Found("", waiver)
    try:
        started = _stack().start(name)
    except UserError as error:
        return _Found("", str(error))
    return _Found(started.url, f"{started.version} ({started.note})")


@cache
def _stack() -> Stack:
    folder = Path(tempfile.mkdtemp(prefix="dispatchlab-tests-"))
    folder.chmod(0o711)  # PostgreSQL's user must be able to pass, where this one is root
    atexit.register(stop_all)
    return Stack(folder)


@cache
def _postgis(url: str) -> str:
    """Return the version of PostGIS that a server offers; "" for none."""
    import asyncpg  # an extra: tests of other things do without

    async def ask() -> str:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            version = await connection.fetchval(
                "SELECT default_version FROM pg_available_extensions WHERE name = 'postgis'"
            )
            return version or ""
        finally:
            await connection.close()

    return asyncio.run(ask())
