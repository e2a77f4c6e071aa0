"""What must hold in every run, whatever the scenario, the strategy and the seed."""

from __future__ import annotations

import pytest

from domain.run_folder import RUN_KEYS
from matching.registry import strategy_names
from scenarios import scenario_names
from tests.simulation.invariants import check_conservation
from tests.simulation.runs import HARD, SMALL, run_of

NEEDS_DATA = {"vancouver_dinner", "rappi_day"}
CASES = [
    pytest.param(name, overrides, id=name, marks=[pytest.mark.data] if name in NEEDS_DATA else [])
    for name, overrides in SMALL.items()
] + [
    pytest.param(base, overrides, id=name, marks=[pytest.mark.data] if base in NEEDS_DATA else [])
    for name, (base, overrides) in HARD.items()
]


@pytest.fixture(params=strategy_names())
def strategy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(("scenario", "overrides"), CASES)
def test_conservation(scenario: str, overrides: tuple[str, ...], strategy: str) -> None:
    run = run_of(scenario, strategy, 1, overrides)
    replay = f"dispatchlab run {scenario} --strategy {strategy} --seed 1 --set " + " --set ".join(overrides)
    orders, offers, drivers = run.orders, run.offers, run.drivers
    assert run.is_complete, replay
    assert run.info.keys() == RUN_KEYS.keys(), replay
    assert len(orders) > 20, replay
    check_conservation(orders, offers, drivers)


def test_every_library_scenario_is_among_the_cases() -> None:
    assert set(SMALL) == set(scenario_names())
