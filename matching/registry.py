"""The registry of matching strategies: by id, or as ``package.module:Class``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.registry import Description, Registry
from matching.contract import Strategy

STRATEGIES: Registry[Strategy] = Registry(
    kind="strategy",
    group="dispatchlab.strategies",
    built_in={
        "nearest": "matching.nearest:Nearest",
        "score": "matching.score:Score",
        "batch": "matching.batch:Batch",
        "auction": "matching.auction:Auction",
        "min_cost_flow": "matching.min_cost_flow:MinCostFlow",
        "postpone": "matching.postpone:Postpone",
        "insertion": "matching.cheapest_insertion:Insertion",
        "foodmatch": "matching.foodmatch:FoodMatch",
        "vrp": "matching.vrp:Vrp",
        "best": "matching.best.strategy:Best",
        "rolling_horizon": "matching.rolling_horizon:RollingHorizon",
    },
    flags={"bundles": bool, "exact": bool, "reassigns": bool},
    needs=("window_s", "candidates", "radius_m", "__call__"),
)


def strategy_names() -> list[str]:
    """Return the ids of all registered strategies, sorted."""
    return STRATEGIES.names()


def load_strategy(spec: str, params: Mapping[str, Any] | None = None) -> Strategy:
    """Return the strategy that `spec` names, with `params` (values or texts by parameter name).

    `spec` is a registered id or ``package.module:Class``; modules are also looked for in the current folder.

    Raises:
        UnknownNameError: no such strategy, class or parameter; the message names the nearest one.
        UserError: the module cannot be imported, or a value is of the wrong type or out of range.
        ContractError: the class is not a frozen, keyword-only dataclass with the attributes of a strategy.
    """
    return STRATEGIES.load(spec, params)


def describe(strategy: Strategy | type[Strategy]) -> Description:
    """Return a strategy's name, summary, flags and parameters with types, defaults and docs."""
    return STRATEGIES.describe(strategy)
