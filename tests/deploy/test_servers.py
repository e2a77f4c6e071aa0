"""tests/servers.py: no test of a real store passes by not running."""

from __future__ import annotations

import os

import pytest

from deploy.stack import Stack
from domain.errors import UserError
from tests import servers


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this session's own servers out of it."""
    monkeypatch.setattr(servers, "_asked", {})
    monkeypatch.setattr(servers, "_find", servers._find.__wrapped__)
    for variable in (*servers.GIVEN.values(), servers.WAIVER, "CI"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no server can be started."""

    def fails(stack: Stack, name: str) -> None:
        raise UserError(f"no {name} program found")

    monkeypatch.setattr(Stack, "start", fails)


@pytest.mark.usefixtures("nothing_starts")
def test_without_a_server_a_test_is_skipped_with_the_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="no valkey: no valkey program found"):
        servers.server("valkey")
    assert servers.report() == ["valkey: SKIPPED, no valkey program found"]


@pytest.mark.usefixtures("nothing_starts")
def test_at_the_gate_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    for name in servers.GIVEN:
        with pytest.raises(pytest.fail.Exception, match="tests of real servers must run"):
            servers.server(name)


def test_only_kafka_is_waived_at_the_gate_and_that_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv(servers.WAIVER, "its registry is out of reach")
    with pytest.raises(pytest.skip.Exception, match="its registry is out of reach"):
        servers.server("kafka")
    assert servers.report() == ["kafka: SKIPPED, its registry is out of reach"]


def test_a_given_server_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "somewhere:9092")
    assert servers.server("kafka") == "somewhere:9092"
    assert servers.report() == ["kafka: given by KAFKA_BOOTSTRAP"]


@pytest.mark.parametrize("is_gate", [False, True])
def test_what_needs_postgis_does_not_run_without(monkeypatch: pytest.MonkeyPatch, is_gate: bool) -> None:
    monkeypatch.setenv("DISPATCHLAB_TEST_POSTGRES", "postgresql://somewhere/else")
    monkeypatch.setattr(servers, "_postgis", lambda url: "")
    if is_gate:
        monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception if is_gate else pytest.skip.Exception, match="has no PostGIS"):
        servers.postgres_with_postgis()
    assert "postgis: SKIPPED, this PostgreSQL has none" in servers.report()


def test_the_session_s_own_servers_work_and_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert servers.server("valkey") == servers.server("valkey")
    assert "valkey" in servers.report()[0]
    assert os.environ.get(servers.GIVEN["valkey"]) is None
