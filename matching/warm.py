"""Compile every kernel of this room, so that nothing compiles inside a decision."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from domain.errors import UserError
from matching.assignment import assign
from matching.registry import STRATEGIES
from matching.routes import decided_plans, stop_times
from matching.testing import make_snapshot
from matching.validate import check_decision


def warm_up(names: Iterable[str] | None = None) -> None:
    """Run built-in strategies, all or those of `names`, and the check of decisions, on small snapshots.

    Other names are passed over. A few seconds up to half a minute per strategy on a machine that has never
    run it; a fraction of a second once numba's cache on disk has its kernels.

    Raises:
        RuntimeError: a built-in strategy decides something infeasible.
    """
    wanted = set(STRATEGIES.built_in if names is None else names)
    chosen = [name for name in STRATEGIES.built_in if name in wanted]
    assign(np.array([0, 1]), np.zeros(1, np.int32), np.zeros(1), np.ones(1), column_count=1)
    for carrying, by_trips in ((0.0, False), (0.7, False), (0.7, True)):
        snapshot = make_snapshot(orders=12, drivers=8, carrying=carrying, by_trips=by_trips, seed=5)
        for name in chosen:
            strategy = STRATEGIES.load(name)
            try:
                decision = strategy(snapshot, np.random.default_rng(0))
            except UserError:  # its optional package is not installed: nothing to compile
                continue
            problems = check_decision(snapshot, decision, strategy)
            if problems:
                raise RuntimeError(f"strategy {name!r} is broken: {problems[0]}")
            stop_times(snapshot, decided_plans(snapshot, decision))
