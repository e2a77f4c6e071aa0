"""The handle: who may connect, what happens when the server fails, what a prefix is."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import numpy as np
import pytest

from adapters.valkey import ValkeyCache, ValkeyDriverIndex, ValkeyServer, ValkeySettings, connect
from adapters.valkey.functions import library
from deploy.server import Server
from deploy.valkey import start_valkey
from domain.errors import Unavailable, UserError
from tests.adapters.valkey.conftest import QUICK, Run, profiles

PASSWORD = "tell-nobody"


@contextmanager
def listening(answer: bytes) -> Iterator[int]:
    """Give the port of something that is not Valkey: it answers the same to everything, or nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        opened: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    opened.append(listener.accept()[0])
                    if answer:
                        opened[-1].sendall(answer)
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for one in opened:
                one.close()


def refused(run: Run, url: str, kind: type[Exception], **options: str) -> str:
    with pytest.raises(kind) as caught:
        run(connect(url, settings=QUICK, **options))
    told = str(caught.value)
    assert PASSWORD not in told
    assert "\n" not in told
    return told


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{PASSWORD}@localhost/db",
        f"valkey://me:{PASSWORD}@:6379",
        f"valkey://me:{PASSWORD}@localhost:port/0",
        f"valkey://me:{PASSWORD}@localhost/zero",
        f"valkey://me:pass/{PASSWORD}@localhost/0",
        f"valkey://me:{PASSWORD}@localhost/0?db=3",
        "localhost:6379",
        "",
    ],
)
def test_wrong_urls_are_told_what_is_right(run: Run, url: str) -> None:
    assert "valkey://user:password@host:6379/0" in refused(run, url, UserError)


@pytest.mark.parametrize("prefix", ["", "a b", "{a}", "a*", "ü", "a" * 101])
def test_wrong_prefixes_are_refused(run: Run, prefix: str) -> None:
    assert "letters, digits" in refused(run, "valkey://localhost", UserError, prefix=prefix)


def test_nobody_there_is_unavailable(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    told = refused(run, f"valkey://me:{PASSWORD}@127.0.0.1:{port}/0", Unavailable)
    assert f"127.0.0.1:{port}" in told


def test_no_answer_is_unavailable_in_time(run: Run) -> None:
    with listening(b"") as port:
        began = monotonic()
        told = refused(run, f"valkey://127.0.0.1:{port}", Unavailable)
        assert monotonic() - began < 3.0
    assert told == f"Valkey at 127.0.0.1:{port}: no answer in time"


def test_something_else_there_is_a_mistake_of_the_url(run: Run) -> None:
    with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 4) as port:
        assert "is not Valkey" in refused(run, f"valkey://127.0.0.1:{port}", UserError)


def test_a_wrong_password_and_none_are_mistakes(run: Run, own: Server) -> None:
    async def protect() -> None:
        handle = await connect(own.url)
        await handle.call("CONFIG", "SET", "requirepass", "the right one")
        await handle.close()

    run(protect())
    assert "refuses the login" in refused(run, own.url.replace("//", f"//:{PASSWORD}@"), UserError)
    assert "refuses the login" in refused(run, own.url, UserError)
    handle = run(connect(own.url.replace("//", "//:the%20right%20one@")))
    assert run(handle.call("PING")) == b"PONG"
    run(handle.close())


def test_a_replica_is_a_mistake(run: Run, own: Server) -> None:
    async def demote() -> None:
        handle = await connect(own.url)
        await handle.call("FUNCTION", "FLUSH")
        await handle.call("REPLICAOF", "127.0.0.1", "1")
        await handle.close()

    run(demote())
    assert "is a replica" in refused(run, own.url, UserError)


