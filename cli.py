"""The command line and the composition root: the one place that wires the rooms together.

As a library: `run_scenario` and `compare_scenario` do what the commands `run` and `compare` do.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, cast

import numpy as np

try:
    import typer
except ModuleNotFoundError:  # installed as a library only: say so in one line, as for every user's error
    print("dispatchlab: the command line needs an extra: pip install 'dispatchlab[lab]'", file=sys.stderr)
    sys.exit(2)
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import adapters.memory.warm
import matching.warm
import reports
import roads.warm
import services.warm
import sim.warm
from adapters.connecting import DEFAULT_NAMESPACE, Connected, connect_all, parse_stores, store_urls
from adapters.database_commands import app as db_app
from adapters.memory import SharedClock
from adapters.opening import OpenStores, open_memory, open_servers
from adapters.stand_in import Faults, StandInProvider
from benchmarks.commands import app as bench_app
from benchmarks.regret import foresee, write_hindsight
from deploy.commands import app as stack_app
from deploy.stack import Stack
from deploy.switches import StackSwitches
from domain.errors import CityError, DataError, DispatchlabError, ScenarioError, Unavailable, UserError
from domain.ports import Clock
from domain.registry import Description
from domain.spec import MarketSpec, Scenario
from domain.units import HOUR_S, clock_text
from eta.contract import EtaModel
from eta.registry import describe as describe_eta
from eta.registry import eta_model_names, load_eta_model
from matching.contract import Strategy
from matching.registry import STRATEGIES, load_strategy, strategy_names
from matching.registry import describe as describe_strategy
from reports.gate.commands import app as gate_app
from reports.variant import world_hash
from roads.city import City
from roads.importing import import_city
from roads.library import list_cities, open_city
from scenarios import data_dir, load_scenario, read_trace, scenario_hash, scenario_names, to_dict
from services.breakers import Breaker, unwitnessed
from services.building import build_marketplace
from services.drive import drive
from services.payment_service import PaymentService
from services.relay import Relay
from services.settings import MarketplaceSettings, MatchSettings, OrderSettings, ResilienceSettings
from services.workers import RETRY_S, run_relay
from sim.calm import rare_collections
from sim.draw import draw_workload
from sim.ground import Ground
from sim.grounds import road_ground
from sim.recorder import Recorder, join_tables
from sim.replay import replay_on_lines, replay_on_roads
from sim.run_info import city_info, run_info
from sim.run_writer import check_run_folder, city_map, plain_map, write_run
from sim.streams import Streams
from sim.workload import Workload
from sim.world import Environment, VirtualTime, World
from sim.world import Progress as SimProgress

if TYPE_CHECKING:
    from adapters.kafka import KafkaBus

Tell = Callable[[str], None]
Watch = Callable[[SimProgress], None]

# --- composition


def run_scenario(
    name: str,
    *,
    strategy: str | None = None,
    eta: str | None = None,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    out: Path | str | None = None,
    stores: str = "memory",
    with_report: bool = True,
    tell: Tell | None = None,
    watch: Watch | None = None,
) -> Path:
    """Simulate a scenario and return its run folder, with `report.html` in it unless `with_report` is off.

    `name` is a library scenario or a `.toml` file; `strategy` an id, ``id:parameter=value`` or
    ``module:Class``; `overrides` are ``key=value`` items; `stores` is "memory", "memory:quantised", "stack"
    or URLs (see `adapters.connecting`). `tell` gets lines about setting up, `watch` the progress. An
    interrupt (Ctrl-C) ends the run early; the folder then holds what there is.

    Raises:
        UserError: something of this cannot be used; nothing is written.
    """
    scenario = _load(name, strategy, eta, seed, overrides)
    folder = Path(out) if out is not None else Path("runs") / _run_name(scenario)
    simulate(scenario, folder, asked=_asked(name, overrides), stores=stores, tell=tell, watch=watch)
    if with_report:
        reports.write_report([reports.open_run(folder)], folder)
    return folder


def compare_scenario(
    name: str,
    *,
    strategies: Sequence[str],
    seeds: Iterable[int],
    eta: str | None = None,
    overrides: Sequence[str] = (),
    out: Path | str | None = None,
    stores: str = "memory",
    workers: int = 1,
    with_hindsight: bool = True,
    tell: Tell | None = None,
    done: Callable[[Path], None] | None = None,
) -> reports.Comparison:
    """Simulate a scenario with every strategy and seed, write the report, and return the comparison.

    The runs and `report.html` lie in `out`, by default ``runs/NAME-compare``; and `hindsight.json`, what
    perfect foresight could have done with each seed, unless `with_hindsight` is off.

    `workers` processes share the runs (-1: one per core); the results do not depend on their number. `done`
    is told each finished run folder. An interrupt leaves a report of the runs that finished.
    """
    numbers = list(dict.fromkeys(seeds))
    scenarios = [_load(name, s, eta, seed, overrides) for s in dict.fromkeys(strategies) for seed in numbers]
    if not scenarios:
        raise UserError("nothing to compare: no strategy or no seed")
    folder = Path(out) if out is not None else Path("runs") / f"{scenarios[0].name}-compare"
    _compile_once(strategies, tell)
    for market in scenarios[0].markets:
        _open_market_city(market, tell)  # once, before the workers all want it
    import joblib  # only a comparison needs it

    asked = _asked(name, overrides)
    tasks = (
        joblib.delayed(simulate)(s, folder / _run_name(s), asked=asked, stores=stores) for s in scenarios
    )
    finished: list[Path] = []
    try:
        for path in joblib.Parallel(n_jobs=workers, return_as="generator_unordered")(tasks):
            finished.append(path)
            if done is not None:
                done(path)
    except KeyboardInterrupt:
        if not finished:
            raise
        with_hindsight = False
    runs = [reports.open_run(path) for s in scenarios if (path := folder / _run_name(s)) in finished]
    if with_hindsight:
        _look_back(scenarios, runs, folder, workers, tell)
    comparison = reports.compare(runs)
    reports.write_report(comparison, folder)
    return comparison


def _look_back(
    scenarios: Sequence[Scenario], runs: Sequence[reports.Run], folder: Path, workers: int, tell: Tell | None
) -> None:
    """Write `hindsight.json`: per seed, the best plan found for its runs' orders; Ctrl-C leaves it out."""
    import joblib

    of_seed = {scenario.seed: scenario for scenario in scenarios}
    whole = {seed: [r for r in runs if r.seed == seed and r.is_complete] for seed in of_seed}
    whole = {seed: some for seed, some in whole.items() if some}
    if not whole:
        return
    if tell is not None:
        tell("working out what perfect foresight could have done (--no-hindsight leaves it out)")
    tasks = (joblib.delayed(_foresee)(of_seed[seed], some) for seed, some in whole.items())
    try:
        found = joblib.Parallel(n_jobs=workers)(tasks)
    except KeyboardInterrupt:
        return
    write_hindsight(folder, world_hash(runs[0]), dict(zip(whole, found, strict=True)))


