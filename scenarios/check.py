"""From merged keys to a typed scenario; a refusal names the place, the key, the value and what is valid."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from domain.errors import ScenarioError, did_you_mean
from domain.spec import DemandSpec, Scenario
from scenarios.layers import Key, Layer, merge, merged, shown
from scenarios.ranges import faults
from scenarios.schema import MARKET_KEYS, TOP_KEYS

_SCENARIO = TypeAdapter(Scenario)
MAX_SCALE = 1000
_TYPES = {
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "dataclass_type": "a table",
}


def scenario_of(layers: Sequence[Layer], default_name: str) -> Scenario:
    """Build and check the scenario that layers make together.

    Raises:
        ScenarioError: a value of the wrong type or out of range, or one that is missing.
    """
    tree = _resolved(layers, default_name)
    try:
        scenario = _SCENARIO.validate_json(json.dumps(tree, default=str), strict=True)
    except ValidationError as error:
        raise ScenarioError(_type_fault(layers, error)) from None
    for path, value, valid in faults(scenario):
        label, key = _origin(layers, path)
        raise ScenarioError(f"{label}: {key} = {shown(value)}: must be {valid}")
    return scenario


def _resolved(layers: Sequence[Layer], default_name: str) -> dict[str, Any]:
    """Merge, fill in the defaults of top keys, and give each market what it inherits."""
    tree = merged(layers)
    inherited = {key: tree.pop(key) for key in MARKET_KEYS if key in tree}
    tree.pop("extends", None)
    defaults = {key: top.default for key, top in TOP_KEYS.items() if top.default is not None}
    tree = {"name": default_name, **defaults, **tree}
    scale = _scale(layers, tree.pop("scale"))
    listed = tree.pop("markets", [{}])
    if not listed:
        raise ScenarioError(
            f"{_origin(layers, ('markets',))[0]}: markets = []: must hold at least one market"
        )
    markets = [_market(layers, i, merge(inherited, own, "")) for i, own in enumerate(listed)]
    tree["markets"] = [_scaled(layers, market, scale) for market in markets] if scale != 1.0 else markets
    return tree


def _scale(layers: Sequence[Layer], value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value <= MAX_SCALE:
        raise ScenarioError(
            f"{_origin(layers, ('scale',))[0]}: scale = {shown(value)}: "
            f"must be a number above 0, at most {MAX_SCALE}"
        )
    return float(value)


def _scaled(layers: Sequence[Layer], market: dict[str, Any], scale: float) -> dict[str, Any]:
    """Return a market with its orders and drivers times `scale`; what is no number is refused later."""
    if "trace" in market:
        label = _origin(layers, ("scale",))[0]
        raise ScenarioError(f"{label}: scale: market {market['name']!r} replays a trace, which has one size")
    demand, drivers = market.get("demand", {}), market["drivers"]
    orders = demand.get("orders_per_day", DemandSpec.orders_per_day) if isinstance(demand, dict) else None
    if isinstance(drivers, int) and not isinstance(drivers, bool):
        market = {**market, "drivers": round(drivers * scale)}
    if isinstance(orders, int | float) and not isinstance(orders, bool):
        market = {**market, "demand": {**demand, "orders_per_day": orders * scale}}
    return market


def _market(layers: Sequence[Layer], index: int, market: dict[str, Any]) -> dict[str, Any]:
    market.setdefault("name", _market_name(market))
    if "drivers" not in market:
        if "trace" not in market:
            label = _origin(layers, ("markets", str(index)))[0]
            raise ScenarioError(f"{label}: 'drivers' is missing: how many are on shift at the busiest hour")
        market["drivers"] = 0
    return market


def _market_name(market: dict[str, Any]) -> str:
    """Name a market after its trace's folders, or after its city: the last part of the source, bare."""
    path = market.get("trace", {}).get("path")
    if isinstance(path, str):
        return "_".join(Path(path).parts[-2:]).strip("/") or "market"
    source = str(market.get("city", {}).get("source", "builtin:riverton"))
    bare = Path(source.split(":", 1)[-1].split(",", 1)[0]).name.split(".", 1)[0]
    return "_".join(bare.lower().split()) or "market"


def _type_fault(layers: Sequence[Layer], error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    path = tuple(str(part) for part in first["loc"])
    label, key = _origin(layers, path)
    if first["type"] == "missing":
        return f"{label}: {key!r} is missing"
    if first["type"] == "literal_error":
        options = [option.strip("'") for option in first["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        hint = did_you_mean(str(first["input"]), options)
        return f"{label}: {key} = {shown(first['input'])}: must be one of {', '.join(options)}{hint}"
    valid = _TYPES.get(first["type"])
    return f"{label}: {key} = {shown(first['input'])}: {f'must be {valid}' if valid else first['msg']}"


def _origin(layers: Sequence[Layer], path: Key) -> tuple[str, str]:
    """Return where a value comes from, and its key there: in a market, or inherited from the top."""
    candidates = [path]
    if path[0] == "markets" and len(path) > 2:
        candidates.append(path[2:])
    for layer in reversed(layers):
        for candidate in candidates:
            if _has(layer.data, candidate):
                return layer.label, ".".join(candidate)
    if len(path) > 1:
        return _origin(layers, path[:-1])[0], ".".join(candidates[-1])
    return next(layer.label for layer in reversed(layers) if not layer.is_override), ".".join(path)


def _has(data: Any, path: Key) -> bool:
    for part in path:
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return False
    return True
