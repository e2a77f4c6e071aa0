"""What all tests share: a small generated city, the rule of data-marked tests, the end of real servers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from roads.city import City
from roads.compiling import compile_city
from roads.sources.builtin import read_builtin

ROOT = Path(__file__).parents[1]

settings.register_profile("dispatchlab", deadline=None)  # the first call may load compiled kernels
settings.load_profile("dispatchlab")


def data_folder() -> Path:
    """Return the data folder as the program sees it from the project's root."""
    return ROOT / (os.environ.get("DISPATCHLAB_DATA") or "../shared/data")


def is_gate() -> bool:
    """Tell whether this run is the gate, where no data-marked test may be skipped."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


@pytest.fixture(scope="session")
def riverton() -> City:
    """Return a small generated city, compiled once per session."""
    return compile_city(read_builtin(size=24), name="riverton")


@pytest.fixture(autouse=True)
def _from_the_root(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let data-marked tests find the data from wherever pytest was started."""
    if request.node.get_closest_marker("data"):
        monkeypatch.setenv("DISPATCHLAB_DATA", str(data_folder().resolve()))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip data-marked tests without the data, saying so; at the gate, fail them."""
    if item.get_closest_marker("data") is None or data_folder().is_dir():
        return
    reason = f"no data folder at {data_folder()}: set DISPATCHLAB_DATA"
    if is_gate():
        pytest.fail(f"{reason} (CI is set: tests of real data must run)", pytrace=False)
    pytest.skip(reason)


WORKERS_REPORTS = pytest.StashKey[list[str]]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the real servers that tests have started; a worker of pytest-xdist tells which there were."""
    from tests import servers  # it needs `is_gate`

    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["servers"] = servers.report()
    servers.stop_all()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear which real servers a worker of pytest-xdist had."""
    told = getattr(node, "workeroutput", {}).get("servers", [])
    node.config.stash.setdefault(WORKERS_REPORTS, []).extend(told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which real servers the tests ran on, and which were not to be had."""
    from tests import servers

    lines = sorted({*servers.report(), *config.stash.get(WORKERS_REPORTS, [])})
    if lines:
        terminalreporter.section("real servers")
        terminalreporter.write_line("\n".join(lines))
