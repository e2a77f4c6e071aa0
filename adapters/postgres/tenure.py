"""Schemas of programs that may die: held while they live, found when they are gone."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from adapters.postgres.address import parse_address
from adapters.postgres.errors import SERVER_ERRORS
from adapters.postgres.sessions import open_session
from adapters.postgres.settings import PostgresSettings

_HOLD = "SELECT pg_advisory_lock(hashtextextended($1, 1))"
_ORPHANS = """
SELECT nspname FROM pg_namespace
WHERE nspname ^@ $1 AND pg_try_advisory_lock(hashtextextended(nspname, 1))
"""


class Tenure:
    """Holds a schema by a lock of a connection of its own: the server lets go when the holder dies."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def orphans(self, prefix: str) -> list[str]:
        """Return the schemas of this prefix that nobody holds; nobody else is given them, too."""
        return [row[0] for row in await self._session.fetch(_ORPHANS, prefix)]

    async def end(self) -> None:
        """Let go of the schema."""
        with suppress(*SERVER_ERRORS):  # the server may be gone
            await self._session.close(timeout=1.0)


async def hold(url: str, *, schema: str) -> Tenure:
    """Hold a schema, which may not be there yet.

    Raises:
        UserError: the URL or login cannot be used. Unavailable: nobody answers.
    """
    session = await open_session(parse_address(url, schema), PostgresSettings())
    await session.fetch(_HOLD, schema)
    return Tenure(session)
