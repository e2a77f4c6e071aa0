"""Where a Valkey is: its URL, checked, how messages name it, and the prefix of our keys there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from domain.errors import UserError

_SHAPE = "a Valkey URL looks like valkey://user:password@host:6379/0, valkeys:// with TLS"
_SCHEMES = ("valkey", "valkeys", "redis", "rediss")
_HOST = re.compile(r"([^:@/\[\]]+|\[[0-9a-fA-F:]+\])(:\d+)?")
_DATABASE = re.compile(r"/?|/\d+")
_QUERY = re.compile(r"(ssl_[a-z_]+=[^&]*(&|$))*")  # the client's TLS options
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")


@dataclass(frozen=True, slots=True)
class Address:
    """A server and our prefix there; `where` names the server in messages, without user and password."""

    url: str = field(repr=False)
    where: str
    prefix: str


def parse_address(url: str, prefix: str) -> Address:
    """Check a URL and a prefix.

    Raises:
        UserError: either cannot be used. The message does not repeat the URL: it may hold a password.
    """
    if not _PREFIX.fullmatch(prefix):
        raise UserError(f"prefix {prefix!r}: use letters, digits and _ . : -, at most 100")
    try:
        parts = urlsplit(url)
        host, port = parts.netloc.rpartition("@")[2], parts.port
    except ValueError:
        raise UserError(f"this is no Valkey URL; {_SHAPE}") from None
    if parts.scheme not in _SCHEMES:
        raise UserError(_SHAPE)
    is_plain = _HOST.fullmatch(host) and _DATABASE.fullmatch(parts.path) and not parts.fragment
    if not is_plain or not _QUERY.fullmatch(parts.query):
        raise UserError(f"{_SHAPE}; write special characters of the password as %XX")
    where = host if port is not None else f"{host}:6379"
    return Address(url, where, prefix)
