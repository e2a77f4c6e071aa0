"""Processes by pid: does it run, is it still the same one, tell it to end."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from domain.errors import UserError

PROC = Path("/proc")


def began(pid: int) -> str | None:
    """Return when the running process `pid` began, as a text that no later one of this pid shares.

    None when it does not run; a zombie does not run.
    """
    return _began_by_proc(pid) if (PROC / "self" / "stat").exists() else _began_by_ps(pid)


def _began_by_proc(pid: int) -> str | None:
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        boot = (PROC / "sys" / "kernel" / "random" / "boot_id").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = ["", *stat.rpartition(")")[2].split()]  # fields[1] is proc's field 3
    state, threads, ticks = fields[1], fields[18], fields[20]
    # A zombie's other threads may still be ending, and hold its ports until they have.
    ended = state == "X" or (state == "Z" and int(threads) <= 1)
    return None if ended else f"{boot} {ticks}"


def _began_by_ps(pid: int) -> str | None:
    """macOS has no /proc."""
    command = ["ps", "-p", str(pid), "-o", "stat=,lstart="]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    state, _, start = said.strip().partition(" ")
    return None if not start or state.startswith("Z") else start.strip()


def is_zombie(pid: int) -> bool:
    """Tell whether `pid` has ended, and nobody waited for it yet."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return began(pid) is None


def works_in(folder: Path) -> bool:
    """Tell whether the working folder of some process is `folder`; False where there is no /proc."""
    for link in PROC.glob("[0-9]*/cwd"):
        try:
            if link.readlink() == folder:
                return True
        except OSError:  # it ended meanwhile, or is another user's
            continue
    return False


def signal_process(pid: int, number: int) -> None:
    """Send a signal; a process that is gone is no error.

    Raises:
        UserError: the process belongs to another user.
    """
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        raise UserError(f"process {pid} belongs to another user: stop it as that user") from None
