"""The command that makes the same runs again."""

from __future__ import annotations

import shlex

from reports.comparison import Comparison
from reports.run import Run


def replay_command(comparison: Comparison) -> str:
    """Return the command line of a comparison: `run` for a single run, `compare` for several."""
    runs = comparison.all_runs
    if len(runs) == 1:
        return run_command(runs[0])
    strategies = list(dict.fromkeys(run.strategy for run in runs))
    models = list(dict.fromkeys(run.eta for run in runs))
    words = ["dispatchlab", "compare", _scenario(runs[0])]
    words += [word for name in strategies for word in ("--strategy", name)]
    words += [word for name in models for word in ("--eta", name)]
    words += ["--seeds", ",".join(str(seed) for seed in comparison.seeds)]
    return shlex.join(words)


def run_command(run: Run) -> str:
    """Return the command line that replays one run."""
    words = ["dispatchlab", "run", _scenario(run), "--strategy", run.strategy, "--eta", run.eta]
    return shlex.join([*words, "--seed", str(run.seed)])


def _scenario(run: Run) -> str:
    return str(run.scenario.get("name", "SCENARIO"))
