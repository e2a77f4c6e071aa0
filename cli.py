"""The command line and the composition root: the one place that wires the rooms together.

As a library: `run_scenario` and `compare_scenario` do what the commands `run` and `compare` do.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from time import perf_counter, process_time
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
from roads.library import is_at_hand, list_cities, open_city
from scenarios import (
    Point,
    data_dir,
    folder_name,
    grid,
    load_scenario,
    read_trace,
    read_varied,
    scenario_hash,
    scenario_names,
    to_dict,
)
from services.agenda import Agenda
from services.breakers import Breaker, unwitnessed
from services.building import build_marketplace
from services.drive import drive
from services.payment_service import PaymentService
from services.relay import Relay
from services.settings import MarketplaceSettings, MatchSettings, OrderSettings, ResilienceSettings
from services.workers import RETRY_S, run_relay
from sim.board import Board, put_up
from sim.calm import rare_collections
from sim.draw import draw_workload
from sim.engines import ENGINES, EngineChoice, gentle_interrupts, open_engine, worker_count
from sim.folder_lock import locked
from sim.ground import Ground
from sim.grounds import road_ground
from sim.jobs import STOPPING, Job, Outcome, Watching, run_jobs
from sim.market_result import MarketResult, city_info, market_result, not_simulated
from sim.recorder import Recorder, join_tables
from sim.replay import replay_on_lines, replay_on_roads
from sim.run_identity import finished_identity, run_identity
from sim.run_info import run_info, versions
from sim.run_parts import load_tables, save_tables
from sim.run_writer import check_run_folder, write_run
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
    workers: int = 1,
    with_report: bool = True,
    tell: Tell | None = None,
    watch: Watch | None = None,
) -> Path:
    """Simulate a scenario and return its run folder, with `report.html` in it unless `with_report` is off.

    `name` is a library scenario or a `.toml` file; `strategy` an id, ``id:parameter=value`` or
    ``module:Class``; `overrides` are ``key=value`` items; `stores` is "memory", "memory:quantised", "stack"
    or URLs (see `adapters.connecting`); `workers` processes share the scenario's markets (-1: one per core),
    the tables do not depend on their number. `tell` gets lines about setting up, `watch` each market's
    progress, maybe from another thread. An interrupt (Ctrl-C) ends the run early; the folder then holds what
    there is.

    Raises:
        UserError: something of this cannot be used; nothing is written.
    """
    scenario = _load(name, strategy, eta, seed, overrides)
    folder = Path(out) if out is not None else Path("runs") / _run_name(scenario)
    asked = _asked(name, overrides)
    simulate(scenario, folder, asked=asked, stores=stores, workers=workers, tell=tell, watch=watch)
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
    watch: Callable[[float], None] | None = None,
) -> reports.Comparison:
    """Simulate a scenario with every strategy and seed, write the report, and return the comparison.

    The runs and `report.html` lie in `out`, by default ``runs/NAME-compare``; and `hindsight.json`, what
    perfect foresight could have done with each seed, unless `with_hindsight` is off.

    `workers` processes share the runs, or a run's markets where there are fewer runs (-1: one per core); the
    results do not depend on their number. `done` is told each finished run folder, `watch` how many runs'
    worth of work is done, both from another thread. An interrupt leaves a report of the runs that finished.
    """
    numbers = list(dict.fromkeys(seeds))
    scenarios = [_load(name, s, eta, seed, overrides) for s in dict.fromkeys(strategies) for seed in numbers]
    if not scenarios:
        raise UserError("nothing to compare: no strategy or no seed")
    folder = Path(out) if out is not None else Path("runs") / f"{scenarios[0].name}-compare"
    asked = _asked(name, overrides)
    jobs = {
        _run_name(s): Job(scenario=s, folder=folder / _run_name(s), asked=asked, stores=stores)
        for s in scenarios
    }
    watching = Watching(tell=tell, done=done and (lambda run: done(folder / run)), watch=watch)
    outcomes = _make_runs(
        jobs, folder, choice=EngineChoice(workers=workers), goes_on=False, watching=watching
    )
    for outcome in outcomes.values():
        if outcome.error is not None:
            raise outcome.error
    runs = [reports.open_run(folder / run) for run, outcome in outcomes.items() if outcome.is_finished]
    if not runs:
        raise KeyboardInterrupt
    with_hindsight = with_hindsight and len(runs) == len(jobs)
    if with_hindsight:
        _look_back(scenarios, runs, folder, workers, tell)
    comparison = reports.compare(runs)
    reports.write_report(comparison, folder)
    return comparison


def sweep_scenario(
    name: str,
    *,
    strategies: Sequence[str],
    seeds: Iterable[int],
    vary: Sequence[str] = (),
    eta: str | None = None,
    overrides: Sequence[str] = (),
    out: Path | str | None = None,
    choice: EngineChoice | None = None,
    fresh: bool = False,
    watching: Watching | None = None,
) -> reports.Sweep:
    """Simulate a scenario with every strategy, value of what is varied, and seed; write table and report.

    `vary` are ``key=v1,v2`` of the scenario, or ``strategy:parameter=v1,v2``. The runs, `sweep.parquet`,
    `.csv`, `.json` and `report.html` lie in `out`, by default ``runs/NAME-sweep``. A run that is there
    already is skipped if all that decides it is the same (see `sim.run_identity`), unless `fresh`. `choice`
    says where runs are made. One that fails does not end the others; after an interrupt, the same call makes
    the rest.

    Raises:
        UserError: something of this cannot be used; nothing is run.
        KeyboardInterrupt: before any run had finished.
    """
    varied = [read_varied(item) for item in vary]
    choice, watching = choice or EngineChoice(), watching or Watching()
    choice.check()
    numbers = list(dict.fromkeys(seeds))
    asked: dict[str, Any] = {
        "scenario": name,
        "set": list(overrides),
        "eta": eta,
        "strategies": list(dict.fromkeys(strategies)),
        "seeds": numbers,
        "varied": {each.name: list(each.values) for each in varied},
    }
    planned = [
        (point, _sweep_job(name, point, seed, eta, overrides))
        for point in grid(strategies, varied)
        for seed in numbers
    ]
    if not planned:
        raise UserError("nothing to sweep: no strategy or no seed")
    folder = Path(out) if out is not None else Path("runs") / f"{planned[0][1].scenario.name}-sweep"
    points = {str(job.folder): point for point, job in planned}
    jobs = {str(job.folder): replace(job, folder=folder / job.folder) for _, job in planned}
    with locked(folder):
        wanted = _identities(jobs, watching.tell)
        left = {
            run: job for run, job in jobs.items() if fresh or finished_identity(job.folder) != wanted[run]
        }
        if watching.tell is not None and len(left) < len(jobs):
            watching.tell(f"{len(jobs) - len(left)} of {len(jobs)} runs are there already")
        outcomes = _make_runs(left, folder, choice=choice, goes_on=True, watching=watching)
        sweep = _swept(jobs, points, wanted, outcomes, asked)
        reports.write_sweep(sweep, folder)
    return sweep


def _swept(
    jobs: Mapping[str, Job],
    points: Mapping[str, Point],
    wanted: Mapping[str, str],
    outcomes: Mapping[str, Outcome],
    asked: dict[str, Any],
) -> reports.Sweep:
    """Return the sweep of jobs, of which some were made now, with `outcomes`, and the others earlier."""
    runs: list[reports.SweptRun] = []
    failed: dict[str, str] = {}
    for run, job in jobs.items():
        outcome, at = outcomes.get(run, Outcome(is_finished=True)), points[run]
        if outcome.error is not None:
            failed[run] = str(outcome.error)
        elif outcome.is_finished and finished_identity(job.folder) != wanted[run]:
            failed[run] = "its worker has other versions or another city than here, as its run.json says"
        elif outcome.is_finished:
            made = reports.open_run(job.folder)
            runs.append(reports.SweptRun(run=made, strategy=at.asked, varied=at.varied, sha256=wanted[run]))
    missing = [run for run, each in outcomes.items() if not each.is_finished and each.error is None]
    if not runs:
        raise DispatchlabError(next(iter(failed.values()))) if failed else KeyboardInterrupt
    skipped = len(jobs) - len(outcomes)
    return reports.Sweep(runs=runs, asked=asked, failed=failed, missing=missing, skipped=skipped)


def _sweep_job(name: str, point: Point, seed: int, eta: str | None, overrides: Sequence[str]) -> Job:
    """Return the job of a point of a sweep and a seed; its folder is relative to the sweep's."""
    scenario = _load(name, point.strategy, eta, seed, overrides, varied=point.overrides)
    folder = folder_name(scenario.name, point.strategy, *point.overrides, f"seed{seed}")
    asked = _asked(name, (*overrides, *point.overrides))
    return Job(scenario=scenario, folder=Path(folder), asked=asked)


