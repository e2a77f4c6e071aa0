"""What a user gets from the package index: the wheel, in an empty environment, from another folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from matching.conformance import CHECKS

ROOT = Path(__file__).parents[2]
ROOMS = {
    "adapters",
    "benchmarks",
    "deploy",
    "domain",
    "eta",
    "lab",
    "matching",
    "reports",
    "roads",
    "scenarios",
    "services",
    "sim",
}

pytestmark = pytest.mark.slow


def call(*command: str | Path, folder: Path, stdin: str | None = None) -> str:
    """Run a command outside the project, without anything of it on the path; return what it prints."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    result = subprocess.run(
        command,
        cwd=folder,
        env=variables,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout[-2000:]}\n{result.stderr[-4000:]}"
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, folder=out)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_the_rooms_and_nothing_else_at_its_root(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    roots = {name.split("/")[0] for name in names}
    assert roots - {root for root in roots if root.endswith(".dist-info")} == {*ROOMS, "cli.py"}
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_the_wheel_carries_data_types_and_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    library = {f"scenarios/library/{path.name}" for path in (ROOT / "scenarios" / "library").glob("*.toml")}
    templates = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "reports" / "templates").rglob("*")
        if path.is_file()
    }
    server_side = {
        path.relative_to(ROOT).as_posix()
        for folder in ("adapters/postgres/migrations", "adapters/valkey/lua")
        for path in (ROOT / folder).iterdir()
    }
    assert library
    assert templates
    assert server_side
    assert library | templates | server_side | {f"{room}/py.typed" for room in ROOMS} <= names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def environment(folder: Path, wheel: Path, extras: str = "") -> Path:
    """Make an environment of the wheel alone, with these extras; return its folder of programs."""
    call(sys.executable, "-m", "venv", folder / "venv", folder=folder)
    programs = folder / "venv" / "bin"
    install = (programs / "python", "-m", "pip", "install", "--quiet", "--constraint", constraints(folder))
    call(*install, f"{wheel}{extras}", folder=folder)
    return programs


def test_an_empty_environment_runs_the_quickstart(wheel: Path, tmp_path: Path) -> None:
    programs = environment(tmp_path, wheel, "[lab]")
    printed = call(
        programs / "dispatchlab", "run", "quickstart", "--set", "hours=0.1", "--json", folder=tmp_path
    )
    summary = json.loads(printed)
    assert summary["scenario"] == "quickstart"
    assert summary["orders_placed"] > 0
    assert (tmp_path / summary["report"]).is_file()


@pytest.fixture(scope="module")
def library(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment that has no extra at all."""
    return environment(tmp_path_factory.mktemp("library"), wheel)


def test_without_extras_it_is_numpy_scipy_and_numba(library: Path, tmp_path: Path) -> None:
    listed = json.loads(call(library / "python", "-m", "pip", "list", "--format=json", folder=tmp_path))
    assert {each["name"] for each in listed} - {"pip", "setuptools"} == {
        "dispatchlab",
        "llvmlite",
        "numba",
        "numpy",
        "scipy",
    }


def test_without_extras_the_example_service_dispatches(library: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    asked = (tmp_path / "examples" / "window.json").read_text(encoding="utf-8")
    service = (library / "python", tmp_path / "examples" / "service.py")
    answered = json.loads(call(*service, folder=tmp_path, stdin=asked))
    assert set(answered["assignments"]) == {"o1", "o2", "o3"}


def test_without_extras_strategies_conform_and_eta_models_load(library: Path, tmp_path: Path) -> None:
    printed = call(library / "python", "-m", "matching.conformance", "batch", folder=tmp_path)
    assert printed.count("pass") == len(CHECKS)
    loads = "from eta.registry import load_eta_model; load_eta_model('multi_factor')"
    call(library / "python", "-c", loads, folder=tmp_path)


def test_without_extras_the_command_names_the_one_it_needs(library: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [library / "dispatchlab"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == ("dispatchlab: the command line needs an extra: pip install 'dispatchlab[lab]'\n")


def constraints(folder: Path) -> Path:
    """Write the lock's pins without hashes: pip would want a hash of our own wheel, too."""
    lines = (ROOT / "requirements" / "all.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.removesuffix("\\").strip() for line in lines if "==" in line and not line.startswith(" ")]
    path = folder / "constraints.txt"
    path.write_text("\n".join(pins) + "\n", encoding="utf-8")
    return path


def test_the_version_is_in_the_changelog() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