def _foresee(scenario: Scenario, runs: Sequence[reports.Run]) -> list[list[float | None]]:
    """Return each order's click-to-door with foresight, per market.

    Food is ready when it first was in any of the runs.
    """
    found = []
    for number, market in enumerate(scenario.markets):
        workload, ground, _ = _draw(market, _span_s(scenario), Streams(scenario.seed, number), None)
        ready = [run.column("orders", "ready_s")[run.column("orders", "market") == number] for run in runs]
        found.append(foresee(workload, ground, np.fmin.reduce(ready)))
    return found


def simulate(
    scenario: Scenario,
    folder: Path,
    *,
    asked: dict[str, Any],
    stores: str = "memory",
    tell: Tell | None = None,
    watch: Watch | None = None,
) -> Path:
    """Simulate every market of a resolved scenario and write the run folder; return it.

    `asked` is noted in `run.json`: the scenario as it was asked for. Each market has stores of its own.
    """
    _compile_once([scenario.strategy], tell)
    began = perf_counter()
    strategy, eta_model = STRATEGIES.load_text(scenario.strategy), load_eta_model(scenario.eta)
    check_run_folder(folder)
    setup_s = wall_s = 0.0
    worlds: list[World] = []
    maps, cities, kept_in = [], [], {}
    for number, market in enumerate(scenario.markets):
        with closing(_open_stores(scenario, stores)) as opened:
            kept_in = opened.info
            world, city = build_world(
                scenario, number, strategy, eta_model, opened=opened, tell=tell, watch=watch
            )
            maps.append(plain_map(market.name) if city is None else city_map(market.name, city))
            cities.append(city_info(market.name, city))
            started = perf_counter()
            setup_s += started - began
            with rare_collections():
                world.run()
            began = perf_counter()
            wall_s += began - started
        worlds.append(world)
        if not world.is_complete:
            break
    tables = join_tables(world.recorder.tables() for world in worlds)
    run = {
        "asked": asked,
        "scenario": to_dict(scenario),
        "scenario_sha256": scenario_hash(scenario),
        "strategy": _identity(strategy, describe_strategy(strategy)),
        "eta": _identity(eta_model, describe_eta(eta_model)),
        "seed": scenario.seed,
        "cities": cities,
        "stores": kept_in,
        **run_info(worlds, tables, cities, start_h=scenario.start_h, wall_s=wall_s, setup_s=setup_s),
    }
    write_run(folder, tables, run, maps, reports.write_slo)
    return folder


