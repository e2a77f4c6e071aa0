"""How long one decision takes: every strategy, and bare assignment solvers on the costs that `batch` solves.

    python -m benchmarks.snapshot [--sizes 200x100,1000x2000] [--strategies batch,auction] [--repeat 5]

A size is open orders x drivers, in an imaginary city of 10 x 10 km, 40 % of the drivers carrying, 30 % of
the food ready. Everything runs in a process of its own, so that one that hangs can be ended and solvers that
bring rival libraries never meet; kernels are compiled before the clock starts. Building a solver's input is
not timed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks._solvers import SOLVERS, Costs, TooLarge, costs_of
from domain.errors import DispatchlabError, UserError
from matching.contract import Snapshot
from matching.registry import load_strategy, strategy_names
from matching.testing import make_snapshot

Size = tuple[int, int]

SIZES: tuple[Size, ...] = ((200, 100), (1_000, 2_000), (5_000, 10_000))
LIMIT_S = 60.0
SET_UP_S = 600.0
"""Longest wait for a process to import, compile and draw its snapshot."""
NOT_TRIED = "smaller took too long"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One decision, or one solution of the bare assignment, at one size.

    `ms`: median over the repeats, None where there is none, which `note` explains. `given`: open orders that
    got a driver; `total_s`: for solvers, the cost of the assignment, seconds.
    """

    name: str
    kind: str
    orders: int
    drivers: int
    ms: float | None = None
    given: int | None = None
    total_s: float | None = None
    note: str = ""


def bench_snapshot(
    sizes: Sequence[Size] = SIZES,
    strategies: Sequence[str] | None = None,
    repeat: int = 5,
    *,
    limit_s: float = LIMIT_S,
    solvers: Sequence[str] | None = None,
    watch: Callable[[int, int, str], None] | None = None,
) -> list[Timing]:
    """Time one decision of each strategy, and each bare solver (None: of all there are), at each size.

    What takes longer than `limit_s` for a single decision is ended and reported so, and not tried at larger
    sizes. `watch` hears how many of how many timings are done, and of whom the next one is.

    Raises:
        UnknownNameError: no such strategy.
    """
    names = list(strategies) if strategies else strategy_names()
    for name in names:
        load_strategy(name)
    jobs = [("strategy", name) for name in names] + [
        ("solver", name) for name in (SOLVERS if solvers is None else solvers)
    ]
    sizes = sorted(sizes, key=lambda size: size[0] * size[1])
    rows: list[Timing] = []
    for kind, name in jobs:
        if watch is not None:
            watch(len(rows), len(jobs) * len(sizes), name)
        rows += _time_apart(kind, name, sizes, repeat, limit_s)
    return rows