def _identities(jobs: Mapping[str, Job], tell: Tell | None) -> dict[str, str]:
    """Return the identity that each run is going to have; imports every city, once."""
    hashes: dict[Any, str] = {}
    found = {}
    for run, job in jobs.items():
        for market in job.scenario.markets:
            place = (market.city, market.trace)
            if place not in hashes:
                hashes[place] = city_info(market.name, _open_market_city(market, tell))["hash"]
        cities = [{"hash": hashes[market.city, market.trace]} for market in job.scenario.markets]
        found[run] = run_identity({**_what_runs(job.scenario), "cities": cities, "versions": versions()})
    return found


def _make_runs(
    jobs: Mapping[str, Job], folder: Path, *, choice: EngineChoice, goes_on: bool, watching: Watching
) -> dict[str, Outcome]:
    """Make runs, each in its folder below `folder`."""
    _compile_once({job.scenario.strategy for job in jobs.values()}, watching.tell)  # once, before all want it
    return run_jobs(_make_run, jobs, folder=folder, choice=choice, goes_on=goes_on, watching=watching)


def _make_run(job: Job, *, workers: int, report: Watch) -> None:
    """Make one run; an interrupted one is not kept."""
    simulate(
        job.scenario,
        job.folder,
        asked=job.asked,
        stores=job.stores,
        workers=workers,
        watch=report,
        keeps_partial=False,
    )


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
    workers: int = 1,
    tell: Tell | None = None,
    watch: Watch | None = None,
    keeps_partial: bool = True,
) -> Path:
    """Simulate every market of a resolved scenario and write the run folder; return it.

    `asked` is noted in `run.json`: the scenario as it was asked for. Each market has stores of its own;
    `workers` processes share the markets, and the tables do not depend on their number. `watch` may be called
    from another thread. An interrupt ends the run early; unless `keeps_partial`, nothing is then written and
    KeyboardInterrupt raised.
    """
    began_s, began_cpu_s = perf_counter(), process_time()
    _compile_once([scenario.strategy], tell)
    check_run_folder(folder)
    count = min(worker_count(workers), len(scenario.markets))
    if count > 1 and stores == "stack" and scenario.outages:
        count = 1  # one market's outage would be all markets': they share the servers
    if count > 1:
        results = _simulate_in_processes(scenario, folder, stores, count, tell, watch)
    else:
        results = _simulate_in_turn(scenario, stores, tell, watch)
    if not keeps_partial and not all(each.is_complete for each in results):
        raise KeyboardInterrupt
    tables = join_tables(each.tables for each in results)
    run = {
        "asked": asked,
        "scenario_sha256": scenario_hash(scenario),
        **_what_runs(scenario),
        **run_info(results, tables, workers=count, began_s=began_s, own_cpu_s=process_time() - began_cpu_s),
    }
    write_run(folder, tables, run, [each.map for each in results], reports.write_slo)
    return folder


