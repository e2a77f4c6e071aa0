"""The composition root: the one place that wires the rooms together, as a library.

    from lab import run_scenario
    folder = run_scenario("quickstart", strategy="batch", seed=3)

`run_scenario`, `compare_scenario` and `sweep_scenario` do what the commands `run`, `compare` and `sweep` do;
`simulate`, `simulate_market` and `build_world` are the steps below: a run's folder, a market's tables, a
market's world. The command line is `cli.py`, with the files here that end in `_commands`.
"""

from lab.building import build_world
from lab.comparing import compare_scenario
from lab.markets import simulate_market
from lab.running import run_scenario, simulate
from lab.sweeping import sweep_scenario

__all__ = [
    "build_world",
    "compare_scenario",
    "run_scenario",
    "simulate",
    "simulate_market",
    "sweep_scenario",
]
