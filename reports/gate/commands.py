"""The command line `dispatchlab gate`: check (which needs not be said) and update."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from domain.errors import UnknownNameError, UserError
from reports.gate.baseline import baseline_of
from reports.gate.check import PARTS, check
from reports.gate.files import read_baseline, write_baseline, write_text
from reports.gate.markdown import to_markdown
from reports.gate.table import gate_table
from reports.run import Run, find_runs

FAILED = 1
WIDTH = 150  # a table is not cut where the output is no terminal


class GateGroup(TyperGroup):
    """A group whose command `check` may be left out: ``gate --baseline FILE RUN...``."""

    default_command = "check"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command in front of words that name none; alone, and with --help, help is shown."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [self.default_command, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=GateGroup,
    no_args_is_help=True,
    help="Hold runs against a baseline: `gate --baseline FILE RUN...`, and `gate update` to make one.",
)
screen = Console() if Console().is_terminal else Console(width=WIDTH)
notes = Console(stderr=True)

RunsArgument = Annotated[
    list[Path], typer.Argument(help="Run folders, or folders that hold them; a seed's runs are repeats.")
]


@app.command("check")
def gate_check(
    runs: RunsArgument,
    baseline: Annotated[Path, typer.Option(help="The baseline, a JSON file.")],
    only: Annotated[str | None, typer.Option(help="Check quality or speed alone.")] = None,
    markdown: Annotated[
        str | None, typer.Option(help="Write the table as Markdown, too: a file, or - for standard output.")
    ] = None,
) -> None:
    """Compare runs with a baseline; the word `check` may be left out.

    Exit code 0 if nothing is worse than its tolerance, 1 if something is, 2 if it cannot be told.
    """
    if only is not None and only not in PARTS:
        raise UnknownNameError("part for --only", only, PARTS)
    outcome = check(read_baseline(baseline), _open(runs), source=str(baseline), only=only)
    if markdown == "-":
        sys.stdout.write(to_markdown(outcome))
    else:
        screen.print(gate_table(outcome))
    if markdown not in (None, "-"):
        write_text(Path(markdown), to_markdown(outcome))
    if not outcome.passed:
        raise typer.Exit(FAILED)


@app.command("update")
def gate_update(
    runs: RunsArgument,
    baseline: Annotated[Path, typer.Option(help="The baseline to write; its tolerances stay.")],
) -> None:
    """Make runs the baseline, keeping the tolerances of the one that is there."""
    found = baseline_of(_open(runs), read_baseline(baseline) if baseline.exists() else None)
    write_baseline(baseline, found)
    if found.machine is None:
        notes.print("no run was calibrated: a gate with this baseline needs --only quality", highlight=False)
    pairs = sum(len(by_seed) for by_seed in found.runs.values())
    screen.print(
        f"baseline: {baseline}: {', '.join(found.runs)}; {pairs} pairs of strategy and seed",
        soft_wrap=True,
        highlight=False,
    )


def _open(folders: list[Path]) -> list[Run]:
    """Open runs, each once however often it is named."""
    found = {run.path.resolve(): run for folder in folders for run in find_runs(folder)}
    if not found:
        raise UserError("no runs")
    return list(found.values())
