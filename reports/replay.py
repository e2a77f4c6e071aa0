"""The command that makes the same runs again."""

from __future__ import annotations

import shlex

from reports.comparison import Comparison
from reports.run import Run


def replay_command(comparison: Comparison) -> str:
    """Return the command line of a comparison: `run` for a single run, `compare` for several.

    Where variants differ in their ETA model, there is one command line per model.
    """
    runs = comparison.all_runs
    if len(runs) == 1:
        return run_command(runs[0])
    models = dict.fromkeys(run.eta for run in runs)
    return "\n".join(_compare([run for run in runs if run.eta == eta], eta) for eta in models)


def run_command(run: Run) -> str:
    """Return the command line that replays one run."""
    words = ["dispatchlab", "run", _scenario(run), "--strategy", _strategy(run), "--eta", run.eta]
    return shlex.join([*words, "--seed", str(run.seed), *_overrides(run)])


def _compare(runs: list[Run], eta: str) -> str:
    strategies = ",".join(dict.fromkeys(_strategy(run) for run in runs))
    seeds = _ranges(sorted({run.seed for run in runs}))
    words = ["dispatchlab", "compare", _scenario(runs[0]), "--strategies", strategies, "--seeds", seeds]
    return shlex.join([*words, "--eta", eta, *_overrides(runs[0])])


def _ranges(seeds: list[int]) -> str:
    """Return consecutive seeds as `1-5`, others as `1,2,7`."""
    first, last = seeds[0], seeds[-1]
    if len(seeds) > 1 and seeds == list(range(first, last + 1)):
        return f"{first}-{last}"
    return ",".join(str(seed) for seed in seeds)


def _strategy(run: Run) -> str:
    """The strategy as it was asked for, parameters included."""
    return str(run.scenario.get("strategy") or run.strategy)


def _scenario(run: Run) -> str:
    """The scenario as it was asked for; its name where the run does not say."""
    return str(run.info.get("asked", {}).get("scenario") or run.scenario.get("name", "SCENARIO"))


def _overrides(run: Run) -> list[str]:
    return [word for item in run.info.get("asked", {}).get("set", []) for word in ("--set", item)]
