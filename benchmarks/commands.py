"""The command line `dispatchlab bench`: published instances, one decision's time, perfect foresight."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.hindsight import main as solve
from benchmarks.mdrp.bench import find_root, open_instances, run_benchmark
from benchmarks.mdrp.day import PREPOSITIONS
from benchmarks.mdrp.prep import PREPARATIONS
from benchmarks.mdrp.report import write_page
from benchmarks.mdrp.results import RESULTS, BenchmarkResult, read_result, result_json, write_result
from benchmarks.mdrp.small import warm_up
from benchmarks.mdrp.table import instances_table, means_table
from benchmarks.snapshot import LIMIT_S, SIZES
from benchmarks.snapshot import show as show_snapshot
from domain.errors import UnknownNameError, UserError
from matching.registry import STRATEGIES

INTERRUPTED = 130
WIDTH = 160  # a table of twelve numbers is not cut where the output is no terminal
app = typer.Typer(no_args_is_help=True, help="Measure strategies on published instances.")
screen = Console() if Console().is_terminal else Console(width=WIDTH)
notes = Console(stderr=True)

FolderArgument = Annotated[
    str, typer.Argument(help="Folder of instances: here, absolute, or in the data folder (orders/mdrp).")
]
InstancesOption = Annotated[str, typer.Option(help="Only the instances whose names match this pattern.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.command()
def mdrp(
    folder: FolderArgument,
    strategy: Annotated[str, typer.Option(help="id, id:parameter=value, or module:Class.")],
    param: Annotated[
        list[str] | None, typer.Option(help="Set a parameter of the strategy: name=value; may be repeated.")
    ] = None,
    instances: InstancesOption = "*",
    prep: Annotated[
        str,
        typer.Option(
            help="What is known of ready times: perfect, restaurant-mean, restaurant-quantile:level=0.7, "
            "restaurant-past, or module:Class."
        ),
    ] = "perfect",
    preposition: Annotated[
        str, typer.Option(help="Where drivers go at the start of a shift: none, or nearby (a restaurant).")
    ] = "none",
    seed: Annotated[int, typer.Option(help="Seed of the strategy and of prepositioning.", min=0)] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write: solutions per instance, and results.json.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Play instances of the Meal Delivery Routing Problem by their own rules, check and measure.

    Exit code 1 if a solution breaks a rule.
    """
    chosen = STRATEGIES.load_text(strategy, _parameters(param or ()))
    model = PREPARATIONS.load_text(prep)
    if preposition not in PREPOSITIONS:
        raise UnknownNameError("--preposition", preposition, PREPOSITIONS)
    folders = open_instances(folder, instances)
    notes.print("loading the kernels (compiling them once, if this machine has none)", highlight=False)
    warm_up(chosen)
    with _bar(hidden=json_) as bar:
        task = bar.add_task(strategy, total=len(folders))
        result = run_benchmark(
            folders,
            chosen,
            prep=model,
            preposition=preposition,
            seed=seed,
            out=out,
            watch=lambda played: bar.update(task, advance=1, description=played.instance),
        )
    if out is not None:
        write_result(out / RESULTS, result)
    _tell(result, out, json_=json_)


@app.command()
def report(
    results: Annotated[list[Path], typer.Argument(help="results.json of `bench mdrp --out`, or folders.")],
    out: Annotated[Path, typer.Option(help="The page to write; its plots go to images/ beside it.")] = Path(
        "comparison.md"
    ),
) -> None:
    """Write a page that compares results: tables beside published figures, and plots."""
    write_page([read_result(path) for path in results], out)
    screen.print(str(out), soft_wrap=True, highlight=False)


@app.command()
def snapshot(
    sizes: Annotated[
        str, typer.Option(help="Open orders x drivers, with commas between: 200x100,1000x2000.")
    ] = ",".join(f"{orders}x{drivers}" for orders, drivers in SIZES),
    strategies: Annotated[str, typer.Option(help="Strategies, comma-separated; all of them if empty.")] = "",
    repeat: Annotated[int, typer.Option(help="Decisions of which the median is told.", min=1)] = 5,
    limit_s: Annotated[float, typer.Option(help="Longest wait for one decision, seconds.")] = LIMIT_S,
    json_: JsonOption = False,
) -> None:
    """Time one decision of each strategy, beside bare assignment solvers."""
    show_snapshot(sizes=sizes, strategies=strategies, repeat=repeat, limit_s=limit_s, as_json=json_)


@app.command()
def hindsight(
    folder: FolderArgument,
    instances: InstancesOption = "0*",
    seconds: Annotated[
        float, typer.Option(help="Of search per instance; this machine decides how many iterations that is.")
    ] = 30.0,
    iterations: Annotated[
        int | None, typer.Option(help="Of search per instance, instead of seconds; repeatable.")
    ] = None,
    bound: Annotated[bool, typer.Option("--bound", help="Prove a lower bound as well.")] = False,
    max_bundle: Annotated[int, typer.Option(help="Orders picked up together, at most.", min=1)] = 2,
    seed: Annotated[int, typer.Option(help="Seed of the search.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder to write solutions to, per instance.")] = None,
    json_: JsonOption = False,
) -> None:
    """Solve instances with perfect foresight: what no strategy can be expected to reach.

    Exit code 1 if a solution breaks a rule. Ctrl-C ends with what there is.
    """
    open_instances(folder, instances)
    words = [str(find_root(folder)), "--instances", instances, "--seconds", str(seconds)]
    words += ["--max-bundle", str(max_bundle), "--seed", str(seed)]
    words += ["--bound"] if bound else []
    words += ["--json"] if json_ else []
    words += [] if iterations is None else ["--iterations", str(iterations)]
    words += [] if out is None else ["--out", str(out)]
    raise typer.Exit(solve(words))


def _parameters(texts: Sequence[str]) -> dict[str, str]:
    """Return the pairs of ``name=value``."""
    for text in texts:
        if "=" not in text:
            raise UserError(f"--param {text!r}: not of the form name=value")
    return dict(text.split("=", 1) for text in texts)


def _bar(*, hidden: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=notes,
        disable=hidden or not notes.is_terminal,
        transient=True,
    )


def _tell(result: BenchmarkResult, out: Path | None, *, json_: bool) -> None:
    """Print the result, and end with the exit code that it deserves."""
    if json_:
        print(json.dumps(result_json(result), allow_nan=False))
    else:
        screen.print(instances_table(result))
        screen.print(means_table([result]))
        if out is not None:
            screen.print(f"solutions and {RESULTS}: {out}", soft_wrap=True, highlight=False)
    for each in result.per_instance:
        for line in each.violations:
            notes.print(f"{each.instance}: {line}", highlight=False, soft_wrap=True)
    if not result.is_complete:
        notes.print("interrupted: the means are of the instances played until then")
        raise typer.Exit(INTERRUPTED)
    if result.violations:
        notes.print(f"violations: {result.violations}")
        raise typer.Exit(1)
