"""The same sweep on this machine's processes, on Dask and on Ray: the same results."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.clusters import cluster, environment, need
from tests.simulation.sweeps import assert_same, finish

ENGINES = ["dask", "ray"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sweep by processes of this machine."""
    folder = tmp_path_factory.mktemp("engines") / "local"
    done = finish(out=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(autouse=True)
def _one_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give sweeps the environment that clusters have."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_an_existing_cluster_gives_the_same_sweep(engine: str, here: Path, tmp_path: Path) -> None:
    need(engine)
    with cluster(engine, tmp_path) as address:
        done = finish("--engine", engine, "--address", address, out=tmp_path / "swept")
    assert done.returncode == 0, done.stderr
    assert_same(here, tmp_path / "swept")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_without_an_address_a_cluster_is_started(engine: str, here: Path, tmp_path: Path) -> None:
    need(engine)
    done = finish("--engine", engine, out=tmp_path / "swept")
    assert done.returncode == 0, done.stderr
    assert_same(here, tmp_path / "swept")