def build_world(
    scenario: Scenario,
    number: int,
    strategy: Strategy,
    eta_model: EtaModel,
    *,
    opened: OpenStores | None = None,
    tell: Tell | None = None,
    watch: Watch | None = None,
) -> tuple[World, City | None]:
    """Wire one market: its workload, the marketplace on stores (in memory by default), and the world."""
    opened = opened if opened is not None else _open_stores(scenario, "memory")
    market, platform_spec = scenario.markets[number], scenario.platform
    streams = Streams(scenario.seed, number)
    span_s = _span_s(scenario)
    workload, ground, city = _draw(market, span_s, streams, tell)
    env = Environment(span_s[0])
    world: World
    marketplace = build_marketplace(
        stores=opened.stores,
        strategy=strategy,
        eta_model=eta_model,
        travel=ground.believed,
        snap=ground.snap,
        clock=VirtualTime(env),
        rng=streams.generator("strategy"),
        provider=opened.provider,
        witness=lambda incident: world.witness(incident),
        on_window=lambda stats: world.window(stats),
        settings=MarketplaceSettings(
            orders=OrderSettings(promise_level=platform_spec.promise_quantile),
            match=MatchSettings(
                offer_ttl_s=platform_spec.offer_ttl_s,
                retry_s=platform_spec.retry_s,
                give_up_s=platform_spec.give_up_s,
                pickup_service_s=market.fleet.pickup_service_s,
                dropoff_service_s=market.fleet.dropoff_service_s,
            ),
        ),
    )
    world = World(
        env=env,
        market=market,
        workload=workload,
        ground=ground,
        platform=marketplace,
        recorder=Recorder(number, len(workload.orders), len(workload.shifts)),
        streams=streams,
        end_s=span_s[1],
        drive=opened.drive or drive,
        progress=watch,
        outages=scenario.outages,
        servers=opened.switches,
    )
    return world, city


def _span_s(scenario: Scenario) -> tuple[float, float]:
    """Return the first and the last moment at which orders are placed."""
    start_s = scenario.start_h * HOUR_S
    return start_s, start_s + scenario.hours * HOUR_S


def _open_stores(scenario: Scenario, stores: str) -> OpenStores:
    """Open empty stores for one market, and a payment provider with the scenario's faults."""
    platform = scenario.platform
    faults = Faults(
        decline_share=platform.payment_decline_share, failure_share=platform.payment_failure_share
    )
    provider = StandInProvider(faults, seed=scenario.seed)
    kind, _, option = stores.partition(":")
    if kind == "memory" and option in ("", "quantised"):
        return open_memory(provider, can_fail=bool(scenario.outages), quantised=bool(option))
    if stores == "stack":
        stack = Stack()
        switches = StackSwitches(stack, provider)
        switches.check(outage.server for outage in scenario.outages)
        return open_servers(store_urls(stack.urls()), provider, switches=switches)
    if scenario.outages:
        raise UserError(f"--stores {stores}: outages need 'memory' or 'stack', servers that are ours to stop")
    return open_servers(parse_stores(stores), provider)


def _draw(
    market: MarketSpec, span_s: tuple[float, float], streams: Streams, tell: Tell | None
) -> tuple[Workload, Ground, City | None]:
    city = _open_market_city(market, tell)
    if market.trace is not None:
        if city is None and market.shocks:
            raise ScenarioError("shocks need roads: set trace.geography to 'transplant', or shocks to []")
        trace = read_trace(market.trace)
        if city is None:
            return *replay_on_lines(trace, market, span_s, streams, market.trace.detour), None
        return *replay_on_roads(trace, market, span_s, streams, city), city
    if city is None:
        raise DataError(f"market {market.name!r} has neither a city nor a trace")
    workload = draw_workload(market, city, span_s, streams)
    return workload, road_ground(city, market.traffic, market.shocks, streams), city


