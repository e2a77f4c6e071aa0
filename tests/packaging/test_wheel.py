"""What a user gets from the package index: the wheel, in an empty environment, from another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {
    "adapters",
    "deploy",
    "domain",
    "eta",
    "matching",
    "reports",
    "roads",
    "scenarios",
    "services",
    "sim",
}

pytestmark = pytest.mark.slow


def call(*command: str | Path, folder: Path) -> str:
    """Run a command outside the project, without anything of it on the path; return what it prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=900
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


def test_an_empty_environment_runs_the_quickstart(wheel: Path, tmp_path: Path) -> None:
    call(sys.executable, "-m", "venv", tmp_path / "venv", folder=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    call(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--constraint",
        constraints(tmp_path),
        wheel,
        folder=tmp_path,
    )
    command = tmp_path / "venv" / "bin" / "dispatchlab"
    printed = call(command, "run", "quickstart", "--set", "hours=0.1", "--json", folder=tmp_path)
    summary = json.loads(printed)
    assert summary["scenario"] == "quickstart"
    assert summary["orders_placed"] > 0
    assert (tmp_path / summary["report"]).is_file()


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