def _what_runs(scenario: Scenario) -> dict[str, Any]:
    """Return what `run.json` says of a scenario, its strategy and its ETA model."""
    strategy, eta_model = STRATEGIES.load_text(scenario.strategy), load_eta_model(scenario.eta)
    return {
        "scenario": to_dict(scenario),
        "strategy": _identity(strategy, describe_strategy(strategy)),
        "eta": _identity(eta_model, describe_eta(eta_model)),
        "seed": scenario.seed,
    }


def simulate_market(
    scenario: Scenario,
    number: int,
    *,
    stores: str = "memory",
    tell: Tell | None = None,
    watch: Watch | None = None,
) -> MarketResult:
    """Simulate one market of a resolved scenario, on stores of its own; an interrupt ends it early."""
    began_s, began_cpu_s = perf_counter(), process_time()
    strategy, eta_model = STRATEGIES.load_text(scenario.strategy), load_eta_model(scenario.eta)
    with closing(_open_stores(scenario, stores)) as opened:
        world, city = build_world(
            scenario, number, strategy, eta_model, opened=opened, tell=tell, watch=watch
        )
        ran_s = perf_counter()
        with rare_collections():
            world.run()
        return market_result(
            world,
            city,
            stores=opened.info,
            began_s=began_s,
            ran_s=ran_s,
            cpu_s=began_cpu_s,
            start_s=_span_s(scenario)[0],
        )


def _simulate_in_turn(
    scenario: Scenario, stores: str, tell: Tell | None, watch: Watch | None
) -> list[MarketResult]:
    """Return every market's result; after an interrupt, the remaining markets are not simulated."""
    results: list[MarketResult] = []
    for number, market in enumerate(scenario.markets):
        if results and not results[-1].is_complete:
            results.append(not_simulated(market.name))
            continue
        try:
            results.append(simulate_market(scenario, number, stores=stores, tell=tell, watch=watch))
        except KeyboardInterrupt:
            if not results:
                raise
            results.append(not_simulated(market.name))
    return results


def _simulate_in_processes(
    scenario: Scenario, folder: Path, stores: str, workers: int, tell: Tell | None, watch: Watch | None
) -> list[MarketResult]:
    """Return every market's result; on Ctrl-C all markets end early."""
    for market in scenario.markets:
        _open_market_city(market, tell)  # here, once, before several processes want to import it
    with (
        put_up(folder.absolute().parent, f".{folder.name}.parts-") as board,
        open_engine(EngineChoice(workers=workers)) as engine,
        board.followed(None if watch is None else partial(_show_markets, watch)),
        gentle_interrupts(lambda: _stop(board, tell)),
    ):
        markets = range(len(scenario.markets))
        found = engine.run(_simulate_part, [(scenario, number, stores, board) for number in markets])
        if not any(found):
            raise KeyboardInterrupt
        return [
            not_simulated(scenario.markets[number].name)
            if result is None
            else replace(result, tables=load_tables(board.folder / str(number)))
            for number, result in enumerate(found)
        ]


