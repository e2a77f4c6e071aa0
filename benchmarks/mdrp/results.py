"""What a benchmark run leaves behind, and its JSON form."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from domain.errors import DataError

MEAN_KEYS = (
    "undelivered_pct",
    "ctd_min",
    "ctd_p90_min",
    "ctd_overage_min",
    "rtp_min",
    "rtp_p90_min",
    "utilisation",
    "cost_per_order_usd",
    "orders_per_bundle",
)
"""The metrics that are averaged over instances, in the order of tables; see docs/mdrp.md."""
RESULTS = "results.json"
"""The file that `dispatchlab bench mdrp --out` writes beside the solutions."""


@dataclass(frozen=True, kw_only=True)
class InstanceResult:
    """One instance played: its `metrics` (`scenarios.mdrp.metrics`), and the rules that the solution breaks.

    `decisions` were asked for, in `decide_s` seconds in all; `refused` orders were given away against a rule
    and stayed open, for `missed` ones the driver came too late; `wall_s`: the day, played, checked, measured.
    """

    instance: str
    orders: int
    metrics: Mapping[str, float]
    violations: tuple[str, ...]
    decisions: int
    refused: int
    missed: int
    decide_s: float
    wall_s: float


@dataclass(frozen=True, kw_only=True)
class BenchmarkResult:
    """One strategy on a set of instances.

    `parameters` are all of the strategy's, `changed` names those that are not at their defaults; `prep` the
    model of ready times; `wall_s` the whole run in one process, reading and checking included, compiling
    not. An interrupted run is not `is_complete` and holds what was played.
    """

    strategy: str
    parameters: Mapping[str, Any]
    changed: tuple[str, ...]
    prep: str
    preposition: str
    seed: int
    is_complete: bool
    wall_s: float
    per_instance: tuple[InstanceResult, ...]

    @property
    def label(self) -> str:
        """The strategy with the parameters that were changed, as typed on a command line."""
        return ":".join([self.strategy, *(f"{name}={self.parameters[name]}" for name in self.changed)])

    @property
    def names(self) -> tuple[str, ...]:
        """The instances played."""
        return tuple(each.instance for each in self.per_instance)

    @property
    def violations(self) -> int:
        """How many rules were broken, over all solutions."""
        return sum(len(each.violations) for each in self.per_instance)

    @property
    def orders_per_wall_s(self) -> float:
        """Orders of all instances per second of the whole run."""
        return sum(each.orders for each in self.per_instance) / self.wall_s if self.wall_s else math.nan

    def mean(self, names: Iterable[str] | None = None, keys: Sequence[str] = MEAN_KEYS) -> dict[str, float]:
        """Return the metrics' plain means over instances, all or those named; an instance counts once.

        An instance without a value (nothing delivered) is left out of that metric's mean; NaN: none has one.
        """
        wanted = set(self.names if names is None else names)
        chosen = [each.metrics for each in self.per_instance if each.instance in wanted]
        return {key: _mean([metrics[key] for metrics in chosen]) for key in keys}


def result_json(result: BenchmarkResult) -> dict[str, Any]:
    """Return what ``bench mdrp --json`` prints: JSON values only, null for NaN."""
    return {
        "instances": len(result.per_instance),
        "violations": result.violations,
        "orders_per_wall_s": _plain(result.orders_per_wall_s),
        "mean": {key: _plain(value) for key, value in result.mean().items()},
        "per_instance": [_flat(each) for each in result.per_instance],
    }


def write_result(path: Path, result: BenchmarkResult) -> None:
    """Write a result with all that `read_result` needs; makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {key: value for key, value in asdict(result).items() if key != "per_instance"}
    text = json.dumps({**head, **result_json(result)}, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_result(path: Path) -> BenchmarkResult:
    """Read a `results.json`, or the folder that holds one.

    Raises:
        DataError: there is none, or it is not one.
    """
    file = path / RESULTS if path.is_dir() else path
    if not file.is_file():
        raise DataError(f"{path}: no {RESULTS}; `dispatchlab bench mdrp --out DIR` writes one")
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return BenchmarkResult(
            per_instance=tuple(_instance(each) for each in said["per_instance"]),
            changed=tuple(said["changed"]),
            **{key: said[key] for key in ("strategy", "parameters", "prep", "preposition", "seed")},
            **{key: said[key] for key in ("is_complete", "wall_s")},
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{file}: not a result of `dispatchlab bench mdrp --out` ({type(error).__name__}: {error})"
        ) from None


def _flat(each: InstanceResult) -> dict[str, Any]:
    rest = {key: value for key, value in asdict(each).items() if key != "metrics"}
    return {**rest, **{key: _plain(value) for key, value in each.metrics.items()}}


def _instance(said: Mapping[str, Any]) -> InstanceResult:
    own = {key: said[key] for key in InstanceResult.__dataclass_fields__ if key != "metrics"}
    numbers = {key: value for key, value in said.items() if key not in own}
    return InstanceResult(
        **{**own, "violations": tuple(own["violations"])},
        metrics={key: math.nan if value is None else float(value) for key, value in numbers.items()},
    )


def _mean(values: Sequence[float]) -> float:
    there = [value for value in values if not math.isnan(value)]
    return sum(there) / len(there) if there else math.nan


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