def _compile_once(strategies: Iterable[str], tell: Tell | None) -> None:
    """Compile the kernels of all rooms, and of some strategies; load those that numba's disk cache has.

    So none is compiled or loaded within a run: its CPU time is the same in a fresh process as in an old one.
    """
    if tell is not None and not roads.warm.is_compiled():
        tell("compiling the kernels (once on this machine, about a minute)")
    _load_rooms()
    matching.warm.warm_up(text.split(":")[0] for text in strategies)


@cache
def _load_rooms() -> None:
    for room in (roads, adapters.memory, services, sim):
        room.warm.warm_up()


def _open_market_city(market: MarketSpec, tell: Tell | None) -> City | None:
    """Return the market's city; None where a trace is replayed on straight lines."""
    if market.trace is not None and market.trace.geography == "detour":
        return None
    spec = market.city
    return _open(spec.source, pois=spec.pois, crs=spec.crs, progress=tell)


def _open(source: str, **options: Any) -> City:
    try:
        return open_city(source, data_dir=data_dir(), **options)
    except CityError as error:
        if data_dir().is_dir():
            raise
        raise CityError(f"{error}; there is no folder {data_dir()}: set DISPATCHLAB_DATA") from None


def _load(
    name: str, strategy: str | None, eta: str | None, seed: int | None, overrides: Sequence[str]
) -> Scenario:
    """Return the resolved scenario, with strategy and ETA model known to exist."""
    if seed is not None and seed < 0:
        raise UserError(f"--seed {seed}: must be 0 or more")
    scenario = load_scenario(name, overrides)
    scenario = replace(
        scenario,
        strategy=scenario.strategy if strategy is None else strategy,
        eta=scenario.eta if eta is None else eta,
        seed=scenario.seed if seed is None else seed,
    )
    STRATEGIES.load_text(scenario.strategy)
    load_eta_model(scenario.eta)
    return scenario


def _asked(name: str, overrides: Sequence[str]) -> dict[str, Any]:
    return {"scenario": name, "set": list(overrides)}


def _run_name(scenario: Scenario) -> str:
    plain = "".join(c if c.isalnum() or c in "._=" else "-" for c in scenario.strategy)
    return f"{scenario.name}-{plain}-seed{scenario.seed}"


def _identity(chosen: Strategy | EtaModel, description: Description) -> dict[str, Any]:
    return {
        "id": description.name,
        "parameters": {p.name: getattr(chosen, p.name) for p in description.parameters},
        "flags": description.flags,
    }


# --- commands

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Simulate food-delivery dispatch on real roads, and compare strategies.",
)
city_app = typer.Typer(no_args_is_help=True, help="Import, list and show cities.")
strategies_app = typer.Typer(no_args_is_help=True, help="List and show matching strategies.")
eta_app = typer.Typer(no_args_is_help=True, help="List ETA models.")
scenarios_app = typer.Typer(no_args_is_help=True, help="List and show scenarios.")
worker_app = typer.Typer(no_args_is_help=True, help="Run what works beside the services.")
app.add_typer(city_app, name="city")
app.add_typer(strategies_app, name="strategies")
app.add_typer(eta_app, name="eta")
app.add_typer(scenarios_app, name="scenarios")
app.add_typer(bench_app, name="bench")
app.add_typer(gate_app, name="gate")
app.add_typer(stack_app, name="stack")
app.add_typer(db_app, name="db")
app.add_typer(worker_app, name="worker")
screen = Console()
notes = Console(stderr=True)

