"""What the gate takes from run folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.errors import DataError
from reports.gate.tolerance import STRICT
from reports.metrics import METRICS, measure
from reports.run import Run

_NOT_THE_WORLD = ("name", "description", "seed", "strategy", "eta", "slo")

RunTable = dict[str, dict[int, list[Run]]]
"""Runs by label and seed; several of one seed are repeats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """Where a speed was measured: processor, Python version, version of the calibration unit."""

    __pydantic_config__ = STRICT

    processor: str
    python: str
    unit: int

    def is_like(self, other: Machine) -> bool:
        """Whether speeds compare closely: the same processor and minor version of Python."""
        return self.processor == other.processor and _minor(self.python) == _minor(other.python)


def by_label(runs: Iterable[Run]) -> RunTable:
    """Return runs by label and seed, both in order.

    Raises:
        DataError: a run was interrupted.
    """
    table: RunTable = {}
    for run in sorted(runs, key=lambda run: (label_of(run), run.seed)):
        if not run.is_complete:
            raise DataError(f"{run.path}: was interrupted; the gate needs whole runs")
        table.setdefault(label_of(run), {}).setdefault(run.seed, []).append(run)
    return table


def label_of(run: Run) -> str:
    """Return the strategy and ETA model as they were asked for: the same whatever their code became."""
    return f"{run.scenario['strategy']} + {run.scenario['eta']}"


def orders_hashes(repeats: Iterable[Run]) -> set[str]:
    """Return the hashes of the orders tables of runs."""
    return {str(run.info["orders_sha256"]) for run in repeats}


# --- quality


def can_be_gated(name: str) -> bool:
    """Whether a metric is of the simulated world, and one way of it is better."""
    return not METRICS[name].wall and METRICS[name].direction != "none"


def quality_of(run: Run) -> dict[str, float]:
    """Return every metric of a run that a gate can hold; NaN where there is nothing to measure."""
    values = {name: value for name, value in measure(run).items() if can_be_gated(name)}
    run.forget()
    return values


# --- speed


def is_calibrated(run: Run) -> bool:
    """Whether the run knows its CPU time in calibration units."""
    return run.info.get("calibration") is not None


def units_of(run: Run) -> float:
    """Return the CPU time of a run in calibration units.

    Raises:
        DataError: the run was not calibrated.
    """
    return float(_calibration(run)["units"])


def machine_of(run: Run) -> Machine:
    """Return where a run was calibrated.

    Raises:
        DataError: it was not.
    """
    said = _calibration(run)
    return Machine(processor=said["processor"], python=run.info["versions"]["python"], unit=said["version"])


def _calibration(run: Run) -> dict[str, Any]:
    if not is_calibrated(run):
        raise DataError(
            f"{run.path / 'run.json'}: no calibration, so its speed is not known: the run is of an earlier "
            "version, or too short; simulate it again, or leave speed out with --only quality"
        )
    return dict(run.info["calibration"])


# --- the world


def world_of(run: Run) -> dict[str, Any]:
    """Return the settings that decide what happens in a run, but for strategy, ETA model and seed."""
    return {key: value for key, value in run.scenario.items() if key not in _NOT_THE_WORLD}


def check_world(world: Mapping[str, Any], run: Run, *, source: str) -> None:
    """Make sure that a run is of this world. Settings that only one of both knows are new or gone: they pass.

    Raises:
        DataError: it is not; the message names a setting that differs.
    """
    ours, theirs = dict(_flat(world, "")), dict(_flat(world_of(run), ""))
    for key, value in ours.items():
        if theirs.get(key, value) != value:
            raise DataError(f"{run.path}: another world: {key} is {theirs[key]!r}, but {value!r} in {source}")


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield dotted keys and plain values; how long a list is, is one of them."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        yield f"length of {path}", len(value)
        for i, each in enumerate(value):
            yield from _flat(each, f"{path}[{i}]")
    else:
        yield path, value


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
