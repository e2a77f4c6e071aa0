"""Beside other simulators on the same work: `python -m benchmarks.peers [--instances NAME,NAME+NAME]`.

Live, `dvrpsim` (`pip install 'dispatchlab[peers]'`) on instances of the Meal Delivery Routing Problem: days
by the same rules, decided by the same policy, at the same intervals; our engine delivers every order in the
same minute. Names joined by + are days laid over each other. Not live, a recorded day in our whole simulator
beside what others were measured at before, on another machine.

Seconds of the first are CPU time of this one process, which a busy machine blurs less; who is first changes
from round to round, and ratios are medians over rounds. Reading, checking and compiling are not counted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from math import nan
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks._as_scenario import write_scenario
from benchmarks._peer_policy import NearestAble
from benchmarks.mdrp.bench import open_instances
from benchmarks.mdrp.day import play
from benchmarks.mdrp.small import warm_up
from benchmarks.simulation import whole_process
from domain.errors import DispatchlabError, UserError
from matching.contract import Strategy
from matching.registry import load_strategy
from scenarios.mdrp import Instance, Solution, metrics, read_instance, violations

FOLDER = "orders/mdrp"
WORK = "0o100t100s1p100,0o100t100s1p100+1o100t100s1p100+3o100t100s1p100+4o100t100s1p100"
"""The smallest whole day, 505 orders, and four days at once, 3,195."""
STRATEGIES = ("nearest", "score", "batch", "rolling_horizon", "best")
PEER, STATE = "dvrpsim, by its objects", "dvrpsim, as documented"
SAME = "ours, the same policy"
BAR = 3.0
MISSING = "`dvrpsim` is not installed, so nothing is live: pip install 'dispatchlab[peers]'"
MEASURED = (
    ("mdrp-sim, greedy", "532 orders, 395 drivers", 48.0),
    ("mdrp-sim, optimising", "532 orders, 395 drivers", 2.8),
    ("mdrp-sim, greedy", "2,919 orders, 1,184 drivers", 20.0),
    ("FleetPy", "400 requests, 20 vehicles", 14.5),
    ("simobility", "1,000 bookings, 1,000 vehicles", 80.0),
)
"""Orders per second of others, measured once on 2 cores, with their road services stubbed in memory."""

Contender = Callable[[Instance, int], Solution]
"""Plays a day, deciding every so many minutes."""
Watch = Callable[[str], None]
"""Hears what is being measured."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One contender on one day: CPU seconds, median; `speed` in peers, the median ratio of rounds."""

    name: str
    step_min: int
    orders: int
    cpu_s: float
    speed: float
    ctd_min: float
    undelivered_pct: float
    violations: int

    @property
    def orders_per_s(self) -> float:
        """Orders per CPU second."""
        return self.orders / self.cpu_s


def find_peers() -> dict[str, Contender]:
    """Return `dvrpsim` in two ways of use; nothing if it is not installed.

    Its documentation hands a policy the state as dictionaries; one that reads the objects is faster.
    """
    try:
        from benchmarks._dvrpsim_day import play_dvrpsim, solution_of
    except ModuleNotFoundError as error:
        if error.name != "dvrpsim":
            raise
        return {}

    def by_objects(instance: Instance, step_min: int) -> Any:
        return solution_of(play_dvrpsim(instance, step_min=step_min), instance)

    def by_state(instance: Instance, step_min: int) -> Any:
        return solution_of(play_dvrpsim(instance, step_min=step_min, exports_state=True), instance)

    return {PEER: by_objects, STATE: by_state}


def ours(strategy: Strategy) -> Contender:
    """Return our engine with a strategy at any interval."""

    def run(instance: Instance, step_min: int) -> Solution:
        timed: Any = replace(strategy, window_s=60.0 * step_min)  # type: ignore[type-var]  # strategies are dataclasses
        return play(instance, timed).solution

    return run