def _show_markets(watch: Watch, board: Board) -> None:
    for _, now in board.notes():
        watch(now)


def _stop(board: Board, tell: Tell | None) -> None:
    board.close()
    if tell is not None:
        tell(STOPPING)


def _simulate_part(scenario: Scenario, number: int, stores: str, board: Board) -> MarketResult | None:
    """Simulate a market in a process of its own; its tables go into the board's folder."""
    if not board.is_open:
        return None
    _compile_once([scenario.strategy], None)
    result = simulate_market(scenario, number, stores=stores, watch=board.reporter("market"))
    save_tables(board.folder / str(number), result.tables)
    return replace(result, tables={})


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
        progress=watch and (lambda now: watch(replace(now, market=number, markets=len(scenario.markets)))),
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
    missing = [
        path for path in (spec.source, spec.pois) if path and not is_at_hand(path, data_dir=data_dir())
    ]
    if not missing or spec.fallback is None:
        return _open(spec.source, pois=spec.pois, crs=spec.crs, progress=tell)
    note = f"{market.name}: {missing[0]} is not in the data folder {data_dir()}; {spec.fallback} stands in"
    if tell is not None:
        tell(note)
    return _open(spec.fallback, progress=tell).with_warning(note)


def _open(source: str, **options: Any) -> City:
    try:
        return open_city(source, data_dir=data_dir(), **options)
    except CityError as error:
        if data_dir().is_dir():
            raise
        raise CityError(f"{error}; there is no folder {data_dir()}: set DISPATCHLAB_DATA") from None


def _load(
    name: str,
    strategy: str | None,
    eta: str | None,
    seed: int | None,
    overrides: Sequence[str],
    *,
    varied: Sequence[str] = (),
) -> Scenario:
    """Return the resolved scenario, with strategy and ETA model known to exist."""
    if seed is not None and seed < 0:
        raise UserError(f"--seed {seed}: must be 0 or more")
    scenario = load_scenario(name, overrides, varied=varied)
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
    return folder_name(scenario.name, scenario.strategy, f"seed{scenario.seed}")


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
StrategiesOption = Annotated[str, typer.Option(help="Strategies, comma-separated.")]
SeedsOption = Annotated[str, typer.Option(help="Seeds: 1-5, or 1,2,7.")]
RunWorkersOption = Annotated[
    int, typer.Option(help="Processes that share the runs, or a run's markets; -1: one per core.")
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
    workers: Annotated[int, typer.Option(help="Processes that share the markets; -1: one per core.")] = -1,
    out: OutOption = None,
    report_: Annotated[bool, typer.Option("--report/--no-report", help="Write the HTML report.")] = True,
    json_: JsonOption = False,
) -> None:
    """Simulate a scenario once and report on it."""
    with _bar(hidden=json_) as bar:
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
            tell=_say,
            watch=_shown_on(bar),
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
            done=lambda path: bar.update(task, speed=path.name),
            watch=lambda runs: bar.update(task, completed=runs),
        )
    _print_report(comparison, comparison.first.path.parent, json_)


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
    with _bar(hidden=json_) as bar:
        task = bar.add_task("sweeping", total=None, speed="")
        result = sweep_scenario(
            scenario,
            strategies=[s.strip() for s in strategies.split(",") if s.strip()],
            seeds=_seeds(seeds),
            vary=vary or (),
            eta=eta,
            overrides=set_ or (),
            out=out,
            choice=EngineChoice(name=engine, workers=workers, address=address),
            fresh=fresh,
            watching=Watching(
                tell=_say,
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
        _end(folder, complete=not result.missing)
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


def _shown_on(bar: Progress) -> Watch:
    """Return what shows the progress of all markets as one: the slowest one's clock, everyone's orders."""
    task = bar.add_task("setting up", total=None, speed="")
    markets: dict[int, SimProgress] = {}

    def show(now: SimProgress) -> None:
        markets[now.market] = now
        ended, orders = (sum(getattr(m, name) for m in markets.values()) for name in ("ended", "orders"))
        speed = ended / (bar.tasks[0].elapsed or 1e-9)
        bar.update(
            task,
            description=clock_text(min(m.now_s for m in markets.values() if m.share < 1.0 or m is now)),
            total=now.markets,
            completed=sum(m.share for m in markets.values()),
            speed=f"{ended} of {orders} orders, {speed:.0f} orders/s",
        )

    return show


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
        relay = Relay(connected.stores.outbox, connected.bus, clock, Agenda())
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