def test_a_stalled_server_is_unavailable_until_it_answers(run: Run, own: Server) -> None:
    handle = run(connect(own.url, settings=QUICK))
    index = ValkeyDriverIndex(handle)
    run(index.sign_on(profiles([1], [1.0], [1.0]), 0.0))
    os.kill(own.pid, signal.SIGSTOP)
    try:
        began = monotonic()
        with pytest.raises(Unavailable, match=r"Valkey at 127\.0\.0\.1:\d+: no answer in time"):
            run(index.states(np.array([1])))
        assert monotonic() - began < 1.5
    finally:
        os.kill(own.pid, signal.SIGCONT)
    assert run(index.states(np.array([1]))).id.tolist() == [1]
    run(handle.close())


def test_after_a_restart_without_its_data_the_server_serves_again(run: Run, own: Server) -> None:
    handle = run(connect(own.url, settings=QUICK))
    index, cache = ValkeyDriverIndex(handle), ValkeyCache(handle)
    run(index.sign_on(profiles([1], [1.0], [1.0]), 0.0))
    own.stop()
    for call in (index.states(np.array([1])), cache.begin_fill("k", 0.0), cache.invalidate(["k"])):
        with pytest.raises(Unavailable, match=handle.where):
            run(call)
    start_valkey(own.folder, persist=False)
    run(index.sign_on(profiles([1], [1.0], [1.0]), 0.0))
    assert run(cache.begin_fill("k", 0.0)) is not None
    assert run(index.states(np.array([1]))).id.tolist() == [1]
    run(handle.close())
    start_valkey(own.folder).stop()


def test_a_lost_connection_is_replaced_where_that_is_safe(run: Run, own: Server) -> None:
    async def story() -> None:
        handle, other = await connect(own.url), await connect(own.url)
        index = ValkeyDriverIndex(handle)
        await index.sign_on(profiles([1], [1.0], [1.0]), 0.0)

        async def cut_off_after(seconds: float) -> None:
            await asyncio.sleep(seconds)
            await other.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

        async def while_paused(call: object) -> object:
            await other.call("CLIENT", "PAUSE", 400)  # the command waits at the server when it is cut off
            cut = asyncio.create_task(cut_off_after(0.1))
            result = (await asyncio.gather(call, return_exceptions=True))[0]
            await cut
            return result

        place = np.array([2.0])
        assert await while_paused(index.move(np.array([1]), place, place, 1.0)) is None
        assert (await index.states(np.array([1]))).seen_at_s.tolist() == [1.0]
        lost = await while_paused(index.set_plan(1, (), delivered=1))
        assert isinstance(lost, Unavailable)  # it may have been written: adding up again would be wrong
        await handle.close()
        await other.close()

    run(story())


def test_more_calls_than_connections_take_turns(run: Run, url: str) -> None:
    async def story() -> list[object]:
        handle = await connect(url, settings=ValkeySettings(connections=2))
        answers = await asyncio.gather(*(handle.call("ECHO", number) for number in range(100)))
        await handle.close()
        return answers

    assert run(story()) == [str(number).encode() for number in range(100)]


def test_a_market_sees_and_drops_its_own_keys_only(run: Run, url: str, market: ValkeyServer) -> None:
    async def story() -> tuple[object, object]:
        other = await connect(url, prefix="other-market")
        mine, theirs = ValkeyCache(market), ValkeyCache(other)
        for cache, value in ((mine, "mine"), (theirs, "theirs")):
            token = await cache.begin_fill("k", 0.0)
            assert token is not None
            await cache.finish_fill("k", token, value, ttl_s=9.0, now_s=0.0)
        await market.drop()
        found = await mine.get("k", 1.0), await theirs.get("k", 1.0)
        await other.drop()
        await other.close()
        return found

    assert run(story()) == (None, "theirs")


def test_programs_of_two_versions_share_a_server(run: Run, own: Server) -> None:
    ours = library("keys")
    newer = ours.source.replace(ours.suffix, "_newer")

    async def story() -> tuple[object, object]:
        handle = await connect(own.url)
        await handle.call("FUNCTION", "LOAD", newer)
        theirs = await handle.call("FCALL", "dispatchlab_begin_fill_newer", 1, "{other}:k", 1, "0", "5")
        mine = await ValkeyCache(handle).begin_fill("k", 0.0)
        await handle.close()
        return theirs, mine is not None

    assert run(story()) == (1, True)
