"""Clusters of the tests, started as a user would; where a package is missing, see `need`."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import ROOT, is_gate

PACKAGES = {"dask": "distributed", "ray": "ray"}
_PATIENCE_S = 300.0


def need(engine: str) -> None:
    """Skip the test without the engine's package; at the gate, fail it."""
    if find_spec(PACKAGES[engine]) is not None:
        return
    reason = f"no {PACKAGES[engine]}: pip install 'dispatchlab[{engine}]'"
    if is_gate():
        pytest.fail(f"{reason} (CI is set: tests of engines must run)", pytrace=False)
    pytest.skip(reason)


def environment() -> dict[str, str]:
    """Return the environment of clusters and sweeps; Ray's token is one of this session's alone."""
    token = os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    ray = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token, "RAY_USAGE_STATS_ENABLED": "0"}
    return {**os.environ, **ray, "PYTHONPATH": str(ROOT)}


@contextmanager
def cluster(engine: str, folder: Path) -> Iterator[str]:
    """Start a cluster of two workers in another folder, and give its address."""
    port = _free_port()
    programs = Path(sys.executable).parent
    if engine == "dask":
        address = f"tcp://127.0.0.1:{port}"
        commands = [
            [programs / "dask", "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
            [programs / "dask", "worker", address, "--nworkers", "2", "--nthreads", "1", "--no-dashboard"],
        ]
    else:
        address = f"127.0.0.1:{port}"
        head = ["--head", "--node-ip-address", "127.0.0.1", "--port", str(port), "--num-cpus", "2"]
        commands = [[programs / "ray", "start", *head, "--include-dashboard", "false", "--block"]]
    with (folder / "cluster.log").open("wb") as log:
        started = []
        for command in commands:
            process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=log, stderr=log)
            started.append(process)
            _wait_for(port, process, folder / "cluster.log")
        if engine == "ray":
            _wait_for_text(folder / "cluster.log", "runtime started")
        try:
            yield address
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(_PATIENCE_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text("utf-8", "replace")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError(f"nothing listens at {port}: {log.read_text('utf-8', 'replace')}")


def _wait_for_text(path: Path, text: str) -> None:
    until = time.monotonic() + _PATIENCE_S
    while text not in path.read_text("utf-8", "replace") and time.monotonic() < until:
        time.sleep(0.2)
