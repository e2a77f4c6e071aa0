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
_NOTE, _FINISHED = ".json", ".finished"


@dataclass(frozen=True, slots=True)
class Board:
    """The work goes on while the file `open` is in the folder.

    `NAME.MARKET.json` says how far a market of the run NAME is, and `NAME.finished` that the run is done.
    """

    folder: Path

    @property
    def is_open(self) -> bool:
        """Whether the work goes on; a board that was taken down is closed."""
        return (self.folder / _OPEN).exists()

    def close(self) -> None:
        """Tell everyone to stop."""
        (self.folder / _OPEN).unlink(missing_ok=True)

    def reporter(self, name: str) -> Callable[[Progress], None]:
        """Return what to tell the progress of the run `name`; it raises KeyboardInterrupt once closed."""
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
        """Write how far a market of a run is, whole or not at all."""
        draft = self.folder / f"{name}.{progress.market}.{os.getpid()}.draft"
        with suppress(FileNotFoundError):  # the board has just been taken down
            draft.write_text(json.dumps(asdict(progress)), encoding="utf-8")
            draft.replace(self.folder / f"{name}.{progress.market}{_NOTE}")

    def finish(self, name: str) -> None:
        """Write that a run is done."""
        with suppress(FileNotFoundError):
            (self.folder / f"{name}{_FINISHED}").touch()

    def notes(self) -> list[tuple[str, Progress]]:
        """Return how far each market is of which there is a note, and the name of its run."""
        notes = [(path.name, json.loads(path.read_text("utf-8"))) for path in self.folder.glob(f"*{_NOTE}")]
        return [(name.rsplit(".", 2)[0], Progress(**said)) for name, said in sorted(notes)]

    def finished(self) -> list[str]:
        """Return the runs that are done."""
        return sorted(path.name.removesuffix(_FINISHED) for path in self.folder.glob(f"*{_FINISHED}"))

    def runs_worth(self) -> float:
        """Return how many runs' worth of work is done: finished ones, and the shares of those under way."""
        finished = set(self.finished())
        under_way = (now.share / now.markets for name, now in self.notes() if name not in finished)
        return len(finished) + sum(under_way)

    @contextmanager
    def followed(self, look: Callable[[Board], None] | None) -> Iterator[None]:
        """Let `look` see the board every while, and at the end of the block, from a thread of its own."""
        if look is None:
            yield
            return
        is_over = threading.Event()

        def follow() -> None:
            while not is_over.wait(PERIOD_S):
                look(self)
            look(self)

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
