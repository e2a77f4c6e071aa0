"""`dispatchlab db`: the tables of a PostgreSQL that services work with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.connecting import DEFAULT_NAMESPACE, clients

if TYPE_CHECKING:
    from adapters.postgres import SchemaStatus

app = typer.Typer(
    help="Tables in PostgreSQL: bring them to this version, look where they stand.", no_args_is_help=True
)

Url = Annotated[
    str,
    typer.Option(
        "--url",
        envvar="DISPATCHLAB_POSTGRES",
        show_envvar=True,
        help="Where PostgreSQL is: postgresql://user:password@host:5432/database.",
    ),
]
Schema = Annotated[str, typer.Option("--schema", help="The schema that holds the tables.")]
Plain = Annotated[bool, typer.Option("--plain", help="Search restaurants without PostGIS.")]


@app.command("migrate")
def migrate_command(url: Url, schema: Schema = DEFAULT_NAMESPACE, is_plain: Plain = False) -> None:
    """Make the tables, or bring them to this program's version; what is there already stays."""
    postgres, _ = clients()
    print(_told(asyncio.run(postgres.migrate(url, schema=schema, is_plain=is_plain))))


@app.command("status")
def status_command(url: Url, schema: Schema = DEFAULT_NAMESPACE) -> None:
    """Tell at which version the tables are. Exit code 1 if the program cannot work with them."""
    postgres, _ = clients()
    found = asyncio.run(postgres.status(url, schema=schema))
    print(_told(found))
    if not found.is_current:
        raise typer.Exit(1)


def _told(found: SchemaStatus) -> str:
    if not found.is_current:
        return (
            f"schema {found.schema}: version {found.version} of {found.latest}, "
            "to be brought up with dispatchlab db migrate"
        )
    search = "with PostGIS" if found.has_postgis else "without PostGIS"
    return f"schema {found.schema}: version {found.version}, up to date, {search}"
