"""Every command and every piece of Python in the README and the docs.

Commands are the lines ``$ …`` of ```console blocks. All are parsed; those of the pages in `EXECUTED` are run
too, in order, in one empty folder, made small (fewer seeds and minutes).
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import typer

import cli
from deploy.stack import Stack
from scenarios import load_scenario
from tests.servers import server

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXECUTED = ["README.md", "docs/getting-started.md", "docs/scenarios.md"]
SMALL = {
    "run": ["--set", "hours=0.05"],
    "compare": ["--set", "hours=0.05", "--seeds", "1,2", "--workers", "1"],
    "sweep": ["--set", "hours=0.05", "--seeds", "1", "--workers", "1"],
}
OTHER_PROGRAMS = ("git", "cd", "source", "python", "pip", "pytest", "dask", "ray")


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of each command of a page."""
    for block in blocks(page, "console"):
        joined = block.replace("\\\n", " ")
        yield from (shlex.split(line[2:], comments=True) for line in joined.splitlines() if line[:2] == "$ ")


ALL = [(page.relative_to(ROOT).as_posix(), words) for page in PAGES for words in commands(page)]


def leaf(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that words call, and its own arguments."""
    command: Any = typer.main.get_command(cli.app)
    while hasattr(command, "commands"):
        assert words, "a group of commands, not a command"
        if words[0] not in command.commands and hasattr(command, "default_command"):
            words = [command.default_command, *words]
        assert words[0] in command.commands, f"no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize(
    ("page", "words"), ALL, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_commands_exist_and_parse(page: str, words: list[str]) -> None:
    program, *rest = [word for word in words if not re.fullmatch(r"[A-Z_]+=.*", word)]
    if program == "dispatchlab":
        command, arguments = leaf(rest)
        if "--help" not in arguments:
            command.make_context(command.name, list(arguments))
    elif program == "make":
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert set(rest) <= set(targets)
    else:
        assert program in OTHER_PROGRAMS, f"{page}: what is {program!r}?"


def runnable(page: str, need: str) -> list[list[str]]:
    """Return the commands of a page that run offline and need this: "data", the "stack", or "" nothing."""
    return [
        words[1:]
        for words in commands(ROOT / page)
        if words[0] == "dispatchlab" and words[1:3] != ["city", "import"] and _need(words) == need
    ]


def _need(words: list[str]) -> str:
    if words[1] in ("stack", "db", "worker") or "--stores" in words:
        return "stack"
    return "data" if words[1] in ("run", "compare", "sweep") and _needs_data(words[2]) else ""


def _needs_data(scenario: str) -> bool:
    markets = load_scenario(scenario).markets
    return any(market.trace or not market.city.source.startswith("builtin:") for market in markets)


def execute(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch, need: str) -> None:
    """Run a page's commands in order, as a reader would."""
    monkeypatch.chdir(folder)
    for words in runnable(page, need):
        monkeypatch.setattr("sys.argv", ["dispatchlab", *words, *SMALL.get(words[0], [])])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 0, f"{page}: dispatchlab {shlex.join(words)}"


@pytest.mark.slow
@pytest.mark.parametrize("page", EXECUTED)
def test_pages_run_from_top_to_bottom(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(page, tmp_path, monkeypatch, "")


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("page", [page for page in EXECUTED if runnable(page, "data")])
def test_pages_run_with_the_data_folder(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(page, tmp_path, monkeypatch, "data")


@pytest.mark.slow
def test_the_readme_runs_on_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("valkey", "postgres"):
        server(name)  # or skip
    with TemporaryDirectory(prefix="dispatchlab-stack-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL's user must be able to pass, where this one is root
        monkeypatch.setenv("DISPATCHLAB_STACK", f"{folder}/stack")
        try:
            execute("README.md", tmp_path, monkeypatch, "stack")
        finally:
            Stack().down(delete=True)


def test_the_python_in_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for block in blocks(ROOT / "README.md", "python"):
        exec(compile(block, "README.md", "exec"), names)
    assert capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_names_the_supported_pythons() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = [c.rsplit(" ", 1)[1] for c in project["classifiers"] if "Python :: 3." in c]
    assert named
    assert all(version in text for version in named)
