"""Runs on real servers leave nothing behind, even if they are killed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
from valkey import Valkey

from domain.errors import UserError
from lab import run_scenario
from tests.servers import server

QUICK = ("hours=0.05",)


def left_behind(postgres: str, valkey: str) -> tuple[list[str], list[str]]:
    """Return schemas and keys of runs."""

    async def schemas() -> list[str]:
        connection = await asyncpg.connect(postgres)
        try:
            rows = await connection.fetch("SELECT nspname FROM pg_namespace WHERE nspname ^@ 'run_'")
            return [row[0] for row in rows]
        finally:
            await connection.close()

    with Valkey.from_url(valkey) as client:
        keys = [key.decode() for key in client.keys("{run_*")]
    return asyncio.run(schemas()), keys


def quick_run(urls: tuple[str, str], folder: Path) -> None:
    """Run a few minutes on these servers."""
    run_scenario("quickstart", overrides=QUICK, out=folder / "run", stores=",".join(urls), with_report=False)


@pytest.fixture
def urls() -> tuple[str, str]:
    return server("postgres"), server("valkey")


def test_a_run_deletes_its_namespace(urls: tuple[str, str], tmp_path: Path) -> None:
    run_scenario(
        "quickstart", overrides=QUICK, out=tmp_path / "run", stores=",".join(urls), with_report=False
    )
    assert left_behind(*urls) == ([], [])


def test_what_a_killed_run_leaves_the_next_one_deletes(urls: tuple[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli", "run", "quickstart", "--stores", ",".join(urls)]
    process = subprocess.Popen([*command, "--out", str(tmp_path / "killed")], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60.0
    while not left_behind(*urls)[1] and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    schemas, keys = left_behind(*urls)
    assert len(schemas) == 1
    assert keys
    assert not (tmp_path / "killed").exists()
    run_scenario(
        "quickstart", overrides=QUICK, out=tmp_path / "run", stores=",".join(urls), with_report=False
    )
    assert left_behind(*urls) == ([], [])


def test_a_run_that_cannot_begin_leaves_nothing(urls: tuple[str, str], tmp_path: Path) -> None:
    stores = f"{','.join(urls)},kafka://127.0.0.1:1"
    with pytest.raises(UserError, match=r"no Kafka broker answers at 127\.0\.0\.1:1"):
        run_scenario("quickstart", out=tmp_path / "run", stores=stores)
    assert left_behind(*urls) == ([], [])
    assert not (tmp_path / "run").exists()
