"""Launching, finding again and ending a process: with plain programs in the part of a server."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from deploy.server import Server, choose_port, find, last_server, launch, lock, prepared
from domain.errors import UserError

SERVES = "import time; open('up', 'w').close(); time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SERVES}"


def start(folder: Path, program: str, **options: object) -> Server:
    folder.mkdir(exist_ok=True)
    return launch(
        [sys.executable, "-c", program],
        name="example",
        folder=folder,
        url="example://user:secret@127.0.0.1:1/0",
        version="1",
        ready=(folder / "up").exists,
        **{"timeout_s": 20.0, **options},  # type: ignore[arg-type]  # checked by launch's own signature
    )


def test_a_server_is_found_again_and_ends(folder: Path) -> None:
    server = start(folder, SERVES)
    assert find(folder) == server
    server.stop()
    assert not server.is_running()
    assert find(folder) is None
    server.stop()  # harmless


def test_a_terminal_s_interrupt_does_not_reach_it(folder: Path) -> None:
    server = start(folder, SERVES)
    assert os.getsid(server.pid) != os.getsid(0)
    server.kill()


def test_one_that_does_not_listen_is_ended_by_force(folder: Path) -> None:
    server = start(folder, DEAF)
    server.stop(timeout_s=0.3)
    assert not server.is_running()


def test_a_crash_is_told_from_an_orderly_end(folder: Path) -> None:
    server = start(folder, SERVES)
    server.kill()
    assert last_server(folder) == server
    (folder / "up").unlink()
    start(folder, SERVES).stop()
    assert last_server(folder) is None


def test_one_that_ends_at_once_is_explained_by_its_log(folder: Path) -> None:
    fails = "print('reading the file'); print('ERROR: no memory'); print('good bye'); raise SystemExit(1)"
    with pytest.raises(UserError, match=r"example ended at once: ERROR: no memory \(log: .*example\.log\)"):
        start(folder, fails)
    assert find(folder) is None


def test_only_this_start_s_log_explains(folder: Path) -> None:
    with pytest.raises(UserError, match="ERROR: old"):
        start(folder, "print('ERROR: old')")
    with pytest.raises(UserError, match="it said nothing"):
        start(folder, "pass")


def test_one_that_is_never_ready_is_not_left_running(folder: Path) -> None:
    says_its_pid = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with pytest.raises(UserError, match="was not ready within 1 s") as raised:
        start(folder, says_its_pid, timeout_s=1.0)
    pid = int((folder / "example.log").read_text())
    assert not Path(f"/proc/{pid}/cwd").exists(), raised.value  # a zombie has none


def test_another_process_of_the_same_pid_is_not_taken_for_it(folder: Path) -> None:
    server = start(folder, SERVES)
    server.kill()
    record = folder / "server.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "pid": os.getpid()}))
    stale = last_server(folder)
    assert stale is not None
    assert stale.pid == os.getpid()
    assert find(folder) is None
    stale.kill()  # or else this test would not go on
    stale.stop()


def test_a_record_that_is_not_ours_is_as_good_as_none(folder: Path) -> None:
    folder.mkdir()
    for text in ("", "17", "{}", '{"pid": 1}'):
        (folder / "server.json").write_text(text)
        assert find(folder) is None


def test_passwords_do_not_show(folder: Path) -> None:
    server = start(folder, SERVES)
    assert "secret" not in repr(server)
    assert server.shown_url == "example://user:***@127.0.0.1:1/0"
    assert (folder / "server.json").stat().st_mode & 0o077 == 0
    server.kill()


def test_the_port_is_remembered(folder: Path) -> None:
    folder.mkdir()
    port, note = choose_port(folder)
    assert note == ""
    assert choose_port(folder) == (port, "")


def test_a_port_taken_meanwhile_is_replaced_and_that_is_said(folder: Path) -> None:
    folder.mkdir()
    port, _ = choose_port(folder)
    with socket.create_server(("127.0.0.1", port)):
        another, note = choose_port(folder)
        assert another != port
        assert note == f"port {port} was taken"
        with pytest.raises(UserError, match=f"port {port} is taken"):
            choose_port(folder, port)
    assert choose_port(folder) == (another, "")  # the new one is remembered


def test_two_programs_do_not_start_servers_at_once(folder: Path) -> None:
    folder.mkdir()
    with lock(folder), pytest.raises(UserError, match="another program"), lock(folder, timeout_s=0.2):
        pass
    with lock(folder, timeout_s=0.2):
        pass


def test_an_unusable_folder_is_told_in_one_line(folder: Path) -> None:
    folder.parent.joinpath("file").write_text("")
    with (
        pytest.raises(UserError, match=r"file/below: Not a directory$"),
        prepared(folder.parent / "file" / "below"),
    ):
        pass
