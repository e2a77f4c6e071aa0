"""The command line with a fault planted in it: `python -m benchmarks.planted [OPTIONS] WORDS...`.

`--slowdown 0.1` burns 10 % of the simulation's CPU time on top of it, spread over the platform calls;
`--loss batch:radius_m=300` gives a strategy another parameter behind its back. They live here and not in the
product: `benchmarks.gate` shows that the gate catches them.
"""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Mapping
from pathlib import Path
from time import thread_time
from typing import Any

from domain.registry import Registry
from sim.world import World

CLI = Path(__file__).parents[1] / "cli.py"
_LEAST_S = 5e-5


def plant_slowdown(share: float) -> None:
    """Make every world take `share` more CPU time."""
    run, call = World.run, World.call
    began_s = burnt_s = 0.0
    spin_s = 1e-6  # CPU time of one turn, as the last ones took; asking the clock at each would disturb

    def slow_run(self: World) -> None:
        nonlocal began_s, burnt_s
        began_s, burnt_s = thread_time(), 0.0
        run(self)

    def slow_call(self: World, request: Any, stage: str = "platform") -> Any:
        nonlocal burnt_s, spin_s
        answer = call(self, request, stage)
        start_s = thread_time()
        owed_s = share * (start_s - began_s - burnt_s) - burnt_s
        if owed_s > _LEAST_S:
            turns = int(owed_s / spin_s) + 1
            for _ in range(turns):
                sum(range(20))
            spent_s = thread_time() - start_s
            burnt_s, spin_s = burnt_s + spent_s, spent_s / turns
        return answer

    World.run = slow_run  # type: ignore[method-assign] # the point of it
    World.call = slow_call  # type: ignore[method-assign] # the point of it


def plant_loss(text: str) -> None:
    """Whenever the strategy of ``id:parameter=value`` is asked for by its id alone, give this one."""
    name, load = text.partition(":")[0], Registry.load_text

    def load_text(self: Registry[Any], asked: str, params: Mapping[str, Any] | None = None) -> Any:
        return load(self, text if asked == name else asked, params)

    Registry.load_text = load_text  # type: ignore[assignment, method-assign] # the point of it


def main() -> None:
    """Plant, then be the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slowdown", type=float)
    parser.add_argument("--loss")
    options, words = parser.parse_known_args()
    if options.slowdown:
        plant_slowdown(options.slowdown)
    if options.loss:
        plant_loss(options.loss)
    sys.argv = [str(CLI), *words]
    runpy.run_path(str(CLI), run_name="__main__")


if __name__ == "__main__":
    main()
