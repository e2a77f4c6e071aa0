"""The migrations that come with this program, and whether a schema's history is theirs.

They are the files `migrations/NNNN_title.sql`; where a step has another form without PostGIS there are two,
`NNNN_title.postgis.sql` and `NNNN_title.plain.sql`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from domain.errors import UserError

_FILE = re.compile(r"(?P<name>(?P<version>\d{4})_\w+?(\.(?P<variant>plain|postgis))?)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name without `.sql`, "plain", "postgis" or None, and what it says."""

    version: int
    name: str
    variant: str | None
    sql: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the file's text."""
        return sha256(self.sql.encode()).hexdigest()


def read_migrations() -> list[Migration]:
    """Return every migration of this program, by version and variant."""
    found = []
    for file in files("adapters.postgres").joinpath("migrations").iterdir():
        parts = _FILE.fullmatch(file.name)
        if parts is not None:
            text = file.read_text(encoding="utf-8")
            found.append(Migration(int(parts["version"]), parts["name"], parts["variant"], text))
    return sorted(found, key=lambda one: (one.version, one.name))


def outstanding(known: Iterable[Migration], *, version: int, has_postgis: bool) -> list[Migration]:
    """Return the migrations beyond a version, in order, in the form with or without PostGIS."""
    other = "plain" if has_postgis else "postgis"
    return [one for one in known if one.version > version and one.variant != other]


def check_history(applied: Iterable[tuple[int, str, str]], known: Sequence[Migration], schema: str) -> None:
    """Refuse a schema that a newer program, or changed files, have made.

    `applied` are version, name and SHA-256 of what the schema has got.

    Raises:
        UserError: the message says which migration.
    """
    by_name = {migration.name: migration for migration in known}
    latest = max(by_version.version for by_version in known)
    for version, name, digest in applied:
        if version > latest:
            raise UserError(
                f"schema {schema!r} is at version {version}, newer than this program's {latest}: "
                "use a newer dispatchlab"
            )
        if name not in by_name or by_name[name].digest != digest:
            raise UserError(
                f"migration {name} was changed after schema {schema!r} got it: "
                "use the dispatchlab that made the schema, or another schema"
            )
