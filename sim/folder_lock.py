"""One writer at a time in a folder of runs, and no leftovers of those that were killed."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import UserError

_LOCK = ".lock"
_LEFTOVERS = (".*.partial", ".*.old", ".*.parts-*", ".board-*")
"""What `sim.run_writer` and `sim.board` keep while they work."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder, made if need be, for this process alone, and clear it of what dead writers have left.

    The lock goes with the process, however it ends.

    Raises:
        UserError: another process holds it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / _LOCK).open("w")
    except OSError as error:
        raise UserError(f"{folder}: cannot write there: {error.strerror or error}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"{folder}: another sweep is writing there; wait for it, or use --out") from None
        for pattern in _LEFTOVERS:
            for left in folder.glob(pattern):
                shutil.rmtree(left, ignore_errors=True)
        try:
            yield
        finally:
            if [path.name for path in folder.iterdir()] == [_LOCK]:  # nothing came of it
                shutil.rmtree(folder, ignore_errors=True)
