"""What a run is asked to be, and the names it goes by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from domain.errors import UserError
from domain.registry import Description
from domain.spec import Scenario
from eta.contract import EtaModel
from eta.registry import describe as describe_eta
from eta.registry import load_eta_model
from matching.contract import Strategy
from matching.registry import STRATEGIES
from matching.registry import describe as describe_strategy
from scenarios import folder_name, load_scenario, to_dict


def load_run(
    name: str,
    strategy: str | None,
    eta: str | None,
    seed: int | None,
    overrides: Sequence[str],
    *,
    varied: Sequence[str] = (),
) -> Scenario:
    """Return the resolved scenario, with strategy and ETA model known to exist.

    None leaves what the scenario says; `varied` are overrides that a sweep varies.

    Raises:
        UserError: something of this cannot be used.
    """
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


def what_was_asked(name: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Return what `run.json` says of how a run was asked for."""
    return {"scenario": name, "set": list(overrides)}


def run_name(scenario: Scenario) -> str:
    """Return the name of a run's folder, where none is asked for."""
    return folder_name(scenario.name, scenario.strategy, f"seed{scenario.seed}")


def what_runs(scenario: Scenario) -> dict[str, Any]:
    """Return what `run.json` says of a scenario, its strategy and its ETA model."""
    strategy, eta_model = STRATEGIES.load_text(scenario.strategy), load_eta_model(scenario.eta)
    return {
        "scenario": to_dict(scenario),
        "strategy": _identity(strategy, describe_strategy(strategy)),
        "eta": _identity(eta_model, describe_eta(eta_model)),
        "seed": scenario.seed,
    }


def _identity(chosen: Strategy | EtaModel, description: Description) -> dict[str, Any]:
    return {
        "id": description.name,
        "parameters": {p.name: getattr(chosen, p.name) for p in description.parameters},
        "flags": description.flags,
    }
