from __future__ import annotations

import os
import signal
import socket
from typing import Any

import pytest

from domain.errors import UnknownNameError, UserError
from sim import engines
from sim.engines import EngineChoice, gentle_interrupts, open_engine, worker_count


def _square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def _fail(number: int) -> None:
    raise UnknownNameError("bridge", "Nort", ["North", "South"])


def test_two_processes_give_results_in_order_and_errors_as_they_are() -> None:
    with open_engine(EngineChoice(workers=2)) as engine:
        results = engine.run(_square, [(n,) for n in range(5)])
        assert [value for value, _ in results] == [0, 1, 4, 9, 16]
        assert os.getpid() not in {process for _, process in results}
        with pytest.raises(UnknownNameError, match="did you mean 'North'"):
            engine.run(_fail, [(1,), (2,)])


def test_one_worker_is_this_process() -> None:
    with open_engine(EngineChoice()) as engine:
        assert engine.run(_square, [(3,)]) == [(9, os.getpid())]


def test_the_first_interrupt_is_gentle_the_second_is_not() -> None:
    heard: list[str] = []
    with gentle_interrupts(lambda: heard.append("stop")):
        os.kill(os.getpid(), signal.SIGINT)
        assert heard == ["stop"]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_job_in_the_background_stays_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with gentle_interrupts(lambda: pytest.fail("heard")):
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("name", ["dask", "ray"])
def test_an_address_without_a_cluster_is_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_import", lambda _: None)  # whether it is installed or not
    for address, line in (
        (f"127.0.0.1:{_free_port()}", f"--engine {name}: no cluster answers at 127.0.0.1:"),
        ("nonsense", "--address nonsense: must be as in "),
    ):
        with (
            pytest.raises(UserError, match=line),
            open_engine(EngineChoice(name=name, address=address)),
        ):
            pytest.fail("opened")


@pytest.mark.parametrize("name", ["dask", "ray"])
def test_a_missing_package_names_the_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(module: str) -> Any:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(engines, "import_module", missing)
    with pytest.raises(UserError, match=rf"pip install 'dispatchlab\[{name}\]'"):
        EngineChoice(name=name).check()


def test_choices_that_make_no_sense() -> None:
    with pytest.raises(UnknownNameError, match="unknown engine 'rya'; did you mean 'ray'"):
        EngineChoice(name="rya").check()
    with pytest.raises(UserError, match="only of a cluster"):
        EngineChoice(address="here:1").check()
    with pytest.raises(UserError, match="--workers 0"):
        worker_count(0)
    assert worker_count(-1) >= 1
