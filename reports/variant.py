"""A variant: what a comparison compares, a strategy and an ETA model with their parameters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from reports.run import Run

_VARIED = ("strategy", "eta", "seed")


def variant_key(run: Run) -> str:
    """Return what tells a run's variant from others, as canonical text."""
    return _canonical({part: _settings(run, part) for part in ("strategy", "eta")})


def world_hash(run: Run) -> str:
    """Return the hash of the scenario without strategy, ETA model and seed: runs of one world share it."""
    world = {key: value for key, value in run.scenario.items() if key not in _VARIED}
    return hashlib.sha256(_canonical(world).encode()).hexdigest()


def variant_labels(runs: Iterable[Run]) -> dict[str, str]:
    """Return a label per variant key, as short as tells them apart, in order of appearance.

    The strategy's id; where that is not enough, with the ETA model's id and the parameters that differ.
    """
    by_key = {variant_key(run): run for run in runs}
    labels = {key: run.strategy for key, run in by_key.items()}
    if len({run.eta for run in by_key.values()}) > 1:
        labels = {key: f"{label} + {by_key[key].eta}" for key, label in labels.items()}
    for label in [name for name in set(labels.values()) if list(labels.values()).count(name) > 1]:
        twins = [key for key in labels if labels[key] == label]
        for key, suffix in _differing_parameters([by_key[key] for key in twins], twins).items():
            labels[key] = f"{label} ({suffix})"
    return labels


def _differing_parameters(runs: list[Run], keys: list[str]) -> dict[str, str]:
    settings = [_parameters(run) for run in runs]
    names = sorted({name for each in settings for name in each})
    varied = [name for name in names if len({_canonical(each.get(name)) for each in settings}) > 1]
    return {
        key: ", ".join(f"{name}={each.get(name, 'default')}" for name in varied)
        for key, each in zip(keys, settings, strict=True)
    }


def _parameters(run: Run) -> dict[str, Any]:
    """All settings of strategy and ETA model but their flags, flat."""
    flat: dict[str, Any] = {}
    for part in ("strategy", "eta"):
        settings = _settings(run, part)
        parameters = settings.get("parameters", {})
        flat.update(parameters if isinstance(parameters, dict) else {part: parameters})
    return flat


def _settings(run: Run, part: str) -> dict[str, Any]:
    value = run.info[part]
    return dict(value) if isinstance(value, dict) else {"id": value}


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
