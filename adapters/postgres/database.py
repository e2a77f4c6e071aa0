"""The handle that all PostgreSQL adapters share: a pool of connections to one migrated schema."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import stamina

from adapters.postgres.address import Address, parse_address
from adapters.postgres.errors import SERVER_ERRORS, NotSent, is_lost, is_undone, login_error, service_error
from adapters.postgres.lending import Lender, Work
from adapters.postgres.migrating import check_current
from adapters.postgres.sessions import open_worker
from adapters.postgres.settings import DEFAULT_SCHEMA, PostgresSettings


async def connect(
    url: str, *, schema: str = DEFAULT_SCHEMA, settings: PostgresSettings | None = None
) -> PostgresDatabase:
    """Connect to a migrated schema; close the handle when done.

    Raises:
        UserError: the URL or login cannot be used, or the schema is not at this program's version.
        Unavailable: nobody answers.
    """
    settings = settings or PostgresSettings()
    address = parse_address(url, schema)
    has_postgis = await check_current(address, settings)
    lender = Lender(
        lambda: open_worker(address, settings),
        connections=settings.connections,
        timeout_s=settings.connect_timeout_s,
    )
    try:
        await lender.do(_nothing)
    except NotSent as error:
        raise login_error(error.__cause__ or error, address.where) from error
    return PostgresDatabase(lender, address, settings, has_postgis=has_postgis)


class PostgresDatabase:
    """Runs statements, again where that is safe, and says in the house's errors what failed.

    `has_postgis` tells whether the schema searches restaurants by PostGIS.
    """

    def __init__(
        self, lender: Lender, address: Address, settings: PostgresSettings, *, has_postgis: bool
    ) -> None:
        self._lender = lender
        self._address = address
        self.settings = settings
        self.has_postgis = has_postgis
        self._again = stamina.AsyncRetryingCaller(
            attempts=settings.attempts - 1,  # besides the first
            timeout=settings.retry_for_s,
            wait_initial=0.05,
            wait_max=0.5,
            wait_jitter=0.05,
        )

    async def close(self) -> None:
        """Close every connection; calls under way end first."""
        await self._lender.close()

    async def rows(self, statement: str, *arguments: Any, is_repeatable: bool = False) -> list[Any]:
        """Run one statement, a transaction of its own, and return its rows. Raises as `run`."""
        rows: list[Any] = await self.run(
            lambda connection: connection.fetch(statement, *arguments), is_repeatable=is_repeatable
        )
        return rows

    async def row(self, statement: str, *arguments: Any, is_repeatable: bool = False) -> Any:
        """Run one statement, a transaction of its own, and return its first row or None. Raises as `run`."""
        return await self.run(
            lambda connection: connection.fetchrow(statement, *arguments), is_repeatable=is_repeatable
        )

    async def run(self, work: Work, *, is_repeatable: bool = False) -> Any:
        """Do `work` with a connection of the pool.

        It is done again, a few times, where no connection could be had, where the server undid it (deadlock),
        and, if it `is_repeatable`, where the connection broke.

        Raises:
            Unavailable: the server is out of reach or too slow. InvalidRequest: it refuses a value.
        """
        try:
            try:
                return await self._lender.do(work)
            except (NotSent, *SERVER_ERRORS) as error:
                if self.settings.attempts < 2 or not _may_repeat(error, is_repeatable):
                    raise
            return await self._again(lambda error: _may_repeat(error, is_repeatable), self._lender.do, work)
        except (NotSent, *SERVER_ERRORS) as error:
            told = service_error(error, self._address.where)
            if told is None:
                raise
            raise told from error

    async def zero_at(self) -> datetime | None:
        """Return the moment of the clock's zero, or None where nobody has set it."""
        row = await self.row("SELECT zero_at FROM clock", is_repeatable=True)
        return None if row is None else row[0]

    async def set_zero(self, zero_at: datetime) -> datetime:
        """Set the moment of the clock's zero (with its time zone) unless that is done; return what it is.

        Processes that share a schema share its axis of time: the first says where it begins.
        """
        await self.row(
            "INSERT INTO clock (zero_at) VALUES ($1) ON CONFLICT DO NOTHING", zero_at, is_repeatable=True
        )
        return await self.zero_at() or zero_at


async def _nothing(connection: Any) -> None:
    """The first connection tells whether the login is good for work."""


def _may_repeat(error: BaseException, is_repeatable: bool) -> bool:
    if isinstance(error, NotSent):
        return not isinstance(error.__cause__, TimeoutError)  # who waited once for nothing, waits no more
    return is_undone(error) or (is_repeatable and is_lost(error))