def _time_apart(kind: str, name: str, sizes: Sequence[Size], repeat: int, limit_s: float) -> list[Timing]:
    """Time one strategy or solver at all sizes, smallest first, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(
        target=_serve, args=(theirs, kind, name, list(sizes), repeat, limit_s), daemon=True
    )
    process.start()
    theirs.close()
    rows: list[Timing] = []
    try:
        for orders, drivers in sizes:
            blank = Timing(name=name, kind=kind, orders=orders, drivers=drivers)
            row = replace(blank, note=NOT_TRIED) if _is_over(rows) else _await(ours, blank, limit_s)
            rows.append(row)
    finally:
        process.kill()
        process.join()
    return rows


def _is_over(rows: list[Timing]) -> bool:
    return bool(rows) and rows[-1].note.startswith(("over", "fails", NOT_TRIED))


def _await(connection: Connection, blank: Timing, limit_s: float) -> Timing:
    """Return what the process says of this size: first that it is ready to begin, then the result."""
    try:
        for seconds in (SET_UP_S, 2.0 * limit_s):
            if not connection.poll(seconds):
                return replace(
                    blank, note=f"over {limit_s:g} s" if seconds != SET_UP_S else "over set-up time"
                )
            message = connection.recv()
            if message != "begin":
                return replace(blank, **message)
    except EOFError:
        return replace(blank, note="fails: its process died")
    raise RuntimeError("the process said twice that it begins")


def _serve(
    connection: Connection, kind: str, name: str, sizes: list[Size], repeat: int, limit_s: float
) -> None:
    """Time all sizes in this process, and tell."""
    prepare = _decision if kind == "strategy" else _solution
    try:
        prepare(name, draw(30, 20, name if kind == "strategy" else "batch"))()
        for orders, drivers in sizes:
            try:
                run = prepare(name, draw(orders, drivers, name if kind == "strategy" else "batch"))
            except TooLarge as error:
                connection.send({"note": str(error)})
                continue
            connection.send("begin")
            connection.send(_median(run, repeat, limit_s))
    except Exception as error:  # the table goes on without it
        connection.send({"note": f"fails: {type(error).__name__}: {' '.join(str(error).split())}"})


def draw(orders: int, drivers: int, strategy: str) -> Snapshot:
    """Return the snapshot on which a strategy is timed: its own number of candidates, and its radius."""
    wants = load_strategy(strategy)
    return make_snapshot(
        orders=orders,
        drivers=drivers,
        carrying=0.4,
        candidates=wants.candidates,
        radius_m=wants.radius_m,
        restaurants=max(30, orders // 10),
        seed=1,
    )


def _decision(name: str, snapshot: Snapshot) -> Callable[[], dict[str, Any]]:
    strategy = load_strategy(name)

    def run() -> dict[str, Any]:
        decision = strategy(snapshot, np.random.default_rng(0))
        return {"given": int((decision.driver[: snapshot.open_orders] >= 0).sum())}

    return run


def _solution(name: str, snapshot: Snapshot) -> Callable[[], dict[str, Any]]:
    costs: Costs = costs_of(snapshot)
    solve = SOLVERS[name](costs)

    def run() -> dict[str, Any]:
        given, total_s = solve()
        return {"given": given, "total_s": total_s}

    return run


def _median(run: Callable[[], dict[str, Any]], repeat: int, limit_s: float) -> dict[str, Any]:
    """Return the median of up to `repeat` runs, none begun after `limit_s`, and what the last one says."""
    taken: list[float] = []
    while len(taken) < repeat and sum(taken) < limit_s:
        start = time.perf_counter()
        said = run()
        taken.append(time.perf_counter() - start)
    if taken[0] > limit_s:
        return {"note": f"over {limit_s:g} s"}
    return {"ms": statistics.median(taken) * 1e3, **said}


def table(rows: Sequence[Timing]) -> str:
    """Return the timings as a Markdown table: a line per name, a column per size."""
    sizes = list(dict.fromkeys((row.orders, row.drivers) for row in rows))
    head = ["", *(f"{orders:,} x {drivers:,}, ms" for orders, drivers in sizes)]
    lines = [head, ["---", *("---:" for _ in sizes)]]
    for kind, name in dict.fromkeys((row.kind, row.name) for row in rows):
        own = {(row.orders, row.drivers): row for row in rows if (row.kind, row.name) == (kind, name)}
        lines.append([name if kind == "solver" else f"`{name}`", *(_cell(own[size]) for size in sizes)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(row: Timing) -> str:
    if row.ms is None:
        return row.note
    return f"{row.ms:,.{1 if row.ms < 100.0 else 0}f} ({row.given:,} given)"


def disagreements(rows: Sequence[Timing]) -> list[str]:
    """Return the sizes at which the bare solvers, all exact, find different totals; a line each."""
    found: dict[Size, dict[str, float]] = {}
    for row in rows:
        if row.total_s is not None:
            found.setdefault((row.orders, row.drivers), {})[row.name] = row.total_s
    return [
        f"{orders} x {drivers}: {totals}"
        for (orders, drivers), totals in found.items()
        if max(totals.values()) - min(totals.values()) > 1e-9 * max(map(abs, totals.values()))
    ]


def parse_sizes(text: str) -> list[Size]:
    """Return the sizes that a text such as ``200x100,1000x2000`` names.

    Raises:
        UserError: it does not have this form.
    """
    try:
        sizes = [
            (int(orders), int(drivers)) for orders, drivers in (each.split("x") for each in text.split(","))
        ]
    except ValueError:
        raise UserError(f"sizes are ORDERSxDRIVERS, with commas between, not {text!r}") from None
    if min(map(min, sizes)) < 1:
        raise UserError(f"a size has one order and one driver at least, not {text!r}")
    return sizes


def show(*, sizes: str, strategies: str, repeat: int, limit_s: float, as_json: bool) -> None:
    """Time, behind a progress bar, and print the table or JSON: the body of `dispatchlab bench snapshot`.

    `sizes` as `parse_sizes`; `strategies`: ids with commas between, empty for all.

    Raises:
        UserError: a size or strategy that does not exist.
    """
    columns = (TextColumn("{task.description:>24}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("")
        rows = bench_snapshot(
            parse_sizes(sizes),
            [name for name in strategies.split(",") if name],
            repeat,
            limit_s=limit_s,
            watch=lambda done, total, name: progress.update(
                task, completed=done, total=total, description=name
            ),
        )
    print(json.dumps([asdict(row) for row in rows], indent=2) if as_json else table(rows))
    for line in disagreements(rows):
        print(f"the exact solvers disagree at {line}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a shell; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default=",".join(f"{orders}x{drivers}" for orders, drivers in SIZES))
    parser.add_argument("--strategies", default="", help="ids with commas between; all without")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--limit-s", type=float, default=LIMIT_S, help="longest wait for one decision")
    parser.add_argument("--json", action="store_true", dest="as_json")
    try:
        show(**vars(parser.parse_args(arguments)))
    except DispatchlabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