ScenarioName = Annotated[str, typer.Argument(help="Name in the library, or a .toml file.")]
EtaOption = Annotated[str | None, typer.Option(help="ETA model, instead of the scenario's.")]
StoresOption = Annotated[
    str, typer.Option(help="memory, stack (see `dispatchlab stack`), or URLs: postgresql://...,valkey://...")
]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="Override a key: key=value, dotted.")]
OutOption = Annotated[Path | None, typer.Option(help="Folder to write, instead of one below runs/.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


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
    out: OutOption = None,
    report_: Annotated[bool, typer.Option("--report/--no-report", help="Write the HTML report.")] = True,
    json_: JsonOption = False,
) -> None:
    """Simulate a scenario once and report on it."""
    with _bar(hidden=json_) as bar:
        task = bar.add_task("setting up", total=None, speed="")
        folder = run_scenario(
            scenario,
            strategy=strategy,
            eta=eta,
            seed=seed,
            overrides=set_ or (),
            stores=stores,
            out=out,
            with_report=report_,
            tell=_say,
            watch=lambda now: _show(bar, task, now),
        )
    one = reports.open_run(folder)
    if json_:
        print(json.dumps(reports.run_json(one), allow_nan=False))
    else:
        screen.print(reports.summary_table(one))
        _end(folder, complete=one.is_complete)
    if not one.is_complete:
        raise typer.Exit(130)


@app.command()
def compare(
    scenario: ScenarioName,
    strategies: Annotated[str, typer.Option(help="Strategies, comma-separated.")] = "nearest,score,batch",
    seeds: Annotated[str, typer.Option(help="Seeds: 1-5, or 1,2,7.")] = "1-3",
    eta: EtaOption = None,
    set_: SetOption = None,
    stores: StoresOption = "memory",
    out: OutOption = None,
    workers: Annotated[int, typer.Option(help="Processes that share the runs; -1: one per core.")] = -1,
    hindsight: Annotated[
        bool,
        typer.Option(help="Work out perfect foresight per seed, and tell how far strategies are from it."),
    ] = True,
    json_: JsonOption = False,
) -> None:
    """Simulate a scenario with several strategies and seeds, and report the differences."""
    chosen, numbers = [s.strip() for s in strategies.split(",") if s.strip()], _seeds(seeds)
    with _bar(hidden=json_) as bar:
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
            tell=_say,
            done=lambda path: bar.update(task, advance=1, speed=path.name),
        )
    _print_report(comparison, comparison.first.path.parent, json_)


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
    _print_report(comparison, out, json_)


@city_app.command("import")
def city_import(
    source: Annotated[str, typer.Argument(help="Road file, place:NAME or builtin:NAME.")],
    out: Annotated[Path | None, typer.Option(help="File to write, instead of NAME.city here.")] = None,
    pois: Annotated[Path | None, typer.Option(help="OSM file with restaurants and addresses.")] = None,
    crs: Annotated[str | None, typer.Option(help="Coordinates of a MATSim network, as EPSG:26743.")] = None,
    service_roads: Annotated[bool, typer.Option(help="Keep service roads.")] = False,
) -> None:
    """Compile a road source into a city file."""
    city = import_city(source, pois=pois, crs=crs, service_roads=service_roads)
    path = out or Path(f"{city.name}.city")
    city.save(path)
    screen.print(_city_table(city))
    screen.print(str(path), soft_wrap=True, highlight=False)


@city_app.command("list")
def city_list() -> None:
    """List the cities at hand: built in, in the data folder, compiled."""
    table = Table("city", "kind")
    for entry in list_cities(data_dir=data_dir()):
        table.add_row(entry.spec, entry.kind)
    screen.print(table)


@city_app.command("show")
def city_show(spec: Annotated[str, typer.Argument(help="As in a scenario's city.source.")]) -> None:
    """Show what a city holds and where it comes from."""
    screen.print(_city_table(_open(spec, progress=_say)))


@strategies_app.command("list")
def strategies_list() -> None:
    """List the matching strategies."""
    _print_items(describe_strategy(load_strategy(name)) for name in strategy_names())


@strategies_app.command("show")
def strategies_show(name: Annotated[str, typer.Argument(help="id, or module:Class.")]) -> None:
    """Show a strategy's parameters."""
    _print_item(describe_strategy(load_strategy(name)))


@eta_app.command("list")
def eta_list() -> None:
    """List the ETA models."""
    _print_items(describe_eta(load_eta_model(name)) for name in eta_model_names())


@scenarios_app.command("list")
def scenarios_list() -> None:
    """List the scenarios of the library."""
    table = Table("scenario", "what it is")
    for name in scenario_names():
        table.add_row(name, load_scenario(name).description)
    screen.print(table)


@scenarios_app.command("show")
def scenarios_show(scenario: ScenarioName, set_: SetOption = None) -> None:
    """Print a scenario as JSON, every default filled in."""
    print(json.dumps(to_dict(load_scenario(scenario, set_ or ())), indent=2))


# --- what the commands print


def _say(line: str) -> None:
    notes.print(line, highlight=False, soft_wrap=True)


def _bar(*, hidden: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
        console=notes,
        disable=hidden or not notes.is_terminal,
        transient=True,
    )


def _show(bar: Progress, task: Any, now: SimProgress) -> None:
    elapsed = bar.tasks[0].elapsed or 1e-9
    bar.update(
        task,
        description=clock_text(now.now_s),
        total=now.orders + (now.end_s - now.start_s) / 60.0,
        completed=now.ended + min(now.now_s - now.start_s, now.end_s - now.start_s) / 60.0,
        speed=f"{now.ended} of {now.orders} orders, {now.ended / elapsed:.0f} orders/s",
    )


