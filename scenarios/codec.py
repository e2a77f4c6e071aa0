"""Scenarios as JSON-ready data, and their hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from domain.errors import ScenarioError
from domain.spec import Scenario

_SCENARIO = TypeAdapter(Scenario)


def to_dict(scenario: Scenario) -> dict[str, Any]:
    """Return the scenario as dicts, lists, numbers, text and None; `from_dict` brings it back exactly."""
    data: dict[str, Any] = json.loads(json.dumps(asdict(scenario), allow_nan=False))
    return data


def from_dict(data: Mapping[str, Any]) -> Scenario:
    """Rebuild a scenario from `to_dict`'s data; keys missing take today's defaults, extra ones are ignored.

    Raises:
        ScenarioError: a key without default is missing, or a value has the wrong type.
    """
    try:
        return _SCENARIO.validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ScenarioError(f"stored scenario: {where}: {first['msg']}") from None


def scenario_hash(scenario: Scenario, *, without: Iterable[str] = ("seed", "strategy", "eta")) -> str:
    """Return the SHA-256 of the scenario's canonical JSON, top keys `without` left out.

    Runs with equal hashes differ in what `without` names only, so by default they can be compared.
    """
    left_out = set(without)
    kept = {key: value for key, value in to_dict(scenario).items() if key not in left_out}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
