"""Arguments and options that several commands share, and how their texts are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import UserError

ScenarioName = Annotated[str, typer.Argument(help="Name in the library, or a .toml file.")]
EtaOption = Annotated[str | None, typer.Option(help="ETA model, instead of the scenario's.")]
StoresOption = Annotated[
    str, typer.Option(help="memory, stack (see `dispatchlab stack`), or URLs: postgresql://...,valkey://...")
]
StrategiesOption = Annotated[str, typer.Option(help="Strategies, comma-separated.")]
SeedsOption = Annotated[str, typer.Option(help="Seeds: 1-5, or 1,2,7.")]
RunWorkersOption = Annotated[
    int, typer.Option(help="Processes that share the runs, or a run's markets; -1: one per core.")
]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="Override a key: key=value, dotted.")]
OutOption = Annotated[Path | None, typer.Option(help="Folder to write, instead of one below runs/.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def seeds_of(text: str) -> list[int]:
    """Return the seeds of ``1-5`` or ``1,2,7``."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise UserError(f"--seeds {text!r}: not a list of whole numbers such as 1-5 or 1,2,7")
        seeds += range(int(first), int(last or first) + 1)
    return list(dict.fromkeys(seeds))


def listed(text: str) -> list[str]:
    """Return the items of a comma-separated list."""
    return [item.strip() for item in text.split(",") if item.strip()]
