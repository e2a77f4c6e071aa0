"""The command line: runs, comparisons, sweeps, reports, and the commands of the rooms.

What the commands do lies in the room `lab`, which is also their library: `from lab import run_scenario`.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Annotated

try:
    import typer
except ModuleNotFoundError:  # installed as a library only: say so in one line, as for every user's error
    print("dispatchlab: the command line needs an extra: pip install 'dispatchlab[lab]'", file=sys.stderr)
    sys.exit(2)

import reports
from adapters.database_commands import app as db_app
from benchmarks.commands import app as bench_app
from deploy.commands import app as stack_app
from domain.errors import DispatchlabError
from lab.city_commands import app as city_app
from lab.comparing import compare_scenario
from lab.console import notes, print_place, print_report, progress_bar, say, screen, shown_on
from lab.listing_commands import eta_app, scenarios_app, strategies_app
from lab.options import (
    EtaOption,
    JsonOption,
    OutOption,
    RunWorkersOption,
    ScenarioName,
    SeedsOption,
    SetOption,
    StoresOption,
    StrategiesOption,
    listed,
    seeds_of,
)
from lab.running import run_scenario
from lab.sweeping import sweep_scenario
from lab.worker_commands import app as worker_app
from reports.gate.commands import app as gate_app
from sim.engines import ENGINES, EngineChoice
from sim.jobs import Watching

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Simulate food-delivery dispatch on real roads, and compare strategies.",
)
app.add_typer(city_app, name="city")
app.add_typer(strategies_app, name="strategies")
app.add_typer(eta_app, name="eta")
app.add_typer(scenarios_app, name="scenarios")
app.add_typer(bench_app, name="bench")
app.add_typer(gate_app, name="gate")
app.add_typer(stack_app, name="stack")
app.add_typer(db_app, name="db")
app.add_typer(worker_app, name="worker")


@app.command()
def run(
    scenario: ScenarioName,
    strategy: Annotated[
        str | None, typer.Option(help="id, id:parameter=value, or module:Class, instead of the scenario's.")
    ] = None,
    eta: EtaOption = None,
    seed: Annotated[int | None, typer.Option(help="Seed, instead of the scenario's.")] = None,
    set_: SetOption = None,
    stores: StoresOption = "memory",
    workers: Annotated[int, typer.Option(help="Processes that share the markets; -1: one per core.")] = -1,
    out: OutOption = None,
    report_: Annotated[bool, typer.Option("--report/--no-report", help="Write the HTML report.")] = True,
    json_: JsonOption = False,
) -> None:
    """Simulate a scenario once and report on it."""
    with progress_bar(hidden=json_) as bar:
        folder = run_scenario(
            scenario,
            strategy=strategy,
            eta=eta,
            seed=seed,
            overrides=set_ or (),
            stores=stores,
            workers=workers,
            out=out,
            with_report=report_,
            tell=say,
            watch=shown_on(bar),
        )
    one = reports.open_run(folder)
    if json_:
        print(json.dumps(reports.run_json(one), allow_nan=False))
    else:
        screen.print(reports.summary_table(one))
        print_place(folder, complete=one.is_complete)
    if not one.is_complete:
        raise typer.Exit(130)


@app.command()
def compare(
    scenario: ScenarioName,
    strategies: StrategiesOption = "nearest,score,batch",
    seeds: SeedsOption = "1-3",
    eta: EtaOption = None,
    set_: SetOption = None,
    stores: StoresOption = "memory",
    out: OutOption = None,
    workers: RunWorkersOption = -1,
    hindsight: Annotated[
        bool,
        typer.Option(help="Work out perfect foresight per seed, and tell how far strategies are from it."),
    ] = True,
    json_: JsonOption = False,
) -> None:
    """Simulate a scenario with several strategies and seeds, and report the differences."""
    chosen, numbers = listed(strategies), seeds_of(seeds)
    with progress_bar(hidden=json_) as bar:
        task = bar.add_task("comparing", total=len(set(chosen)) * len(numbers), speed="")
        comparison = compare_scenario(
            scenario,
            strategies=chosen,
            seeds=numbers,
            eta=eta,
            overrides=set_ or (),
            stores=stores,
            out=out,
            workers=workers,
            with_hindsight=hindsight,
            tell=say,
            done=lambda path: bar.update(task, speed=path.name),
            watch=lambda runs: bar.update(task, completed=runs),
        )
    print_report(comparison, comparison.first.path.parent, as_json=json_)


@app.command()
def sweep(
    scenario: ScenarioName,
    strategies: StrategiesOption = "nearest,score,batch",
    seeds: SeedsOption = "1-3",
    vary: Annotated[
        list[str] | None,
        typer.Option(help="Vary a key, or a strategy's parameter: key=v1,v2 or batch:window_s=5,10."),
    ] = None,
    eta: EtaOption = None,
    set_: SetOption = None,
    out: OutOption = None,
    workers: RunWorkersOption = -1,
    engine: Annotated[str, typer.Option(help=f"Where runs are made: {', '.join(ENGINES)}.")] = "local",
    address: Annotated[
        str | None, typer.Option(help="Existing cluster of --engine dask or ray, instead of a local one.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make runs anew that are there already.")] = False,
    json_: JsonOption = False,
) -> None:
    """Simulate strategies x varied keys x seeds; a sweep that was stopped goes on where it was."""
    with progress_bar(hidden=json_) as bar:
        task = bar.add_task("sweeping", total=None, speed="")
        result = sweep_scenario(
            scenario,
            strategies=listed(strategies),
            seeds=seeds_of(seeds),
            vary=vary or (),
            eta=eta,
            overrides=set_ or (),
            out=out,
            choice=EngineChoice(name=engine, workers=workers, address=address),
            fresh=fresh,
            watching=Watching(
                tell=say,
                plan=lambda count: bar.update(task, total=count),
                done=lambda run: bar.update(task, speed=run),
                watch=lambda runs: bar.update(task, completed=runs),
            ),
        )
    folder = result.first.path.parent
    if json_:
        print(json.dumps(reports.sweep_json(result, folder), allow_nan=False))
    else:
        screen.print(reports.sweep_table(result))
        print_place(folder, complete=not result.missing)
    if result.failed:
        _fail(f"{len(result.failed)} of the sweep's runs failed: {next(iter(result.failed.values()))}")
    if result.missing:
        raise typer.Exit(130)


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders that hold them.")],
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("report"),
    figures: Annotated[bool, typer.Option(help="Write the figures as PNG, too.")] = False,
    json_: JsonOption = False,
) -> None:
    """Report on runs made earlier."""
    comparison = reports.compare([one for folder in runs for one in reports.find_runs(folder)])
    reports.write_report(comparison, out, figures=figures)
    print_report(comparison, out, as_json=json_)


def main() -> None:
    """Run the command line; errors are one line on standard error, exit code 2."""
    for library in ("stamina", "asyncpg"):  # a retry is no news, and what fails for good is told by us
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        status = app(standalone_mode=False)
    except DispatchlabError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        notes.print("interrupted: nothing was finished")
        sys.exit(130)
    except Exception as error:
        describe = getattr(error, "format_message", None)  # a usage error of typer
        if describe is None:
            raise
        _fail(" ".join(describe().split()) or "missing command; see --help")
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str) -> None:
    print(f"dispatchlab: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
