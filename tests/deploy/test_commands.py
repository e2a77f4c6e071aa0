"""`dispatchlab stack`, as a user types it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cli
from deploy.server import Server
from deploy.stack import STARTERS, Stack
from domain.errors import UserError


def no_kafka(folder: Path) -> Server:
    raise UserError("no Java found")


class Typed:
    """Types commands, and reads what they print."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: object) -> tuple[int, str, str]:
        """Return exit code, standard output, standard error."""
        self._monkeypatch.setattr("sys.argv", ["dispatchlab", "stack", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = self._capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Typed]:
    """Types commands on a machine without Java."""
    monkeypatch.setitem(STARTERS, "kafka", no_kafka)
    return Typed(monkeypatch, capsys)


def test_up_status_down(typed: Typed, folder: Path) -> None:
    code, table, progress = typed("up", "--data", folder)
    assert code == 0
    assert progress.splitlines() == ["starting valkey", "starting postgres", "starting kafka"]
    servers = Stack(folder).status()
    for name, server in servers.items():
        assert re.search(rf"{name} +{re.escape(server.version)} +{re.escape(server.shown_url)} *\n", table)
        assert server.note in table
    assert re.search(r"kafka +does not run *\n +no Java found", table)

    assert typed("status", "--data", folder) == (0, table, "")

    code, printed, _ = typed("status", "--data", folder, "--json")
    answer = json.loads(printed)
    assert code == 0
    assert {name: entry["url"] for name, entry in answer["servers"].items()} == {
        name: server.url for name, server in servers.items()
    }
    assert answer["missing"] == {"kafka": "no Java found"}

    assert typed("down", "--data", folder)[::2] == (0, "stopping postgres\nstopping valkey\n")
    assert typed("down", "--data", folder)[::2] == (0, f"nothing runs in {folder}\n")
    assert "stopped" in typed("status", "--data", folder)[1]


def test_passwords_are_shown_on_demand_only(typed: Typed, folder: Path) -> None:
    _, table, _ = typed("up", "--data", folder)
    password = (folder / "postgres" / "password").read_text().strip()
    assert password not in table
    assert ":***@" in table
    assert Stack(folder).url("postgres") in typed("status", "--data", folder, "--show-passwords")[1]


def test_delete(typed: Typed, folder: Path) -> None:
    typed("up", "--data", folder, "--without", "postgres")
    assert typed("down", "--delete", "--data", folder)[0] == 0
    assert not folder.exists()


def test_before_the_first_up(typed: Typed, folder: Path) -> None:
    code, table, _ = typed("status", "--data", folder)
    assert code == 0
    assert table.count("never started") == 3
    assert typed("down", "--data", folder)[::2] == (0, f"nothing runs in {folder}\n")
    assert not folder.exists()


def test_what_cannot_be_done_is_told_in_one_line(typed: Typed, folder: Path) -> None:
    folder.write_text("a file")
    for words in (["up", "--data", folder], ["up", "--data", folder.parent, "--without", "valky"]):
        code, printed, error = typed(*words)
        assert (code, printed) == (2, "")
        assert error.startswith("dispatchlab: ")
        assert error.count("\n") == 1
