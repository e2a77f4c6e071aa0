"""Makes many runs on an engine: their progress in one place; Ctrl-C ends all of them, wherever they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from domain.errors import DispatchlabError
from domain.spec import Scenario
from sim.board import Board, put_up
from sim.engines import EngineChoice, gentle_interrupts, open_engine, worker_count
from sim.run_writer import check_run_folder
from sim.world import Progress

STOPPING = "stopping; Ctrl-C again stops at once"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A run to be made: what is simulated, its folder, and what `asked` says in `run.json`."""

    scenario: Scenario
    folder: Path
    asked: dict[str, Any]
    stores: str = "memory"


class Make(Protocol):
    """What makes one run, on `workers` processes for its markets."""

    def __call__(self, job: Job, *, workers: int, report: Callable[[Progress], None]) -> None:
        """Make it and keep it, or raise KeyboardInterrupt and keep nothing, as `report` may."""
        ...


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a job: finished, failed with an error, or else not done because of an interrupt."""

    is_finished: bool = False
    error: DispatchlabError | None = None


@dataclass(frozen=True, kw_only=True)
class Watching:
    """Who wants to know, each None for nobody.

    `tell` gets lines about setting up, `plan` how many jobs there are; `done` the name of each job that has
    finished, `watch` how many jobs' worth of work is done. The last two are called from another thread.
    """

    tell: Callable[[str], None] | None = None
    plan: Callable[[int], None] | None = None
    done: Callable[[str], None] | None = None
    watch: Callable[[float], None] | None = None


def run_jobs(
    make: Make,
    jobs: Mapping[str, Job],
    *,
    folder: Path,
    choice: EngineChoice,
    goes_on: bool,
    watching: Watching,
) -> dict[str, Outcome]:
    """Make the runs named in `jobs`, and return what became of each.

    Runs are shared out among the engine's workers. On this machine, where more processes have work if they
    share a run's markets, runs are made one after the other.

    Args:
        make: a function of a module, so that it can travel.
        jobs: the runs by name.
        folder: where processes leave notes for each other; all of them must see it.
        choice: the engine.
        goes_on: make the other runs even if one fails.
        watching: who is told.
    """
    for job in jobs.values():
        check_run_folder(job.folder)
    if watching.plan is not None:
        watching.plan(len(jobs))
    if not jobs:
        return {}
    choice, inner = _shared_out(jobs, choice)
    with put_up(folder.absolute(), ".board-") as board, open_engine(choice) as engine:
        if watching.tell is not None and engine.note:
            watching.tell(engine.note)
        tasks = [(make, name, _rooted(job), board, inner, goes_on) for name, job in jobs.items()]
        with board.followed(_teller(watching)), gentle_interrupts(lambda: _stop(board, watching)):
            return dict(zip(jobs, engine.run(_run_job, tasks), strict=True))


def _shared_out(jobs: Mapping[str, Job], choice: EngineChoice) -> tuple[EngineChoice, int]:
    """Return the engine for runs, and how many processes share the markets of one."""
    if choice.name != "local":
        return choice, 1
    workers = worker_count(choice.workers)
    markets = max((len(job.scenario.markets) for job in jobs.values()), default=1)
    return (EngineChoice(), workers) if min(markets, workers) > min(len(jobs), workers) else (choice, 1)


def _rooted(job: Job) -> Job:
    """Return the job for a process that may be in another working folder."""
    return replace(job, folder=job.folder.absolute())


def _run_job(make: Make, name: str, job: Job, board: Board, workers: int, goes_on: bool) -> Outcome:
    """Make one run, in whatever process this is."""
    if not board.is_open:
        return Outcome()
    report = board.reporter(name) if workers == 1 else lambda now: board.note(name, now)
    try:
        make(job, workers=workers, report=report)
    except KeyboardInterrupt:
        board.close()
        return Outcome()
    except DispatchlabError as error:
        if not goes_on:
            board.close()
        return Outcome(error=error)
    board.finish(name)
    return Outcome(is_finished=True)


def _stop(board: Board, watching: Watching) -> None:
    board.close()
    if watching.tell is not None:
        watching.tell(STOPPING)


def _teller(watching: Watching) -> Callable[[Board], None]:
    """Return what looks at the board and tells what is new on it."""
    known: set[str] = set()

    def look(board: Board) -> None:
        for name in board.finished():
            if name not in known and watching.done is not None:
                watching.done(name)
            known.add(name)
        if watching.watch is not None:
            watching.watch(board.runs_worth())

    return look
