"""Play a strategy on many instances, one after the other in one process, and check what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from time import perf_counter

from benchmarks.mdrp.day import play
from benchmarks.mdrp.prep import Perfect, Preparation
from benchmarks.mdrp.results import BenchmarkResult, InstanceResult
from domain.errors import DataError
from matching.contract import Strategy
from scenarios import data_dir
from scenarios.mdrp import Instance, find_instances, metrics, read_instance, violations, write_solution

Watch = Callable[[InstanceResult], None]


def open_instances(folder: str | Path, glob: str = "*") -> list[Path]:
    """Return the instances of a folder (here, absolute, or in the data folder) whose names match.

    Raises:
        DataError: no such folder, or none matches; the message names the nearest that is there.
    """
    root = find_root(folder)
    names = [path.name for path in find_instances(root)]
    try:
        return find_instances(root, glob)
    except DataError:
        near = get_close_matches(glob, names, n=1, cutoff=0.8)
        there = f"; did you mean {near[0]!r}?" if near else f"; there: {', '.join(names[:3])}, ..."
        raise DataError(f"{root}: no instance matches {glob!r}{there}") from None


def find_root(name: str | Path) -> Path:
    """Return the folder of that name: here, absolute, or in the data folder.

    Raises:
        DataError: there is none; the message names the nearest that is there.
    """
    folder = Path(name)
    for root in (folder, data_dir() / folder):
        if root.is_dir():
            return root
    places = [place for place in (folder.parent, (data_dir() / folder).parent) if place.is_dir()]
    names = [path.name for place in places for path in place.iterdir() if path.is_dir()]
    near = get_close_matches(folder.name, names, n=1)
    there = f"; did you mean {near[0]!r}?" if near else ""
    raise DataError(f"{folder}: no such folder, here or in the data folder {data_dir()}{there}")


def run_benchmark(
    folders: Iterable[Path],
    strategy: Strategy,
    *,
    prep: Preparation | None = None,
    preposition: str = "none",
    seed: int = 0,
    out: Path | None = None,
    watch: Watch | None = None,
) -> BenchmarkResult:
    """Play every instance and return the metrics; solutions go to ``out/INSTANCE`` if `out` is given.

    `watch` is told each instance played. Everything is read before anything is played. An interrupt (Ctrl-C)
    ends the run early; the result then holds what was played. Kernels should be compiled before
    (`warm_up`): `wall_s` counts all from here on.

    Raises:
        DataError: an instance cannot be read.
    """
    prep = Perfect() if prep is None else prep
    began = perf_counter()
    instances = [read_instance(folder) for folder in folders]
    played: list[InstanceResult] = []
    is_complete = True
    try:
        for instance in instances:
            played.append(play_one(instance, strategy, prep, preposition=preposition, seed=seed, out=out))
            if watch is not None:
                watch(played[-1])
    except (KeyboardInterrupt, SystemError) as error:
        if not _is_interrupt(error):
            raise
        is_complete = False
    return BenchmarkResult(
        strategy=strategy.name,
        parameters={each.name: getattr(strategy, each.name) for each in fields(strategy)},  # type: ignore[arg-type]  # a strategy is a dataclass
        changed=_changed(strategy),
        prep=_text(prep),
        preposition=preposition,
        seed=seed,
        is_complete=is_complete,
        wall_s=perf_counter() - began,
        per_instance=tuple(played),
    )


def play_one(
    instance: Instance,
    strategy: Strategy,
    prep: Preparation,
    *,
    preposition: str = "none",
    seed: int = 0,
    out: Path | None = None,
) -> InstanceResult:
    """Play one instance, check the solution strictly and measure it."""
    began = perf_counter()
    played = play(instance, strategy, believed_ready_min=prep(instance), seed=seed, preposition=preposition)
    broken = violations(instance, played.solution)
    if out is not None:
        write_solution(out / instance.name, instance, played.solution)
    return InstanceResult(
        instance=instance.name,
        orders=len(instance.order_ids),
        metrics=metrics(instance, played.solution),
        violations=tuple(broken),
        decisions=played.decisions,
        refused=played.refused,
        missed=played.missed,
        decide_s=played.decide_s,
        wall_s=perf_counter() - began,
    )


def _is_interrupt(error: BaseException) -> bool:
    """Tell Ctrl-C; within a compiled kernel it comes as the cause of a SystemError."""
    return isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt)


def _changed(item: Strategy | Preparation) -> tuple[str, ...]:
    """Return the names of the parameters that are not at their defaults."""
    return tuple(each.name for each in fields(item) if getattr(item, each.name) != each.default)  # type: ignore[arg-type]  # registered items are dataclasses


def _text(prep: Preparation) -> str:
    """Return a model as typed on a command line."""
    return ":".join([prep.name, *(f"{name}={getattr(prep, name)}" for name in _changed(prep))])