def compare(
    instance: Instance,
    step_min: int,
    contenders: dict[str, Contender],
    *,
    rounds: int,
    once: Sequence[str] = (),
    watch: Watch,
) -> list[Row]:
    """Play a day `rounds` times with every contender, those in `once` in the first round only."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    solutions: dict[str, Solution] = {}
    for turn in range(rounds):
        names = [name for name in contenders if turn == 0 or name not in once]
        for name in names if turn % 2 == 0 else reversed(names):
            watch(name)
            began = process_time()
            solutions[name] = contenders[name](instance, step_min)
            seconds[name].append(process_time() - began)
    yard = seconds.get(PEER, [])
    return [_row(instance, name, step_min, solutions[name], own, yard) for name, own in seconds.items()]


def _row(
    instance: Instance, name: str, step_min: int, solution: Solution, own: list[float], yard: list[float]
) -> Row:
    said = metrics(instance, solution)
    return Row(
        name=name,
        step_min=step_min,
        orders=len(instance.order_ids),
        cpu_s=median(own),
        speed=median(theirs / mine for theirs, mine in zip(yard, own, strict=False)) if yard else nan,
        ctd_min=said["ctd_min"],
        undelivered_pct=said["undelivered_pct"],
        violations=len(violations(instance, solution)),
    )


def joined(instances: Sequence[Instance]) -> Instance:
    """Return several days as one: all orders, drivers and restaurants at once, on the same plane.

    Raises:
        UserError: their rules differ.
    """
    first, *others = instances
    rules = [each.name for each in fields(Instance) if each.type in ("int", "float")]
    for other in others:
        for rule in rules:
            if getattr(other, rule) != getattr(first, rule):
                raise UserError(f"{first.name} and {other.name} cannot be joined: their {rule} differs")
    if not others:
        return first
    shops = np.cumsum([0, *(len(each.restaurant_ids) for each in instances)])
    columns: dict[str, Any] = {
        each.name: np.concatenate([getattr(day, each.name) for day in instances])
        for each in fields(Instance)
        if each.type == "IntArray" and each.name != "restaurant"
    }
    columns |= {
        name: tuple(f"{i}-{own}" for i, day in enumerate(instances) for own in getattr(day, name))
        for name in ("order_ids", "driver_ids", "restaurant_ids")
    }
    moved = [day.restaurant + shop for day, shop in zip(instances, shops[:-1], strict=True)]
    name = f"{len(instances)} days at once"
    return replace(first, name=name, variant=None, restaurant=np.concatenate(moved), **columns)


def rows_table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = [
        "| | decides every | orders/s | x dvrpsim by objects | CtD, min | undelivered, % | rules broken |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        speed = "" if np.isnan(row.speed) else f"{row.speed:.2f}"
        lines.append(
            f"| {row.name} | {row.step_min} min | {row.orders_per_s:,.0f} | {speed} | {row.ctd_min:.2f} | "
            f"{row.undelivered_pct:.2f} | {row.violations} |"
        )
    return "\n".join(lines)


def verdict(rows: Sequence[Row]) -> str:
    """Say whether the bar is kept by the same policy, against each way to use the peer."""
    said = []
    for step in dict.fromkeys(row.step_min for row in rows):
        own = {row.name: row for row in rows if row.step_min == step}
        for peer in (STATE, PEER):
            if peer in own and SAME in own:
                ratio = own[peer].cpu_s / own[SAME].cpu_s
                is_kept = ratio >= BAR and own[SAME].ctd_min <= own[peer].ctd_min
                said.append(f"every {step} min {ratio:.1f} ({peer}): {'kept' if is_kept else 'MISSED'}")
    return f"Bar, {BAR:g} times the orders/s at no worse CtD: {'; '.join(said)}." if said else ""


def contenders_of(strategies: Sequence[str]) -> dict[str, Contender]:
    """Return the peers that are installed and our engine with the peers' policy and with strategies.

    Raises:
        UnknownNameError: no such strategy.
    """
    chosen = {f"ours, `{name}`": load_strategy(name) for name in strategies}
    own: dict[str, Strategy] = {SAME: NearestAble(), **chosen}
    for strategy in own.values():
        warm_up(strategy)
    return find_peers() | {name: ours(strategy) for name, strategy in own.items()}


def live(
    instance: Instance, steps: Sequence[int], contenders: dict[str, Contender], *, rounds: int, watch: Watch
) -> str:
    """Return the Markdown of one day at several intervals; all but the peer and its policy play once."""
    once = [name for name in contenders if name not in (PEER, SAME)]
    rows = [
        row
        for step in steps
        for row in compare(instance, step, contenders, rounds=rounds, once=once, watch=watch)
    ]
    orders, drivers = len(instance.order_ids), len(instance.driver_ids)
    head = f"**{instance.name}**: {orders:,} orders, {drivers:,} drivers."
    return "\n\n".join(filter(None, [head, rows_table(rows), verdict(rows)]))


def whole(works: Sequence[Instance], steps: Sequence[int], *, day: str, rounds: int, watch: Watch) -> str:
    """Return the Markdown of days in the whole simulator, `nearest`, and what others were measured at."""
    lines = ["| | work | orders/s | CtD, min |", "|---|---|---:|---:|"]
    jobs = [(day, "nearest", f"{day}, as each order comes")] if day else []
    with tempfile.TemporaryDirectory() as folder:
        for i, instance in enumerate(works):
            path = str(write_scenario(Path(folder) / str(i), instance))
            jobs += [
                (path, f"nearest:window_s={60 * step}", f"{instance.name}, {step} min") for step in steps
            ]
        for scenario, strategy, work in jobs:
            watch(f"whole simulator, {work}")
            told = [whole_process(scenario, strategy)[1] for _ in range(rounds)]
            rate = median(each["orders_per_wall_s"] for each in told)
            metric: Any = told[0]["metrics"]
            ctd = metric["click_to_door_mean_min"]["value"]
            count = f"{work}, {told[0]['orders_placed']:,} orders"
            lines.append(f"| ours, the whole simulator | {count} | {rate:,.0f} | {ctd:.2f} |")
    lines += [f"| {name} | {work} | {rate:g}, measured before | |" for name, work, rate in MEASURED]
    return "\n".join(lines)


def read_works(text: str, folder: str) -> list[Instance]:
    """Return the days of names with commas between; those joined by + are one day.

    Raises:
        DataError: no such instance.
        UserError: days to be joined have different rules.
    """
    return [
        joined([read_instance(open_instances(folder, name)[0]) for name in each.split("+")])
        for each in text.split(",")
    ]


def read_steps(text: str) -> list[int]:
    """Return whole minutes from a text such as 1,5.

    Raises:
        UserError: something else.
    """
    if not all(each.isdecimal() and int(each) > 0 for each in text.split(",")):
        raise UserError(f"--steps are whole minutes from 1 on, with commas between, not {text!r}")
    return [int(each) for each in text.split(",")]


def show(options: argparse.Namespace) -> None:
    """Measure behind a progress bar, print each part as soon as it is there."""
    steps = read_steps(options.steps)
    works = read_works(options.instances, options.folder)
    columns = (TextColumn("{task.description:>40}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("compiling", total=None)

        def watch(name: str) -> None:
            bar.update(task, description=name)

        contenders = contenders_of([name for name in options.strategies.split(",") if name])
        if PEER not in contenders:
            print(f"{MISSING}\n")
        for instance in works:
            print(
                live(instance, steps, contenders, rounds=options.rounds, watch=watch), end="\n\n", flush=True
            )
        if options.day or options.whole:
            days = works if options.whole else []
            print(whole(days, steps, day=options.day, rounds=options.whole_rounds, watch=watch))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a shell; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", default=FOLDER, help="of instances: here, or in the data folder")
    parser.add_argument("--instances", default=WORK, help="names, with commas or + between")
    parser.add_argument("--steps", default="1,5", help="minutes between decisions, with commas between")
    parser.add_argument("--strategies", default=",".join(STRATEGIES), help="more of ours, ids")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--day", default="rappi_day", help="scenario for the whole simulator; none if empty")
    parser.add_argument(
        "--whole", action=argparse.BooleanOptionalAction, default=True, help="the instances too"
    )
    parser.add_argument("--whole-rounds", type=int, default=1)
    try:
        show(parser.parse_args(arguments))
    except DispatchlabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
