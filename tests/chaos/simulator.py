"""A simulated market on real servers, to be killed: ``python -m tests.chaos.simulator PLACE.json SEED``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from adapters.connecting import parse_stores
from adapters.opening import open_servers
from adapters.stand_in import StandInProvider
from eta.registry import load_eta_model
from lab import build_world
from matching.registry import load_strategy
from scenarios import load_scenario
from tests.chaos.settings import Place


def simulate(place: Place, seed: int) -> None:
    """Run the quickstart hour on the servers; the stores stay as they are when this ends, however it ends."""
    scenario = replace(load_scenario("quickstart"), seed=seed)
    opened = open_servers(parse_stores(place.stores), StandInProvider(seed=seed), namespace=place.namespace)
    world, _ = build_world(scenario, 0, load_strategy("batch"), load_eta_model(scenario.eta), opened=opened)
    world.run()


if __name__ == "__main__":
    simulate(Place.load(Path(sys.argv[1])), int(sys.argv[2]))
