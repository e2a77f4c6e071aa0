"""Migrations: all or none, once, in the open."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from adapters.database_commands import app
from adapters.postgres import SchemaStatus, connect, drop, migrate, migrating, status
from adapters.postgres.migration_files import Migration, read_migrations
from domain.errors import UserError
from tests.contract.stores.on_postgres import ask_for_postgis, offers_postgis
from tests.servers import server

LATEST = read_migrations()[-1].version


@pytest.fixture
def place() -> Iterator[tuple[str, str]]:
    """A URL and the name of a schema that is not there yet."""
    url, schema = server("postgres"), f"test_migrating_{os.getpid()}"
    asyncio.run(drop(url, schema=schema))
    yield url, schema
    asyncio.run(drop(url, schema=schema))


async def make(url: str, *, schema: str) -> SchemaStatus:
    """Migrate, with PostGIS where the server has it."""
    return await migrate(url, schema=schema, is_plain=not await ask_for_postgis(url))


def ask(url: str, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    async def asked() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    return asyncio.run(asked())


def objects(url: str, schema: str) -> list[tuple[Any, ...]]:
    """Everything in a schema, and which migrations it has got."""
    found = ask(
        url,
        "SELECT relname, relkind::text FROM pg_class WHERE relnamespace = to_regnamespace($1) ORDER BY 1",
        schema,
    )
    return found + (ask(url, f"SELECT * FROM {schema}.schema_migrations") if found else [])


def with_more(monkeypatch: pytest.MonkeyPatch, *more: Migration) -> None:
    known = [*read_migrations(), *more]
    monkeypatch.setattr(migrating, "read_migrations", lambda: known)


def test_migrating_again_changes_nothing(place: tuple[str, str]) -> None:
    url, schema = place
    assert asyncio.run(status(url, schema=schema)).version == 0
    first = asyncio.run(make(url, schema=schema))
    before = objects(url, schema)
    assert asyncio.run(migrate(url, schema=schema, is_plain=True)) == first
    assert (first.version, first.has_postgis, first.is_current) == (LATEST, offers_postgis(url), True)
    assert objects(url, schema) == before


def test_several_processes_may_migrate_at_once(place: tuple[str, str]) -> None:
    url, schema = place

    async def race() -> list[Any]:
        return await asyncio.gather(*(make(url, schema=schema) for _ in range(4)))

    assert [one.version for one in asyncio.run(race())] == [LATEST] * 4


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("CREATE TABLE more (id integer); SELECT nonsense", "nonsense"),
        (
            "CREATE TABLE more (id integer); DO $$ BEGIN RAISE disk_full USING MESSAGE = 'No space'; END $$",
            "No space",
        ),
    ],
)
def test_a_migration_that_fails_leaves_the_schema_as_it_was(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch, sql: str, told: str, is_new: bool
) -> None:
    url, schema = place
    if not is_new:
        asyncio.run(make(url, schema=schema))
    before = objects(url, schema)
    with_more(monkeypatch, Migration(LATEST + 1, f"{LATEST + 1:04}_more", None, sql))
    with pytest.raises(UserError, match=told) as caught:
        asyncio.run(make(url, schema=schema))
    assert "\n" not in str(caught.value)
    assert objects(url, schema) == before
    assert bool(before) is not is_new


def test_a_newer_migration_is_applied_to_an_older_schema(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, schema = place
    asyncio.run(migrate(url, schema=schema, is_plain=True))
    with_more(
        monkeypatch,
        Migration(LATEST + 1, f"{LATEST + 1:04}_more.plain", "plain", "CREATE TABLE more (id integer)"),
        Migration(LATEST + 1, f"{LATEST + 1:04}_more.postgis", "postgis", "SELECT nonsense"),
    )
    with pytest.raises(UserError, match=f"at version {LATEST}, this program needs {LATEST + 1}"):
        asyncio.run(connect(url, schema=schema))
    after = asyncio.run(make(url, schema=schema))
    assert (after.version, after.has_postgis) == (LATEST + 1, False)
    assert ask(url, "SELECT to_regclass($1) IS NOT NULL", f"{schema}.more") == [(True,)]


def test_a_schema_of_a_newer_program_is_refused(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, schema = place
    with monkeypatch.context() as newer:
        with_more(newer, Migration(LATEST + 1, f"{LATEST + 1:04}_more", None, "SELECT 1"))
        asyncio.run(make(url, schema=schema))
    for call in (connect, migrate, status):
        with pytest.raises(UserError, match="newer"):
            asyncio.run(call(url, schema=schema))


def test_a_migration_that_was_changed_is_refused(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, schema = place
    asyncio.run(make(url, schema=schema))
    first, *others = read_migrations()
    changed = [replace(first, sql=first.sql + "-- a word"), *others]
    monkeypatch.setattr(migrating, "read_migrations", lambda: changed)
    with pytest.raises(UserError, match=f"{first.name} was changed"):
        asyncio.run(make(url, schema=schema))


def test_connecting_to_a_schema_that_is_not_there_says_what_to_run(place: tuple[str, str]) -> None:
    url, schema = place
    with pytest.raises(
        UserError, match=rf"version 0, .* needs {LATEST}: run dispatchlab db migrate"
    ) as caught:
        asyncio.run(connect(url, schema=schema))
    assert url not in str(caught.value)


def test_without_postgis_only_the_plain_search_is_made(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, schema = place
    monkeypatch.setattr(migrating, "POSTGIS", "postgis_that_nobody_has")
    with pytest.raises(UserError, match=r"no PostGIS: .* --plain"):
        asyncio.run(migrate(url, schema=schema))
    assert objects(url, schema) == []
    assert asyncio.run(migrate(url, schema=schema, is_plain=True)).has_postgis is False


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "looks like postgresql://"),
        ("mysql://root:secret@127.0.0.1/db", "looks like postgresql://"),
        ("postgresql://user:sec/ret@127.0.0.1/db", "%XX"),
        ("postgresql://user:secret@127.0.0.1:99999/db", "%XX"),
        ("postgresql://user:secret@127.0.0.1/db?sslmode=wild", "sslmode"),
    ],
)
def test_urls_that_cannot_be_used_are_refused_without_repeating_them(url: str, told: str) -> None:
    with pytest.raises(UserError, match=told) as caught:
        asyncio.run(connect(url))
    assert "sec" not in str(caught.value)


@pytest.mark.parametrize("schema", ["", "Upper", "two words", "pg_mine", 'a"b', "1st"])
def test_names_that_are_no_schema_are_refused(schema: str) -> None:
    with pytest.raises(UserError, match="schema"):
        asyncio.run(migrate("postgresql://u@127.0.0.1/db", schema=schema))


@pytest.mark.parametrize(
    ("part", "replacement"), [("password", "wrong"), ("user", "nobody-here"), ("database", "nowhere")]
)
def test_a_login_that_the_server_refuses_is_one_line(part: str, replacement: str) -> None:
    url = server("postgres")
    scheme, _, rest = url.partition("://")
    login, _, where = rest.rpartition("@")
    user, _, password = login.partition(":")
    host, _, _ = where.partition("/")
    wrong = {
        "password": f"{scheme}://{user}:{replacement}@{where}",
        "user": f"{scheme}://{replacement}:{password}@{where}",
        "database": f"{scheme}://{login}@{host}/{replacement}",
    }[part]
    with pytest.raises(UserError, match="refuses the login") as caught:
        asyncio.run(connect(wrong))
    assert "\n" not in str(caught.value)
    assert host in str(caught.value)


def test_something_else_than_postgresql_is_told_apart() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def story() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as other:
            port = other.sockets[0].getsockname()[1]
            await connect(f"postgresql://user@127.0.0.1:{port}/db")

    with pytest.raises(UserError, match="no PostgreSQL"):
        asyncio.run(story())


def test_the_commands_tell_where_a_schema_stands(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, schema = place
    has_postgis = offers_postgis(url)
    monkeypatch.setenv("DISPATCHLAB_POSTGRES", url)
    commands = (["status"], ["migrate", *([] if has_postgis else ["--plain"])], ["status"])
    before, made, after = (CliRunner().invoke(app, [*words, "--schema", schema]) for words in commands)
    assert (before.exit_code, before.output.strip()) == (
        1,
        f"schema {schema}: version 0 of {LATEST}, to be brought up with dispatchlab db migrate",
    )
    assert (made.exit_code, after.exit_code) == (0, 0)
    search = "with PostGIS" if has_postgis else "without PostGIS"
    assert after.output == made.output == f"schema {schema}: version {LATEST}, up to date, {search}\n"


def test_a_user_who_owns_but_one_schema_can_migrate_and_connect(place: tuple[str, str]) -> None:
    """A service's own user, without the rights of an administrator."""
    url, schema = place
    asyncio.run(make(url, schema=schema))  # by an administrator: PostGIS and the role are there
    asyncio.run(drop(url, schema=schema))
    user = f"{schema}_user"
    database = ask(url, "SELECT current_database()")[0][0]
    ask(url, f"CREATE ROLE {user} LOGIN PASSWORD 'pw'")
    try:
        ask(url, f"GRANT CREATE ON DATABASE {database} TO {user}")
        where = url.rpartition("@")[2]
        mine = f"postgresql://{user}:pw@{where}"
        with pytest.raises(UserError, match="dispatchlab_app"):
            asyncio.run(make(mine, schema=schema))
        ask(url, f"GRANT dispatchlab_app TO {user}")

        async def story() -> bool:
            await make(mine, schema=schema)
            handle = await connect(mine, schema=schema)
            await handle.close()
            return handle.has_postgis

        assert asyncio.run(story()) is offers_postgis(url)
    finally:
        ask(url, f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        ask(url, f"REVOKE CREATE ON DATABASE {database} FROM {user}")
        ask(url, f"DROP OWNED BY {user}")
        ask(url, f"DROP ROLE {user}")
