"""Compares strategies over seeds, and with what perfect foresight could have done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

import reports
from benchmarks.regret import foresee, write_hindsight
from domain.errors import UserError
from domain.spec import Scenario
from lab.building import draw, span_of
from lab.listeners import Tell
from lab.loading import load_run, run_name, what_was_asked
from lab.running import make_runs
from reports.variant import world_hash
from sim.engines import EngineChoice
from sim.jobs import Job, Watching
from sim.streams import Streams


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
    scenarios = [
        load_run(name, s, eta, seed, overrides) for s in dict.fromkeys(strategies) for seed in numbers
    ]
    if not scenarios:
        raise UserError("nothing to compare: no strategy or no seed")
    folder = Path(out) if out is not None else Path("runs") / f"{scenarios[0].name}-compare"
    asked = what_was_asked(name, overrides)
    jobs = {
        run_name(s): Job(scenario=s, folder=folder / run_name(s), asked=asked, stores=stores)
        for s in scenarios
    }
    watching = Watching(tell=tell, done=done and (lambda run: done(folder / run)), watch=watch)
    outcomes = make_runs(jobs, folder, choice=EngineChoice(workers=workers), goes_on=False, watching=watching)
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
        workload, ground, _ = draw(market, span_of(scenario), Streams(scenario.seed, number), None)
        ready = [run.column("orders", "ready_s")[run.column("orders", "market") == number] for run in runs]
        found.append(foresee(workload, ground, np.fmin.reduce(ready)))
    return found
