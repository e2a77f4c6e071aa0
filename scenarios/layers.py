"""A scenario is built of layers: the files that it extends, the file itself, overrides; later ones win."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import ScenarioError, did_you_mean
from scenarios.schema import LISTS, MARKET_KEYS, dotted_keys, valid_keys

_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)")

Key = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Keys and values from one place; `label` names the place in messages."""

    label: str
    data: dict[str, Any]
    is_override: bool = False


def read_layer(path: Path, label: str) -> Layer:
    """Read a TOML file, keys checked and "HH:MM" turned into hours.

    Raises:
        ScenarioError: unreadable, not TOML, or with a key that does not exist.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{label}: {_syntax(str(error))}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ScenarioError(f"{label}: cannot be read: {reason}") from None
    return checked(Layer(label=label, data=data))


def _syntax(message: str) -> str:
    where = re.search(r"\s*\(at line (\d+), column (\d+)\)", message)
    if where is None:
        return f"not valid TOML: {message}"
    return f"line {where[1]}, column {where[2]}: not valid TOML: {message[: where.start()]}"


def checked(layer: Layer) -> Layer:
    """Return the layer with "HH:MM" turned into hours.

    Raises:
        ScenarioError: a key does not exist, or a table is no table.
    """
    data = _checked_table(layer.label, (), layer.data)
    return Layer(label=layer.label, data=data, is_override=layer.is_override)


def _checked_table(label: str, path: Key, table: dict[str, Any]) -> dict[str, Any]:
    valid = valid_keys(path) or []
    for key in table:
        if key not in valid:
            full = ".".join((*path, key))
            raise ScenarioError(f"{label}: unknown key {full!r}{_nearest(path, key, valid)}")
    return {key: _checked_value(label, (*path, key), value) for key, value in table.items()}


def _checked_value(label: str, path: Key, value: Any) -> Any:
    if path[-1] in LISTS:
        return _checked_list(label, path, value)
    if valid_keys(path) is not None:
        if not isinstance(value, dict):
            raise ScenarioError(f"{label}: {'.'.join(path)} = {shown(value)}: must be a table")
        return _checked_table(label, path, value)
    return _hours(label, path, value) if path[-1].endswith("_h") else value


def _checked_list(label: str, path: Key, value: Any) -> Any:
    """Check a list of tables; a table of indices changes single items of an inherited list."""
    if isinstance(value, dict) and all(key.isdecimal() for key in value):
        return {key: _checked_item(label, (*path, key), item) for key, item in value.items()}
    if isinstance(value, list):
        return [_checked_item(label, (*path, str(i)), item) for i, item in enumerate(value)]
    raise ScenarioError(f"{label}: {'.'.join(path)} = {shown(value)}: must be a list of tables")


def _checked_item(label: str, path: Key, item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise ScenarioError(f"{label}: {'.'.join(path)} = {shown(item)}: must be a table")
    return _checked_table(label, path, item)


def _nearest(path: Key, key: str, valid: list[str]) -> str:
    elsewhere = [full for full in dotted_keys() if full.rpartition(".")[2] == key]
    return f"; did you mean {elsewhere[0]!r}?" if elsewhere and not path else did_you_mean(key, valid)


def _hours(label: str, path: Key, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = _CLOCK.fullmatch(value)
    if match is None:
        raise ScenarioError(f'{label}: {".".join(path)} = {shown(value)}: must be hours or "HH:MM"')
    return int(match[1]) + int(match[2]) / 60.0


def shown(value: Any) -> str:
    """Show a value as a scenario file would, cut to 60 characters."""
    value = list(value) if isinstance(value, tuple) else value
    text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
    text = text or (f'"{value}"' if isinstance(value, str) else str(value))
    return text if len(text) <= 60 else f"{text[:57]}..."


def merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """Merge layers, later ones over earlier ones; the layers stay as they are.

    Raises:
        ScenarioError: a layer changes an item that a list does not have.
    """
    tree: dict[str, Any] = {}
    for layer in layers:
        if layer.is_override:
            _override_markets(tree, layer)
        tree = merge(tree, layer.data, layer.label)
    return tree


def merge(base: dict[str, Any], over: dict[str, Any], label: str, path: Key = ()) -> dict[str, Any]:
    """Return `base` with `over` on top, tables key by key, all else replaced."""
    result = deepcopy(base)
    for key, value in over.items():
        here, old = (*path, key), result.get(key)
        if key in LISTS and isinstance(value, dict):
            result[key] = _merge_items(old, value, label, here)
        elif isinstance(value, dict) and isinstance(old, dict):
            result[key] = merge(old, value, label, here)
        else:
            result[key] = deepcopy(value)
    return result


def _merge_items(old: Any, changes: dict[str, Any], label: str, path: Key) -> list[Any]:
    items = list(old or ([{}] if path == ("markets",) else []))
    for index, change in changes.items():
        if int(index) >= len(items):
            name = ".".join(path)
            raise ScenarioError(f"{label}: no {name}.{index}: the scenario has {len(items)} {path[-1]}")
        items[int(index)] = merge(items[int(index)], change, label, (*path, index))
    return items


def _override_markets(tree: dict[str, Any], layer: Layer) -> None:
    """Let an override of what markets inherit reach the markets that say otherwise."""
    for key in MARKET_KEYS:
        for i, market in enumerate(tree.get("markets", [])):
            if key in layer.data and key in market:
                tree["markets"][i] = merge(market, {key: layer.data[key]}, layer.label, ("markets", str(i)))
