"""docs/cli.md, written from the commands themselves: ``python tests/docs/cli_reference.py docs/cli.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from cli import app
from reports.machine import COMPARE_KEYS, RUN_KEYS
from reports.sweep_files import RESULT_KEYS, SWEEP_KEYS

HEAD = """# Command line

Written by `make docs` from the commands themselves. Errors are one line on standard error, with exit code 2;
an interrupted run exits with 130 and keeps what it has. `--help` works on every command.
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command that does something: its words after `dispatchlab`, and its click object."""
    yield from _below((), typer.main.get_command(app))


def _below(path: tuple[str, ...], command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(path), command
        return
    for name, child in children.items():
        yield from _below((*path, name), child)


def page() -> str:
    """Return the whole Markdown page."""
    sections = [_section(path, command) for path, command in commands()]
    keys = {"run": RUN_KEYS, "compare": COMPARE_KEYS, "sweep": {**SWEEP_KEYS, **RESULT_KEYS}}
    return "\n".join([HEAD, *sections, *(_keys(f"{name} --json", each) for name, each in keys.items())])


def _keys(command: str, keys: dict[str, str]) -> str:
    """Return the table of the keys of a JSON object; they are stable."""
    rows = [f"| `{key}` | {meaning} |" for key, meaning in keys.items()]
    note = "`report --json` prints the same." if command.startswith("compare") else "One object, one line."
    return "\n".join([f"## Keys of {command}", "", note, "", "| key | meaning |", "|---|---|", *rows, ""])


def _section(path: str, command: Any) -> str:
    params = [param for param in command.params if "--help" not in param.opts]
    words = [_usage(param) for param in params if param.param_type_name == "argument"]
    options = " [OPTIONS]" if any(param.param_type_name == "option" for param in params) else ""
    usage = f"dispatchlab {path}{options}{''.join(f' {word}' for word in words)}"
    lines = [f"## dispatchlab {path}", "", f"`{usage}`", "", (command.help or "").strip(), ""]
    if params:
        lines += ["| | default | meaning |", "|---|---|---|", *map(_row, params), ""]
    return "\n".join(lines)


def _usage(param: Any) -> str:
    return f"{param.name.upper()}{'...' if param.nargs == -1 else ''}"


def _row(param: Any) -> str:
    is_argument = param.param_type_name == "argument"
    name = _usage(param) if is_argument else ", ".join([*param.opts, *param.secondary_opts])
    default = "needed" if param.required else _default(param.default)
    return f"| `{name}` | {default} | {param.help or ''} |"


def _default(value: Any) -> str:
    if value is None or value is False or callable(value):
        return ""
    return f"`{value}`"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
