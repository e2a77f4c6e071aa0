"""The board of work that several processes share: they say on it how far they are, and see whether to go on.

A board is a folder, so it works wherever the folder is seen: between processes, and between the machines of a
cluster on a shared file system.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic

from sim.world import Progress

PERIOD_S = 0.2
"""How often processes write and read, in wall time."""

_OPEN = "open"
_NOTE = ".json"


@dataclass(frozen=True, slots=True)
class Board:
    """The work goes on while the file `open` is in the folder; `NAME.json` is how far the part NAME is."""

    folder: Path

    @property
    def is_open(self) -> bool:
        """Whether the work goes on; a board that was taken down is closed."""
        return (self.folder / _OPEN).exists()

    def close(self) -> None:
        """Tell everyone to stop."""
        (self.folder / _OPEN).unlink(missing_ok=True)

    def reporter(self, name: str) -> Callable[[Progress], None]:
        """Return what to tell the progress of the part `name`; it raises KeyboardInterrupt once closed."""
        due_s = 0.0

        def report(now: Progress) -> None:
            nonlocal due_s
            if monotonic() < due_s:
                return
            due_s = monotonic() + PERIOD_S
            if not self.is_open:
                raise KeyboardInterrupt
            self.note(name, now)

        return report

    def note(self, name: str, progress: Progress) -> None:
        """Write how far a part is, whole or not at all."""
        draft = self.folder / f"{name}.{os.getpid()}.draft"
        with suppress(FileNotFoundError):  # the board has just been taken down
            draft.write_text(json.dumps(asdict(progress)), encoding="utf-8")
            draft.replace(self.folder / f"{name}{_NOTE}")

    def notes(self) -> dict[str, Progress]:
        """Return how far each part is that has said so."""
        found = {}
        for path in self.folder.glob(f"*{_NOTE}"):
            found[path.name.removesuffix(_NOTE)] = Progress(**json.loads(path.read_text(encoding="utf-8")))
        return found

    @contextmanager
    def followed(self, watch: Callable[[str, Progress], None] | None) -> Iterator[None]:
        """Tell `watch` every part's progress while the block runs, from a thread of its own."""
        if watch is None:
            yield
            return
        is_over = threading.Event()

        def follow() -> None:
            while not is_over.wait(PERIOD_S):
                for name, progress in self.notes().items():
                    watch(name, progress)

        thread = threading.Thread(target=follow, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()


@contextmanager
def put_up(parent: Path, prefix: str) -> Iterator[Board]:
    """Put up an open board, a hidden folder in `parent`, and take it down at the end."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    (folder / _OPEN).touch()
    try:
        yield Board(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
