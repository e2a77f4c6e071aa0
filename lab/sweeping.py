"""Sweeps: strategies x varied keys x seeds, of which only what is not there yet is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import reports
from domain.errors import DispatchlabError, UserError
from lab.cities import open_market_city
from lab.listeners import Tell
from lab.loading import load_run, what_runs, what_was_asked
from lab.running import make_runs
from scenarios import Point, folder_name, grid, read_varied
from sim.engines import EngineChoice
from sim.folder_lock import locked
from sim.jobs import Job, Outcome, Watching
from sim.market_result import city_info
from sim.run_identity import finished_identity, run_identity
from sim.run_info import versions


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
        outcomes = make_runs(left, folder, choice=choice, goes_on=True, watching=watching)
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
    scenario = load_run(name, point.strategy, eta, seed, overrides, varied=point.overrides)
    folder = folder_name(scenario.name, point.strategy, *point.overrides, f"seed{seed}")
    asked = what_was_asked(name, (*overrides, *point.overrides))
    return Job(scenario=scenario, folder=Path(folder), asked=asked)


def _identities(jobs: Mapping[str, Job], tell: Tell | None) -> dict[str, str]:
    """Return the identity that each run is going to have; imports every city, once."""
    hashes: dict[Any, str] = {}
    found = {}
    for run, job in jobs.items():
        for market in job.scenario.markets:
            place = (market.city, market.trace)
            if place not in hashes:
                hashes[place] = city_info(market.name, open_market_city(market, tell))["hash"]
        cities = [{"hash": hashes[market.city, market.trace]} for market in job.scenario.markets]
        found[run] = run_identity({**what_runs(job.scenario), "cities": cities, "versions": versions()})
    return found
