"""Where work runs that can be split: processes of this machine, a Dask cluster or a Ray cluster.

All three are backends of joblib: the same tasks, the same results.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from domain.errors import DispatchlabError, UnknownNameError, UserError

T = TypeVar("T")
ENGINES = ("local", "dask", "ray")
_ANSWERS_IN_S, _STARTED_IN_S = 10.0, 60.0
"""How long a cluster may take to answer, and its workers to come up."""


@dataclass(frozen=True, kw_only=True)
class EngineChoice:
    """An engine as a user asks for it.

    `workers` are processes, -1: one per core. `address` is an existing cluster's, which has its own workers;
    without one, a local cluster is started.
    """

    name: str = "local"
    workers: int = 1
    address: str | None = None

    def check(self) -> None:
        """Make sure that there is such an engine, and that its package is installed.

        Raises:
            UserError: it cannot be used; UnknownNameError: there is none of that name.
        """
        worker_count(self.workers)
        if self.name not in ENGINES:
            raise UnknownNameError("engine", self.name, ENGINES)
        if self.name != "local":
            _import(self.name)
        elif self.address is not None:
            raise UserError(f"--address {self.address}: only of a cluster: --engine dask or --engine ray")


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An open engine: `workers` tasks run at a time; `note` is what a user should know of it."""

    name: str
    workers: int
    note: str = ""

    def run(self, function: Callable[..., T], arguments: Iterable[Sequence[Any]]) -> list[T]:
        """Return `function(*each)` for each of `arguments`, in their order, run in parallel.

        The first task that fails ends the others, and its error is raised here.

        Raises:
            DispatchlabError: a process of this machine was killed.
        """
        import joblib
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        tasks = [joblib.delayed(function)(*each) for each in arguments]
        count = max(1, min(self.workers, len(tasks)))
        if self.name != "local" or count == 1:
            found: list[T] = joblib.Parallel(n_jobs=count, batch_size=1)(tasks)
            return found
        options = {"batch_size": 1, "return_as": "generator", "initializer": _deafen}
        with warnings.catch_warnings(), joblib.Parallel(n_jobs=count, **options) as parallel:
            warnings.filterwarnings("ignore", "A worker stopped")  # one that had grown: a new one took over
            with _children_ignore_interrupts():
                begun = parallel(tasks)  # starts the processes
            try:
                return list(begun)
            except TerminatedWorkerError:
                raise DispatchlabError(
                    "a worker was killed; for want of memory? try fewer --workers"
                ) from None


def worker_count(workers: int) -> int:
    """Return how many processes to use on this machine: `workers`, or one per core for -1.

    Raises:
        UserError: neither -1 nor 1 or more.
    """
    if workers == -1:
        import joblib

        return int(joblib.cpu_count())
    if workers < 1:
        raise UserError(f"--workers {workers}: must be 1 or more, or -1: one per core")
    return workers


@contextmanager
def open_engine(choice: EngineChoice) -> Iterator[Engine]:
    """Open an engine for the block.

    Raises:
        UserError: the engine's package is missing, or nothing answers at the address.
    """
    choice.check()
    workers = worker_count(choice.workers)
    if choice.name == "local":
        yield Engine(name="local", workers=workers)
        return
    opened = _dask if choice.name == "dask" else _ray
    with opened(workers, choice.address) as engine:
        yield engine


@contextmanager
def gentle_interrupts(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C within the block call `stop`; the next one is a KeyboardInterrupt as ever.

    Only the main thread hears of Ctrl-C; elsewhere, and where Ctrl-C is ignored, the block runs as it is.
    """
    if _is_deaf():
        yield
        return

    def hear(number: int, _frame: object) -> None:
        signal.signal(number, before)
        stop()

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _is_deaf() -> bool:
    """Tell whether this thread cannot hear of Ctrl-C, or is not to (as a job in the background)."""
    is_main = threading.current_thread() is threading.main_thread()
    return not is_main or signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def _deafen() -> None:
    """Ignore Ctrl-C in a worker: the terminal sends it to all processes, and the parent decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _children_ignore_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C for a moment: processes started meanwhile inherit it, and none dies as it starts."""
    if _is_deaf():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _import(name: str) -> Any:
    """Import an engine's package, which is an extra of the same name."""
    try:
        return import_module("distributed" if name == "dask" else "ray")
    except ModuleNotFoundError as error:
        raise UserError(
            f"--engine {name} needs {error.name!r}, which is not installed: pip install 'dispatchlab[{name}]'"
        ) from None


@contextmanager
def _dask(workers: int, address: str | None) -> Iterator[Engine]:
    """Connect to a Dask scheduler, or start one with workers of one thread: a simulation fills a process."""
    import joblib

    distributed = _import("dask")
    _check_answers("dask", address)
    local = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    try:
        with _children_ignore_interrupts():
            client = distributed.Client(address, **({} if address else local), set_as_default=False)
        client.wait_for_workers(1, timeout=_STARTED_IN_S)
    except (OSError, ValueError, TypeError, TimeoutError) as error:
        raise UserError(f"--engine dask: {address or 'a local cluster'}: {_first_line(error)}") from None
    with client:
        threads = client.nthreads().values()
        note = "the workers have several threads: one each is faster (dask worker --nthreads 1 --nworkers N)"
        with joblib.parallel_config(backend="dask", client=client):
            yield Engine(name="dask", workers=sum(threads), note=note if max(threads) > 1 else "")


@contextmanager
def _ray(workers: int, address: str | None) -> Iterator[Engine]:
    """Connect to a Ray cluster, or start one; a worker is one CPU of Ray's."""
    import joblib

    ray = _import("ray")
    _check_answers("ray", address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a simulator tells nobody that it was used
    logging.getLogger("ray.util.multiprocessing.pool").setLevel(logging.ERROR)  # it warns of joblib's options
    local = {"address": "local", "num_cpus": workers, "include_dashboard": False}
    options = {"address": address} if address else local
    try:
        ray.init(**options, log_to_driver=False, configure_logging=False)
    except (OSError, ValueError, RuntimeError) as error:
        hint = " (does it want a token? RAY_AUTH_TOKEN)" if address else ""
        raise UserError(f"--engine ray: {address or 'a local cluster'}: {_first_line(error)}{hint}") from None
    try:
        import_module("ray.util.joblib").register_ray()
        with joblib.parallel_config(backend="ray"):
            yield Engine(name="ray", workers=int(ray.cluster_resources()["CPU"]))
    finally:
        ray.shutdown()


def _check_answers(engine: str, address: str | None) -> None:
    """Make sure, at once, that an address is one, and that somebody listens there.

    Raises:
        UserError: it is not HOST:PORT, or nobody does.
    """
    if address is None:
        return
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if not host or not port.isdecimal():
        example = "tcp://host:8786" if engine == "dask" else "host:6379"
        raise UserError(f"--address {address}: must be as in {example}")
    try:
        socket.create_connection((host, int(port)), timeout=_ANSWERS_IN_S).close()
    except OSError as error:
        reason = error.strerror or "no answer"
        raise UserError(f"--engine {engine}: no cluster answers at {address}: {reason}") from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
