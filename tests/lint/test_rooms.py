"""The arrows between rooms, and what a release consists of."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = PROJECT["tool"]["importlinter"]["root_packages"]


def test_imports_point_along_the_arrows() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_room_has_a_contract_of_its_own() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    sources = [contract["source_modules"] for contract in contracts]
    assert all([room] in sources for room in ROOMS)
    for contract in contracts[: len(ROOMS)]:
        assert {"cli", "lab"} - {*contract["source_modules"]} <= {*contract["forbidden_modules"]}, contract[
            "name"
        ]


def test_the_wheel_and_mypy_cover_every_room() -> None:
    expected = sorted([*ROOMS, "cli"])
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert sorted(name.removesuffix(".py") for name in included) == expected
    assert sorted(PROJECT["tool"]["mypy"]["packages"]) == expected


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_are_typed_and_say_what_they_are(room: str) -> None:
    assert (ROOT / room / "py.typed").is_file()
    assert (ROOT / room / "__init__.py").read_text(encoding="utf-8").startswith('"""')


@pytest.mark.parametrize("name", ["all.txt", "dev.txt"])
def test_the_lock_is_pinned_and_hashed_and_names_no_address(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    for entry in entries:
        assert re.match(r"[\w.-]+(\[[\w,]+\])?==\S+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


@pytest.mark.parametrize("extra", ["all", "build", "dev"])
def test_the_lock_holds_every_dependency(extra: str) -> None:
    wanted = _names(PROJECT["project"]["dependencies"]) | _names(_expanded(extra))
    locked = (ROOT / "requirements" / ("dev.txt" if extra == "dev" else "all.txt")).read_text(
        encoding="utf-8"
    )
    names = {_normal(name) for name in re.findall(r"^([\w.-]+)==", locked, re.MULTILINE)}
    assert wanted <= names, f"run `make lock`: {sorted(wanted - names)} not locked"


def _expanded(extra: str) -> list[str]:
    found = []
    for requirement in PROJECT["project"]["optional-dependencies"][extra]:
        inner = re.fullmatch(r"dispatchlab\[([\w,]+)\]", requirement)
        parts = [_expanded(name) for name in inner[1].split(",")] if inner else [[requirement]]
        found += [name for part in parts for name in part]
    return found


def _names(requirements: list[str]) -> set[str]:
    return {_normal(re.split(r"[^\w.-]", text, maxsplit=1)[0]) for text in requirements}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
