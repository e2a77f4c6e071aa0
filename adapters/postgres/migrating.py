"""Brings a schema to this program's version: all outstanding migrations in one transaction, or none.

The table `schema_migrations` tells which files a schema has got, and their SHA-256.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg

from adapters.postgres.address import Address, parse_address
from adapters.postgres.errors import SERVER_ERRORS, first_line, is_lost
from adapters.postgres.migration_files import check_history, outstanding, read_migrations
from adapters.postgres.sessions import open_session
from adapters.postgres.settings import DEFAULT_SCHEMA, PostgresSettings
from domain.errors import Unavailable, UserError

MIN_SERVER = 140000  # the first with functions whose bodies are parsed when they are made
POSTGIS = "postgis"
# One migration at a time in a database: of two that switch on PostGIS at once, one would fail.
_LOCK = """
SET LOCAL lock_timeout = '30s';
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(hashtextextended('dispatchlab migrate', 0))
"""
_MIGRATIONS = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_NOTE = "INSERT INTO schema_migrations (version, name, sha256) VALUES ($1, $2, $3)"
_EXTENSION = """
SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace AS place ON place.oid = extnamespace
WHERE extname = $1
"""
_IS_OFFERED = "SELECT true FROM pg_available_extensions WHERE name = $1"


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaStatus:
    """Where a schema stands; `has_postgis` is None while that is not decided."""

    schema: str
    version: int
    latest: int
    has_postgis: bool | None

    @property
    def is_current(self) -> bool:
        """Whether this program can work with it."""
        return self.version == self.latest


async def migrate(url: str, *, schema: str = DEFAULT_SCHEMA, is_plain: bool = False) -> SchemaStatus:
    """Make the schema if need be and apply what is outstanding; doing it again changes nothing.

    `is_plain` allows a server without PostGIS; PostGIS is then not used even where there is one. The first
    migration decides that for the schema.

    Raises:
        UserError: the URL or login cannot be used, PostGIS is missing, the schema is not this program's, or a
            migration failed. The schema is then as before. Unavailable: nobody answers.
    """
    async with _session(url, schema) as (session, address), session.transaction():
        await session.execute(_LOCK)
        before = await _status(session, address)
        if before.is_current:
            return before
        await _check_server(session, address)
        has_postgis = before.has_postgis
        if has_postgis is None:
            has_postgis = not is_plain and await _has_postgis(session, address)
        await _prepare(session, schema)
        for one in outstanding(read_migrations(), version=before.version, has_postgis=has_postgis):
            await session.execute(one.sql)
            await session.execute(_NOTE, one.version, one.name, one.digest)
        return await _status(session, address)


async def status(url: str, *, schema: str = DEFAULT_SCHEMA) -> SchemaStatus:
    """Return where a schema stands. Raises as `migrate`."""
    async with _session(url, schema) as (session, address):
        return await _status(session, address)


async def drop(url: str, *, schema: str = DEFAULT_SCHEMA) -> None:
    """Delete a schema and everything in it; one that is not there is no error. Raises as `migrate`."""
    async with _session(url, schema) as (session, _):
        await session.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')


async def check_current(address: Address, settings: PostgresSettings) -> bool:
    """Check that a schema is at this program's version; return whether it uses PostGIS.

    Raises:
        UserError: it is older, newer, or not this program's. Unavailable: nobody answers.
    """
    async with _session(address.url, address.schema, settings) as (session, _):
        found = await _status(session, address)
    if not found.is_current:
        raise UserError(
            f"schema {found.schema!r} at {address.where} is at version {found.version}, this program needs "
            f"{found.latest}: run dispatchlab db migrate --schema {found.schema} --url ..."
        )
    return bool(found.has_postgis)


@asynccontextmanager
async def _session(
    url: str, schema: str, settings: PostgresSettings | None = None
) -> AsyncIterator[tuple[Any, Address]]:
    """Open a session for as long as it is needed; what fails in it is told in one line."""
    address = parse_address(url, schema)
    session = await open_session(address, settings or PostgresSettings())
    try:
        yield session, address
    except SERVER_ERRORS as error:
        if is_lost(error):
            raise Unavailable(f"PostgreSQL at {address.where}: {first_line(error)}") from error
        raise UserError(
            f"schema {schema!r} at {address.where} is left as it was: {first_line(error)}"
        ) from error
    finally:
        with suppress(*SERVER_ERRORS):  # a broken one is closed
            await session.close(timeout=1.0)


async def _status(session: Any, address: Address) -> SchemaStatus:
    known, applied = read_migrations(), []
    table = f'"{address.schema}".schema_migrations'
    if await session.fetchval("SELECT to_regclass($1)::text", table) is not None:
        applied = await session.fetch(f"SELECT version, name, sha256 FROM {table} ORDER BY version")
    check_history(map(tuple, applied), known, address.schema)
    names = {row["name"] for row in applied}
    variants = [one.variant for one in known if one.variant is not None and one.name in names]
    return SchemaStatus(
        schema=address.schema,
        version=max((row["version"] for row in applied), default=0),
        latest=max(one.version for one in known),
        has_postgis=variants[0] == POSTGIS if variants else None,
    )


async def _check_server(session: Any, address: Address) -> None:
    number, told = await session.fetchrow(
        "SELECT current_setting('server_version_num')::integer, current_setting('server_version')"
    )
    if number < MIN_SERVER:
        raise UserError(f"PostgreSQL at {address.where} is version {told}; 14 or newer is needed")


async def _has_postgis(session: Any, address: Address) -> bool:
    """Switch PostGIS on in the database where that is not done."""
    if await session.fetchval(_EXTENSION, POSTGIS) is not None:
        return True
    if not await session.fetchval(_IS_OFFERED, POSTGIS):
        raise UserError(
            f"PostgreSQL at {address.where} has no PostGIS: install its packages there, "
            "or use --plain to search restaurants without it"
        )
    try:
        await session.execute(f"CREATE EXTENSION {POSTGIS}")
    except asyncpg.exceptions.InsufficientPrivilegeError:
        raise UserError(
            f"this user may not switch on PostGIS at {address.where}: "
            f"let an administrator of the database run CREATE EXTENSION {POSTGIS}"
        ) from None
    return True


async def _prepare(session: Any, schema: str) -> None:
    """Make the schema and its list of migrations, and work in it, with PostGIS's types in sight."""
    await session.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    extensions = await session.fetchval(_EXTENSION, POSTGIS) or "public"
    await session.execute(f'SET LOCAL search_path = "{schema}", {extensions}, pg_temp')
    await session.execute(_MIGRATIONS)
