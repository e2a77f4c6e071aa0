"""The command line `dispatchlab stack`: up, down, status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.stack import Stack

app = typer.Typer(no_args_is_help=True, help="Start and stop the real servers: Valkey, PostgreSQL, Kafka.")
WIDTH = 200  # URLs are copied: a terminal may wrap them, a table may not cut them
screen = Console(width=WIDTH)
notes = Console(stderr=True)

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the data, instead of DISPATCHLAB_STACK or the user's."),
]
PasswordsOption = Annotated[bool, typer.Option("--show-passwords", help="Show passwords in URLs.")]


@app.command()
def up(
    data: DataOption = None,
    without: Annotated[list[str] | None, typer.Option(help="Leave this server out; may be repeated.")] = None,
    show_passwords: PasswordsOption = False,
) -> None:
    """Start the servers that do not run yet; where Kafka cannot be started, say why and do without."""
    stack = Stack(data)
    stack.up(without=without or (), tell=_say)
    _print_table(stack, show_passwords=show_passwords)


@app.command()
def down(
    data: DataOption = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete their data, too.")] = False,
) -> None:
    """Stop the servers; their data stay for the next `up`."""
    stack = Stack(data)
    if not stack.status():
        _say(f"nothing runs in {stack.folder}")
    stack.down(delete=delete, tell=_say)


@app.command()
def status(
    data: DataOption = None,
    json_: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else; its URLs hold passwords.")
    ] = False,
    show_passwords: PasswordsOption = False,
) -> None:
    """Tell which servers run, where, and why others do not."""
    stack = Stack(data)
    if json_:
        print(json.dumps(_as_json(stack)))
    else:
        _print_table(stack, show_passwords=show_passwords)


def _print_table(stack: Stack, *, show_passwords: bool) -> None:
    table = Table("server", "version", "URL and note", box=None)
    for name, server in stack.status().items():
        url = server.url if show_passwords else server.shown_url
        table.add_row(name, server.version, Text(f"{url}\n{server.note}"))
    for name, reason in stack.missing().items():
        table.add_row(name, "", Text(f"does not run\n{reason}"))
    screen.print(table)


def _as_json(stack: Stack) -> dict[str, Any]:
    servers = {
        name: {"url": server.url, "version": server.version, "note": server.note, "pid": server.pid}
        for name, server in stack.status().items()
    }
    return {"folder": str(stack.folder), "servers": servers, "missing": stack.missing()}


def _say(line: str) -> None:
    notes.print(line, highlight=False, markup=False, soft_wrap=True)
