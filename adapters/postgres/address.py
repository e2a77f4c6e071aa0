"""Where a PostgreSQL is: its URL, checked, and how messages name it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from domain.errors import UserError

_SHAPE = "a PostgreSQL URL looks like postgresql://user:password@host:5432/database"
_HOST = re.compile(r"([^:@/\[\]]*|\[[0-9a-fA-F:]+\])(:(?P<port>\d{1,5}))?")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Address:
    """A database and the schema in it; `where` names the server in messages, without user and password."""

    url: str = field(repr=False)
    schema: str

    @property
    def where(self) -> str:
        """The host and port, as far as the URL says them."""
        return urlsplit(self.url).netloc.rpartition("@")[2] or "the local socket"


def parse_address(url: str, schema: str) -> Address:
    """Check a URL and a schema's name.

    Raises:
        UserError: either cannot be used. The message does not repeat the URL: it may hold a password.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UserError(f"this is no URL; {_SHAPE}") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise UserError(_SHAPE)
    hosts = [_HOST.fullmatch(host) for host in parts.netloc.rpartition("@")[2].split(",")]
    if not all(host and int(host["port"] or 0) < 65536 for host in hosts) or "@" in parts.path:
        raise UserError(f"{_SHAPE}; write special characters of the password as %XX")
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        raise UserError(f"schema {schema!r}: use lower-case letters, digits and _, at most 63, not pg_...")
    return Address(url, schema)
