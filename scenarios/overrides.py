"""Overrides from the command line: ``--set key=value``, dotted keys, values as in TOML."""

from __future__ import annotations

import tomllib
from typing import Any

from domain.errors import ScenarioError
from scenarios.layers import Layer, checked


def override_layer(item: str, option: str = "--set") -> Layer:
    """Read one ``key=value``; a value that is not TOML is taken as text. Messages name the `option`.

    Raises:
        ScenarioError: no key, no ``=``, or a key that does not exist.
    """
    label = f"{option} {item}"
    key, equals, text = item.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or not all(parts):
        raise ScenarioError(f"{label}: must be key=value, such as hours=0.5 or demand.orders_per_day=9000")
    if parts == ["extends"]:
        raise ScenarioError(f"{label}: 'extends' can only stand in a file")
    return checked(Layer(label=label, data=_nested(parts, _value(text.strip())), is_override=True))


def _value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _nested(parts: list[str], value: Any) -> dict[str, Any]:
    for part in reversed(parts):
        value = {part: value}
    return dict(value)
