"""Connections: how they are opened, and what is agreed on each."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec
import numpy as np

from adapters.postgres.address import Address
from adapters.postgres.errors import SERVER_ERRORS, login_error
from adapters.postgres.settings import ROLE, PostgresSettings

_JSONB_VERSION = b"\x01"  # the first byte of jsonb's binary form
PATIENCE_S = 1.0  # the driver waits this much longer than the server for a statement


async def open_session(address: Address, settings: PostgresSettings) -> Any:
    """Open a single connection as the user of the URL; the caller closes it.

    Raises:
        UserError: the URL, user, password or database cannot be used. Unavailable: nobody answers.
    """
    try:
        return await asyncpg.connect(
            address.url,
            timeout=settings.connect_timeout_s,
            server_settings={"application_name": "dispatchlab", "client_min_messages": "warning"},
        )
    except (ValueError, *SERVER_ERRORS) as error:
        raise login_error(error, address.where) from error


async def open_worker(address: Address, settings: PostgresSettings) -> Any:
    """Open a connection that works as the program's role in the schema. Raises what the driver does."""
    timeout_ms = str(round(1000 * settings.command_timeout_s))
    connection = await asyncpg.connect(
        address.url,
        timeout=settings.connect_timeout_s,
        command_timeout=settings.command_timeout_s + PATIENCE_S,
        statement_cache_size=200,
        max_cached_statement_lifetime=0,
        server_settings={
            "application_name": "dispatchlab",
            "role": ROLE,
            "search_path": f'"{address.schema}"',
            "default_transaction_isolation": "read committed",  # the statements' locking relies on it
            "statement_timeout": timeout_ms,
            "idle_in_transaction_session_timeout": timeout_ms,
            "jit": "off",
        },
    )
    await agree(connection)
    return connection


async def agree(connection: Any) -> None:
    """Pass JSON as Python values."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_jsonb, decoder=_from_jsonb, format="binary"
    )


def _to_jsonb(value: Any) -> bytes:
    return _JSONB_VERSION + msgspec.json.encode(value, enc_hook=_plain)


def _from_jsonb(data: bytes) -> Any:
    return msgspec.json.decode(memoryview(data)[1:])


def _plain(value: Any) -> Any:
    """Return a numpy scalar as a Python number."""
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} is no JSON value")  # what msgspec's hooks raise
