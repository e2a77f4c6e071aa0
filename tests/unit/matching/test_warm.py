from __future__ import annotations

import importlib

import numpy as np
from numba.core.dispatcher import Dispatcher

from matching.conformance import MARKETS
from matching.registry import load_strategy
from matching.routes import decided_plans, stop_times
from matching.testing import make_snapshot
from matching.validate import check_decision
from matching.warm import warm_up

ROOMS = ("assignment", "insertion", "nearest", "pairs", "routes", "validate", "_auction", "_heap")


def compiled() -> dict[str, int]:
    """How many versions of each kernel are compiled."""
    modules = [importlib.import_module(f"matching.{name}") for name in ROOMS]
    kernels = {
        f"{m.__name__}.{k}": v for m in modules for k, v in vars(m).items() if isinstance(v, Dispatcher)
    }
    return {name: len(kernel.signatures) for name, kernel in kernels.items()}


def test_nothing_compiles_inside_a_decision():
    warm_up()
    before = compiled()
    assert before["matching.assignment._assign"] == 1  # kernels called by kernels count 0 when cached on disk
    for arguments in MARKETS.values():
        snapshot = make_snapshot(**arguments, seed=8)
        for name in ("nearest", "score", "batch", "auction", "min_cost_flow", "postpone"):
            strategy = load_strategy(name)
            decision = strategy(snapshot, np.random.default_rng(0))
            assert check_decision(snapshot, decision, strategy) == []
            stop_times(snapshot, decided_plans(snapshot, decision))
    assert compiled() == before
