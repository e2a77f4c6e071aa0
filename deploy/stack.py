"""All servers together, in one folder: a subfolder per server; `stack.json` tells what is missing and why."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from platformdirs import user_data_dir

from deploy.kafka import start_kafka
from deploy.postgres import start_postgres
from deploy.server import Server, find, last_server, lock, prepared
from deploy.valkey import start_valkey
from domain.errors import UnknownNameError, UserError

STARTERS: dict[str, Callable[[Path], Server]] = {
    "valkey": start_valkey,
    "postgres": start_postgres,
    "kafka": start_kafka,
}
ELSEWHERE = {
    "valkey": "DISPATCHLAB_VALKEY",
    "postgres": "DISPATCHLAB_POSTGRES",
    "kafka": "DISPATCHLAB_KAFKA",
}
"""Environment variables with the URLs of servers that run elsewhere, in containers for one."""
OPTIONAL = ("kafka",)
"""Without these the stack is whole enough: events stay in the process."""
FREE_BYTES = 300 * 2**20
"""What the servers need of the disk at first: full disks are told before, not by half-made data."""

Tell = Callable[[str], None]


def default_folder() -> Path:
    """Return where the stack's data lie unless told: DISPATCHLAB_STACK, else among the user's data.

    Root's servers run as another user, who cannot enter root's home: theirs lie below /var/lib.
    """
    chosen = os.environ.get("DISPATCHLAB_STACK")
    if chosen:
        return Path(chosen)
    if os.name == "posix" and os.geteuid() == 0:
        return Path("/var/lib/dispatchlab/stack")
    return Path(user_data_dir("dispatchlab")) / "stack"


class Stack:
    """The servers of one folder. Every method works from any process, at any time."""

    def __init__(self, folder: Path | None = None) -> None:
        """Take `folder`, or the default one; nothing is made or started yet.

        Raises:
            UserError: the servers do not run on this system.
        """
        if os.name != "posix":
            raise UserError("the stack needs Linux or macOS; elsewhere use deploy/compose.yaml")
        self.folder = (folder or default_folder()).resolve()
        self._notes = self.folder / "stack.json"

    def up(self, *, without: Iterable[str] = (), tell: Tell | None = None) -> dict[str, Server]:
        """Start what does not run yet, but none of `without`; return what runs.

        An optional server that cannot be started is left out, and `missing` says why. `tell` gets a line per
        server that is being started.

        Raises:
            UserError: a needed server cannot be started; those that this call has started are stopped again.
        """
        left_out = set(without)
        for name in left_out:
            _check_name(name)
        started: list[Server] = []
        with prepared(self.folder), lock(self.folder):
            self._claim()
            try:
                self._note_missing(self._start_all(left_out, started, tell))
            except BaseException:
                for server in started:
                    server.stop()
                raise
        return self.status()

    def _start_all(self, left_out: set[str], started: list[Server], tell: Tell | None) -> dict[str, str]:
        """Start the servers and add them to `started`; return why others were not."""
        missing = {}
        for name in STARTERS:
            if find(self.folder / name) is not None:
                continue
            if name in left_out:
                missing[name] = "left out"
                continue
            _tell(tell, f"starting {name}")
            try:
                started.append(self._start(name))
            except UserError as error:
                if name not in OPTIONAL:
                    raise
                missing[name] = str(error)
        return missing

    def down(self, *, delete: bool = False, tell: Tell | None = None) -> None:
        """Stop what runs; `delete` the data too. Harmless when nothing runs."""
        if not self._notes.exists():
            return
        with prepared(self.folder), lock(self.folder):
            for name, server in reversed(self.status().items()):
                _tell(tell, f"stopping {name}")
                server.stop()
            if delete:
                _tell(tell, f"deleting {self.folder}")
                self._delete()

    def status(self) -> dict[str, Server]:
        """Return the servers that run, by name."""
        found = {name: find(self.folder / name) for name in STARTERS}
        return {name: server for name, server in found.items() if server is not None}

    def missing(self) -> dict[str, str]:
        """Return the servers that do not run, and why as far as it is known."""
        try:
            noted = json.loads(self._notes.read_text(encoding="utf-8"))["missing"]
        except (OSError, ValueError, KeyError):  # never up
            noted = {}
        running = self.status()
        return {name: noted.get(name, self._silence(name)) for name in STARTERS if name not in running}

    def url(self, name: str) -> str:
        """Return the URL of a running server, with its password.

        Raises:
            UserError: it does not run.
        """
        return self._running(name).url

    def urls(self) -> dict[str, str]:
        """Return the URLs of the servers to use: what the environment names (`ELSEWHERE`), else what runs."""
        given = {name: os.environ.get(variable, "") for name, variable in ELSEWHERE.items()}
        running = {name: server.url for name, server in self.status().items()}
        return running | {name: url for name, url in given.items() if url}

    def start(self, name: str) -> Server:
        """Start one server, or find it running.

        Raises:
            UserError: it cannot be started.
        """
        _check_name(name)
        with prepared(self.folder), lock(self.folder):
            self._claim()
            return find(self.folder / name) or self._start(name)

    def stop(self, name: str) -> None:
        """End one server in order.

        Raises:
            UserError: it does not run.
        """
        self._running(name).stop()

    def kill(self, name: str) -> None:
        """End one server by force, as a crash does.

        Raises:
            UserError: it does not run.
        """
        self._running(name).kill()

    def _claim(self) -> None:
        """Take a folder that is new or empty: `down(delete=True)` may never delete what is not ours."""
        if not self._notes.exists():
            others = sorted(path.name for path in self.folder.iterdir() if path.name != "lock")
            if others:
                raise UserError(
                    f"{self.folder} holds {others[0]!r} and no stack: choose a new or empty folder"
                )
            self._note_missing({})

    def _running(self, name: str) -> Server:
        _check_name(name)
        server = find(self.folder / name)
        if server is None:
            raise UserError(f"{name} does not run: {self._silence(name)}; dispatchlab stack up starts it")
        return server

    def _start(self, name: str) -> Server:
        free = shutil.disk_usage(self.folder).free
        if free < FREE_BYTES:
            raise UserError(
                f"{self.folder}: the disk has {free >> 20} MB free, the servers need {FREE_BYTES >> 20} MB; "
                "choose another data folder"
            )
        return STARTERS[name](self.folder / name)

    def _silence(self, name: str) -> str:
        folder = self.folder / name
        if last_server(folder) is not None:
            return f"it ended by itself (log: {folder / name}.log)"
        return "stopped" if folder.is_dir() else "never started"

    def _note_missing(self, missing: dict[str, str]) -> None:
        self._notes.write_text(json.dumps({"missing": missing}, indent=2) + "\n", encoding="utf-8")

    def _delete(self) -> None:
        """Delete what the stack has made, and the folder only if that was all."""
        for folder in map(self.folder.joinpath, STARTERS):
            if folder.is_dir():
                shutil.rmtree(folder)
        self._notes.unlink()
        (self.folder / "lock").unlink()
        if not any(self.folder.iterdir()):
            self.folder.rmdir()


def _check_name(name: str) -> None:
    if name not in STARTERS:
        raise UnknownNameError("server", name, STARTERS)


def _tell(tell: Tell | None, line: str) -> None:
    if tell is not None:
        tell(line)
