"""A short chaos run; the long one is ``python -m tests.chaos``."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.stack import Stack
from tests.chaos.__main__ import chaos, kill_simulators
from tests.servers import server


@pytest.fixture(scope="module")
def stack() -> object:
    """Servers of our own, to be killed; those of the other tests stay alive."""
    names = "valkey", "postgres", "kafka"
    for name in names:
        server(name)  # or skip
    with TemporaryDirectory(prefix="dispatchlab-chaos-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL's user must be able to pass, where this one is root
        stack = Stack(Path(folder) / "stack")
        try:
            for name in names:
                stack.start(name)  # `up` would do without Kafka
            yield stack
        finally:
            stack.down(delete=True)


@pytest.mark.slow
def test_processes_and_servers_that_are_killed_lose_nothing_and_do_nothing_twice(
    stack: Stack, tmp_path: Path
) -> None:
    counts = chaos(stack, tmp_path, times=2, orders=200, seed=7)
    assert counts["orders"] == counts["completed"] + counts["cancelled"] == 200
    assert counts["audit rows"] == counts["events"]
    assert counts["payments settled"] == counts["events processed"] == 200


@pytest.mark.slow
def test_what_a_killed_simulation_leaves_is_finished(stack: Stack, tmp_path: Path) -> None:
    counts = kill_simulators(stack, tmp_path, times=1, seed=7)
    assert counts["orders"] == counts["completed"] + counts["cancelled"] > 0
    assert counts["audit rows"] == counts["events"]