def _print_report(comparison: reports.Comparison, folder: Path, json_: bool) -> None:
    if json_:
        print(json.dumps(reports.comparison_json(comparison, folder), allow_nan=False))
        return
    screen.print(reports.summary_table(comparison))
    _end(folder, complete=not comparison.interrupted)


def _end(folder: Path, *, complete: bool) -> None:
    if not complete:
        notes.print("interrupted: the report covers what was simulated until then")
    page = folder / "report.html"
    screen.print(f"report: {page}" if page.exists() else f"run: {folder}", soft_wrap=True, highlight=False)


def _city_table(city: City) -> Table:
    table = Table(city.name, "", title_justify="left")
    rows = {
        "nodes": city.node_count,
        "edges": city.edge_count,
        "restaurants": city.restaurant_count,
        "homes": city.home_count,
        "content hash": city.content_hash,
        **city.provenance,
    }
    for key, value in rows.items():
        table.add_row(key, str(value))
    return table


def _print_items(items: Iterable[Description]) -> None:
    table = Table("id", "what it does", "flags")
    for item in items:
        table.add_row(item.name, item.summary, ", ".join(f for f, on in item.flags.items() if on is True))
    screen.print(table)


def _print_item(item: Description) -> None:
    screen.print(f"{item.name}: {item.summary}", highlight=False)
    table = Table("parameter", "type", "default", "meaning")
    for each in item.parameters:
        table.add_row(each.name, each.type, str(each.default), each.doc)
    screen.print(table)


def _seeds(text: str) -> list[int]:
    """Return the seeds of ``1-5`` or ``1,2,7``."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise UserError(f"--seeds {text!r}: not a list of whole numbers such as 1-5 or 1,2,7")
        seeds += range(int(first), int(last or first) + 1)
    return list(dict.fromkeys(seeds))


NamespaceOption = Annotated[
    str, typer.Option(help="Schema in PostgreSQL, prefix in Valkey and Kafka: one per market.")
]


@worker_app.command("relay")
def worker_relay(stores: StoresOption = "stack", namespace: NamespaceOption = DEFAULT_NAMESPACE) -> None:
    """Publish the events of the outbox on Kafka and keep the tables tidy, until stopped."""

    async def work(connected: Connected, stop: asyncio.Event) -> None:
        clock = await _shared_clock(connected)
        relay = Relay(connected.stores.outbox, connected.bus, clock)
        await run_relay(relay, stop, hourly=lambda: connected.upkeep(clock.now_s()))

    _work(stores, namespace, work)


@worker_app.command("payments")
def worker_payments(stores: StoresOption = "stack", namespace: NamespaceOption = DEFAULT_NAMESPACE) -> None:
    """Capture and void payments as the order events on Kafka say, until stopped."""

    async def work(connected: Connected, stop: asyncio.Event) -> None:
        clock, settings = await _shared_clock(connected), ResilienceSettings()
        breaker = Breaker("payment", settings.payment, clock, unwitnessed)
        PaymentService(StandInProvider(), connected.stores.payments, breaker, connected.bus)
        await cast("KafkaBus", connected.bus).run(stop)

    _work(stores, namespace, work)


def _work(
    stores: str, namespace: str, work: Callable[[Connected, asyncio.Event], Coroutine[Any, Any, None]]
) -> None:
    """Do a worker's work on real servers until SIGTERM or Ctrl-C."""
    urls = store_urls(Stack().urls()) if stores == "stack" else parse_stores(stores)
    if urls.kafka is None:
        raise UserError("a worker needs Kafka: add kafka://host:port to --stores")

    async def until_stopped() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        while not stop.is_set():
            try:
                connected = await connect_all(urls, namespace=namespace, is_lockstep=False)
            except Unavailable as error:
                _say(f"{error}; waiting for it")
                await asyncio.sleep(RETRY_S)
                continue
            try:
                _say(f"working on {namespace}; Ctrl-C stops")
                await work(connected, stop)
            except Unavailable as error:
                _say(f"{error}; connecting anew")
            finally:
                await connected.close()

    asyncio.run(until_stopped())


async def _shared_clock(connected: Connected) -> Clock:
    """Return the clock of all processes of a namespace; the first one decides where it begins."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return SharedClock(await connected.database.set_zero(midnight))


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
