"""Memory is the meaning of the ports: the same commands give the same answers and leave the same rows."""

from __future__ import annotations

import pytest

from adapters.memory import memory_stores
from domain.events import EventKind
from services.drive import drive
from tests.adapters.postgres.commands import Commands, everything
from tests.contract.stores.backend import Backend

COMMANDS = 800


@pytest.mark.parametrize("seed", range(3))
def test_random_commands_do_on_postgres_what_they_do_in_memory(backend: Backend, seed: int) -> None:
    ours, theirs = backend.stores, memory_stores()
    here, there = Commands(seed), Commands(seed)
    for _ in range(COMMANDS):
        expected = drive(there.one(theirs))
        assert backend.run(here.one(ours)) == expected
    rows = drive(everything(theirs, there.latest))
    assert backend.run(everything(ours, here.latest)) == rows
    assert {event.kind for event in rows["outbox"]} == set(EventKind) - {EventKind.DRIVERS_MOVED}
