"""What all servers share: launching one detached in its folder, finding it again, stopping it.

A server's folder holds `server.json` (what runs or ran here), `port` (remembered, so that a restart keeps the
URL), `NAME.log`, and the server's data.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deploy.process import began, signal_process
from domain.errors import UserError

POLL_S = 0.05
STOP_TIMEOUT_S = 20.0
LOCK_TIMEOUT_S = 180.0
# Below the range from which systems draw the ports of outgoing connections: those come and go.
PORTS = range(20_000, 30_000)
ERROR = re.compile("error|fatal|panic|fail|denied", re.IGNORECASE)
WARNING = re.compile(r"\bwarn(ing)?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Server:
    """A server process of ours.

    `url` may hold a password; `note` says where the program came from and what it lacks. `began` tells the
    process from a later one of the same `pid`; `stop_signal` asks it to end in order.
    """

    name: str
    url: str = field(repr=False)  # so that no log or traceback shows the password
    pid: int
    folder: Path
    version: str
    note: str = ""
    began: str = ""
    stop_signal: int = signal.SIGTERM

    @property
    def shown_url(self) -> str:
        """The URL with its password hidden."""
        return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", self.url)

    def is_running(self) -> bool:
        """Tell whether the process runs, and is the one that was launched."""
        return began(self.pid) == self.began

    def stop(self, *, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End the server in order; after `timeout_s`, by force. Harmless when it does not run.

        Its record is removed, so a record without its process tells of a crash.
        """
        if self.is_running():
            signal_process(self.pid, self.stop_signal)
            if not within(timeout_s, lambda: not self.is_running()):
                self.kill()
        _record(self.folder).unlink(missing_ok=True)

    def kill(self) -> None:
        """End the server by force, as a crash does. Harmless when it does not run."""
        if self.is_running():
            signal_process(self.pid, signal.SIGKILL)
            within(STOP_TIMEOUT_S, lambda: not self.is_running())


def launch(
    command: Sequence[str | Path],
    *,
    name: str,
    folder: Path,
    url: str,
    version: str,
    ready: Callable[[], bool],
    note: str = "",
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    stop_signal: int = signal.SIGTERM,
    timeout_s: float = 30.0,
) -> Server:
    """Start `command` in its existing `folder`, as `user` (only root may), and return once it is `ready`.

    The process has a session of its own, so neither Ctrl-C nor the end of this program ends it. `env` is
    added to this program's environment.

    Raises:
        UserError: it ended, or was not ready in time (it is then killed); with the log's cause.
    """
    log = folder / f"{name}.log"
    with log.open("ab") as sink:
        start = sink.tell()
        pid = _spawn(command, cwd=folder, log=sink, user=user, env=env)
    server = Server(
        name=name,
        url=url,
        pid=pid,
        folder=folder,
        version=version,
        note=note,
        began=began(pid) or "",
        stop_signal=stop_signal,
    )
    try:
        if not within(timeout_s, lambda: ready() or not server.is_running()) or not server.is_running():
            what = f"was not ready within {timeout_s:.0f} s" if server.is_running() else "ended at once"
            raise UserError(f"{name} {what}: {cause(_logged(log, start))} (log: {log})")
        _remember(server)
    except BaseException:
        server.kill()
        raise
    return server


def _spawn(
    command: Sequence[str | Path], *, cwd: Path, log: Any, user: str | None, env: Mapping[str, str] | None
) -> int:
    """Start a process that is nobody's child, so that nobody has to wait for it; return its pid."""
    shell = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *map(str, command)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,
        check=True,
        **as_user(user),
    )
    return int(shell.stdout)


def as_user(user: str | None) -> dict[str, Any]:
    """Return the arguments with which `subprocess` runs a program as `user`, in the user's own group only."""
    if user is None:
        return {}
    import pwd  # not on every platform

    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _logged(log: Path, start: int) -> str:
    with log.open("rb") as source:
        source.seek(start)
        return source.read().decode(errors="replace")


def cause(said: str) -> str:
    """Return the first line of a program's messages that tells of an error, or else the last of all."""
    told = [line.strip() for line in said.splitlines() if any(map(str.isalnum, line))]
    errors = [line for line in told if ERROR.search(line) and not WARNING.search(line)]
    return errors[0] if errors else (told or ["it said nothing"])[-1]


def _remember(server: Server) -> None:
    values = {**asdict(server), "folder": str(server.folder)}
    path = _record(server.folder)
    scratch = path.with_suffix(".new")
    scratch.touch(mode=0o600)  # the URL may hold a password
    scratch.write_text(json.dumps(values), encoding="utf-8")
    scratch.replace(path)


def _record(folder: Path) -> Path:
    return folder / "server.json"


def last_server(folder: Path) -> Server | None:
    """Return the server that runs in `folder` or has ended there by itself; None where there is none."""
    try:
        values = json.loads(_record(folder).read_text(encoding="utf-8"))
        return Server(**{**values, "folder": folder})
    except (OSError, ValueError, TypeError):  # absent, or not of our making: as good as none
        return None


def find(folder: Path) -> Server | None:
    """Return the server that runs in `folder`; None where none does."""
    server = last_server(folder)
    return server if server is not None and server.is_running() else None


def choose_port(folder: Path, port: int | None = None) -> tuple[int, str]:
    """Return a free port of 127.0.0.1 and a note: `port`, or the one remembered in `folder`, or another.

    The note is empty unless the remembered port is taken. The choice is remembered.

    Raises:
        UserError: `port` was asked for and is taken.
    """
    remembered = _remembered_port(folder)
    if port is not None and not is_free(port):
        raise UserError(f"port {port} is taken; choose another or none")
    wanted = port or remembered
    chosen = wanted if wanted is not None and is_free(wanted) else _any_port()
    (folder / "port").write_text(f"{chosen}\n", encoding="utf-8")
    return chosen, "" if wanted in (None, chosen) else f"port {wanted} was taken"


def _remembered_port(folder: Path) -> int | None:
    try:
        return int((folder / "port").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # absent, or not a number: as good as none
        return None


def _any_port() -> int:
    for port in random.sample(PORTS, k=200):
        if is_free(port):
            return port
    raise UserError(f"no free port found in {PORTS.start}-{PORTS.stop - 1}")


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        # As servers do: connections that are still closing do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def prepared(folder: Path) -> Iterator[None]:
    """Make the folder, and tell in one line when it cannot be written.

    Raises:
        UserError: instead of any OSError within: no permission, a full disk.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UserError(f"{error.filename or folder}: {error.strerror or error}") from error


@contextmanager
def lock(folder: Path, *, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Hold the folder, so that no two programs start or stop servers in it at once; ends with the process.

    Raises:
        UserError: another program held it for `timeout_s`.
    """
    import fcntl  # not on every platform

    def taken() -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    with (folder / "lock").open("w", encoding="utf-8") as handle:
        if not within(timeout_s, taken):
            raise UserError(f"another program is starting or stopping servers in {folder}; try again later")
        yield


def within(timeout_s: float, is_so: Callable[[], bool]) -> bool:
    """Wait until something is so; tell whether it was within `timeout_s`."""
    until = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(POLL_S)
    return True
