"""The baseline: what runs of one scenario were like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from domain.errors import DataError
from reports.gate.middle import middle
from reports.gate.source import (
    Machine,
    RunTable,
    by_label,
    check_world,
    is_calibrated,
    machine_of,
    orders_hashes,
    quality_of,
    units_of,
    world_of,
)
from reports.gate.tolerance import DEFAULT_TOLERANCES, STRICT, SpeedTolerance, Tolerance
from reports.run import Run

FORMAT = 1
_DIGITS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A strategy with a seed: hash of its orders, CPU time in units (middle of repeats), metrics."""

    __pydantic_config__ = STRICT

    orders_sha256: str
    units: float | None
    metrics: dict[str, float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """What runs are compared with.

    `tolerances` (by metric id) and `speed` are for people to edit. `world` holds the scenario's settings that
    decide what happens, `runs` the references by label and seed, `machine` where their speed was measured.
    """

    __pydantic_config__ = STRICT

    format: int
    scenario: str
    tolerances: dict[str, Tolerance] = field(default_factory=lambda: dict(DEFAULT_TOLERANCES))
    speed: SpeedTolerance = field(default_factory=SpeedTolerance)
    machine: Machine | None
    world: dict[str, Any]
    runs: dict[str, dict[int, Reference]]


def baseline_of(runs: Sequence[Run], earlier: Baseline | None = None) -> Baseline:
    """Return the baseline that runs make, with the tolerances of an earlier one, if given.

    Raises:
        DataError: no runs; of several scenarios or machines; interrupted; repeats with different results.
    """
    if not runs:
        raise DataError("no runs: a baseline needs some")
    first, table = runs[0], by_label(runs)
    for run in runs:
        check_world(world_of(first), run, source=str(first.path))
    kept = (
        earlier
        if earlier is not None
        else Baseline(format=FORMAT, scenario="", machine=None, world={}, runs={})
    )
    return Baseline(
        format=FORMAT,
        scenario=str(first.scenario["name"]),
        tolerances=kept.tolerances,
        speed=kept.speed,
        machine=_one_machine(runs),
        world=world_of(first),
        runs=_references(table),
    )


def _one_machine(runs: Sequence[Run]) -> Machine | None:
    machines = {machine_of(run) for run in runs if is_calibrated(run)}
    if len(machines) > 1:
        raise DataError("runs of several processors or versions: a baseline's speed is that of one machine")
    return machines.pop() if machines else None


def _references(table: RunTable) -> dict[str, dict[int, Reference]]:
    return {
        label: {seed: _reference(repeats) for seed, repeats in by_seed.items()}
        for label, by_seed in table.items()
    }


def _reference(repeats: Sequence[Run]) -> Reference:
    hashes, units = orders_hashes(repeats), [units_of(run) for run in repeats if is_calibrated(run)]
    if len(hashes) > 1:
        raise DataError(f"{repeats[0].path}: its repeats have other orders: the same seed must give the same")
    return Reference(
        orders_sha256=hashes.pop(),
        units=_rounded(middle(units).mean) if units else None,
        metrics={name: _rounded(value) for name, value in quality_of(repeats[0]).items()},
    )


def _rounded(value: float) -> float | None:
    return float(f"{value:.{_DIGITS}g}") if isfinite(value) else None
