"""All servers together. Kafka takes long to start and has tests of its own: it is left out or replaced."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

import deploy.stack
from deploy.server import Server
from deploy.stack import ELSEWHERE, STARTERS, Stack
from domain.errors import UnknownNameError, UserError

PAIR = ["valkey", "postgres"]


def no_kafka(folder: Path) -> Server:
    raise UserError("no Java found")


@pytest.fixture
def stack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack that was never up, on a machine without Java."""
    monkeypatch.setitem(STARTERS, "kafka", no_kafka)
    return Stack(folder)


def test_up_starts_what_can_be_started_and_says_what_is_missing(stack: Stack) -> None:
    told: list[str] = []
    servers = stack.up(tell=told.append)
    assert list(servers) == PAIR
    assert all(server.is_running() for server in servers.values())
    assert stack.missing() == {"kafka": "no Java found"}
    assert Stack(stack.folder).missing() == stack.missing()  # another program is told the same
    assert told == ["starting valkey", "starting postgres", "starting kafka"]


def test_up_twice_and_down_twice(stack: Stack) -> None:
    first = stack.up(without=["kafka"])
    told: list[str] = []
    assert stack.up(without=["kafka"], tell=told.append) == first
    assert told == []
    stack.down()
    assert stack.status() == {}
    stack.down()
    again = stack.up(without=["kafka"])
    assert [server.url for server in again.values()] == [server.url for server in first.values()]


def test_what_was_left_out_is_said(stack: Stack) -> None:
    stack.up(without=["kafka", "postgres"])
    assert list(stack.status()) == ["valkey"]
    assert stack.missing() == {"postgres": "left out", "kafka": "left out"}


def test_one_server_ends_and_comes_back(stack: Stack) -> None:
    stack.up(without=["kafka", "postgres"])
    url = stack.url("valkey")
    stack.kill("valkey")
    with pytest.raises(UserError, match=r"valkey does not run: it ended by itself \(log: .*valkey\.log\)"):
        stack.url("valkey")
    stack.start("valkey")
    stack.stop("valkey")
    assert stack.missing()["valkey"] == "stopped"
    assert stack.start("valkey").url == url


def test_a_failed_up_leaves_nothing_running(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(folder: Path) -> Server:
        raise UserError("no space left")

    monkeypatch.setitem(STARTERS, "postgres", fails)
    with pytest.raises(UserError, match="no space left"):
        stack.up()
    assert stack.status() == {}


def test_a_failed_up_leaves_alone_what_ran_before(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stack.start("valkey")
    monkeypatch.setitem(STARTERS, "postgres", no_kafka)
    with pytest.raises(UserError):
        stack.up()
    assert stack.status() == {"valkey": before}


def test_a_full_disk_is_told_before_anything_is_started(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploy.stack, "FREE_BYTES", 2**62)
    with pytest.raises(UserError, match=r"the disk has \d+ MB free, the servers need"):
        stack.up()
    assert stack.status() == {}


def test_a_port_taken_meanwhile_is_replaced_and_that_is_said(stack: Stack) -> None:
    url = stack.start("valkey").url
    stack.stop("valkey")
    port = int(url.split(":")[-1].removesuffix("/0"))
    with socket.create_server(("127.0.0.1", port)):
        server = stack.start("valkey")
    assert server.url != url
    assert f"port {port} was taken" in server.note


def test_delete_takes_the_data_and_nothing_else(stack: Stack) -> None:
    stack.start("valkey")
    (stack.folder / "mine.txt").write_text("kept")
    stack.down(delete=True)
    assert [path.name for path in stack.folder.iterdir()] == ["mine.txt"]


def test_delete_leaves_no_empty_folder(stack: Stack) -> None:
    stack.start("valkey")
    stack.down(delete=True)
    assert not stack.folder.exists()
    stack.down(delete=True)  # harmless


def test_a_folder_with_other_things_is_not_taken(stack: Stack) -> None:
    (stack.folder / "valkey").mkdir(parents=True)
    with pytest.raises(UserError, match="holds 'valkey' and no stack: choose a new or empty folder"):
        stack.up()
    stack.down(delete=True)
    assert (stack.folder / "valkey").is_dir()


def test_unknown_servers_are_refused(stack: Stack) -> None:
    for call in (stack.start, stack.stop, stack.kill, stack.url):
        with pytest.raises(UnknownNameError, match="unknown server 'valky'; did you mean 'valkey'"):
            call("valky")
    with pytest.raises(UnknownNameError):
        stack.up(without=["valky"])


def test_the_environment_s_servers_come_first(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ELSEWHERE.values():
        monkeypatch.delenv(variable, raising=False)
    server = stack.start("valkey")
    assert stack.urls() == {"valkey": server.url}
    monkeypatch.setenv(ELSEWHERE["valkey"], "valkey://elsewhere:1/0")
    monkeypatch.setenv(ELSEWHERE["kafka"], "elsewhere:2")
    assert stack.urls() == {"valkey": "valkey://elsewhere:1/0", "kafka": "elsewhere:2"}


def test_the_default_folder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("DISPATCHLAB_STACK", str(folder))
    assert Stack().folder == folder.resolve()
    monkeypatch.delenv("DISPATCHLAB_STACK")
    home = Path.home()
    assert Stack().folder.is_relative_to(home) == (os.geteuid() != 0)
