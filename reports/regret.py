"""Regret: how far a run is from perfect foresight, where that was worked out for its seed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import DataError
from domain.run_folder import HINDSIGHT, HINDSIGHT_FORMAT
from domain.units import MINUTE_S
from reports.customer_metrics import click_to_door_min
from reports.measures import mean
from reports.metric import Metric
from reports.run import Column, Run
from reports.variant import world_hash

REGRET = "regret_min"


def foreseen_min(run: Run) -> Column | None:
    """Return each order's click-to-door in a plan with foresight, NaN where it is in none; None: not known.

    Read from the `hindsight.json` beside the run folder, if that is of the run's scenario and has its seed.

    Raises:
        DataError: the file is damaged, or of another version.
    """
    path = run.path.parent / HINDSIGHT
    if not path.is_file():
        return None
    said = _read(path)
    if said["world_sha256"] != world_hash(run) or str(run.seed) not in said["click_to_door_s"]:
        return None
    market, order = (run.column("orders", name).astype(np.int64) for name in ("market", "order"))
    foreseen = np.full(len(order), nan)
    for index, seconds in enumerate(said["click_to_door_s"][str(run.seed)]):
        own = market == index
        if own.any() and order[own].max() >= len(seconds):
            raise DataError(f"{path}: market {index}, seed {run.seed}: fewer orders than the run has")
        foreseen[own] = _minutes(seconds)[order[own]]
    return foreseen


def _regret_min(run: Run) -> float:
    foreseen = foreseen_min(run)
    return nan if foreseen is None else mean(click_to_door_min(run) - foreseen)


def _minutes(seconds: Sequence[float | None]) -> Column:
    return np.array([nan if each is None else each for each in seconds], np.float64) / MINUTE_S


def _read(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        version = said["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not readable ({error})") from None
    if version != HINDSIGHT_FORMAT:
        raise DataError(f"{path}: format {version!r}, but this version reads format {HINDSIGHT_FORMAT}")
    return dict(said)


REGRET_METRICS = (
    Metric(
        id=REGRET,
        title="Regret, mean",
        unit="min",
        direction="lower",
        group="customers",
        definition="Mean click-to-door above that of the same orders in the best plan found with perfect "
        "foresight, over orders that both deliver. That plan's drivers never decline or rest, and ride the "
        "fleet's fastest vehicle.",
        function=_regret_min,
        decimals=2,
    ),
)
