"""Makes a run, or many, and writes their folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import reports
from domain.spec import Scenario
from lab.listeners import Tell, Watch
from lab.loading import load_run, run_name, what_runs, what_was_asked
from lab.markets import simulate_in_processes, simulate_in_turn
from lab.warming import compile_once
from scenarios import scenario_hash
from sim.engines import EngineChoice, worker_count
from sim.jobs import Job, Outcome, Watching, run_jobs
from sim.recorder import join_tables
from sim.run_info import run_info, versions
from sim.run_writer import check_run_folder, write_run


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
    scenario = load_run(name, strategy, eta, seed, overrides)
    folder = Path(out) if out is not None else Path("runs") / run_name(scenario)
    asked = what_was_asked(name, overrides)
    simulate(scenario, folder, asked=asked, stores=stores, workers=workers, tell=tell, watch=watch)
    if with_report:
        reports.write_report([reports.open_run(folder)], folder)
    return folder


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
    packages = versions()  # first, since it can fail
    compile_once([scenario.strategy], tell)
    check_run_folder(folder)
    count = min(worker_count(workers), len(scenario.markets))
    if count > 1 and stores == "stack" and scenario.outages:
        count = 1  # one market's outage would be all markets': they share the servers
    if count > 1:
        results = simulate_in_processes(scenario, folder, stores, count, tell, watch)
    else:
        results = simulate_in_turn(scenario, stores, tell, watch)
    if not keeps_partial and not all(each.is_complete for each in results):
        raise KeyboardInterrupt
    tables = join_tables(each.tables for each in results)
    run = {
        "asked": asked,
        "scenario_sha256": scenario_hash(scenario),
        **what_runs(scenario),
        **run_info(
            results,
            tables,
            workers=count,
            began_s=began_s,
            own_cpu_s=process_time() - began_cpu_s,
            packages=packages,
        ),
    }
    write_run(folder, tables, run, [each.map for each in results], reports.write_slo)
    return folder


def make_runs(
    jobs: Mapping[str, Job], folder: Path, *, choice: EngineChoice, goes_on: bool, watching: Watching
) -> dict[str, Outcome]:
    """Make runs, each in its folder below `folder`; return what became of each."""
    compile_once({job.scenario.strategy for job in jobs.values()}, watching.tell)  # once, before all want it
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
