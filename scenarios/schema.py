"""Which keys a scenario file has: the spec dataclasses by table name, and the keys above the tables."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from domain.spec import (
    CitySpec,
    CustomerSpec,
    DemandSpec,
    FleetSpec,
    GpsSpec,
    KitchenSpec,
    OutageSpec,
    PlatformSpec,
    ShockSpec,
    SloSpec,
    TraceSpec,
    TrafficSpec,
)

MARKET_TABLES: dict[str, type] = {
    "city": CitySpec,
    "demand": DemandSpec,
    "kitchens": KitchenSpec,
    "fleet": FleetSpec,
    "customers": CustomerSpec,
    "traffic": TrafficSpec,
    "gps": GpsSpec,
    "trace": TraceSpec,
}
"""Tables of one market; given at the top they hold for every market."""

RUN_TABLES: dict[str, type] = {"platform": PlatformSpec, "slo": SloSpec}
"""Tables of the whole run."""

LIST_TABLES: dict[str, type] = {"shocks": ShockSpec, "outages": OutageSpec}
"""Tables that may be given several times: `[[shocks]]` of a market, `[[outages]]` of the run."""

LISTS = ("shocks", "outages", "markets")
"""Keys that hold lists of tables."""

MARKET_KEYS = ("drivers", *MARKET_TABLES, "shocks")
"""What a market inherits from the top of the file."""


@dataclass(frozen=True, kw_only=True)
class TopKey:
    """A key above the tables: its default (None: none) and meaning."""

    default: Any
    meaning: str


TOP_KEYS: dict[str, TopKey] = {
    "name": TopKey(default=None, meaning="Name of the scenario; the file's name if not given."),
    "description": TopKey(default="", meaning="One line for people."),
    "extends": TopKey(
        default=None,
        meaning="A library scenario, or a file relative to this one, whose keys hold where this file "
        "has none. Tables merge key by key; lists replace each other.",
    ),
    "start_h": TopKey(default=18.0, meaning="Local hour at which the simulation starts."),
    "hours": TopKey(
        default=1.0,
        meaning="Hours in which orders are placed; the run then goes on until every order has ended.",
    ),
    "seed": TopKey(default=1, meaning="Seed of everything drawn."),
    "strategy": TopKey(default="batch", meaning="Matching strategy: its id or `package.module:Class`."),
    "eta": TopKey(default="multi_factor", meaning="ETA model: its id or `package.module:Class`."),
    "drivers": TopKey(
        default=None,
        meaning="Drivers on shift when the fleet is largest; needed, but with a trace, which brings its own.",
    ),
    "scale": TopKey(
        default=1.0,
        meaning="Factor on `demand.orders_per_day` and `drivers` of every market, worked in as the file is "
        "read: 0.01 makes a day a hundred times smaller, with as many orders per driver. Not for traces.",
    ),
}


def table_keys(spec: type) -> list[str]:
    """Return the keys of one table, in the order of the dataclass."""
    return [item.name for item in fields(spec)]


def valid_keys(path: tuple[str, ...]) -> list[str] | None:
    """Return the keys valid inside a table, given its path of names and indices; None: not a table.

    `()` is the whole file, `("demand",)` a table, `("markets", "0", "shocks", "1")` a shock of a market.
    """
    if not path:
        return [*TOP_KEYS, *MARKET_TABLES, *RUN_TABLES, *LISTS]
    if path[0] == "markets" and len(path) >= 2:
        return ["name", *MARKET_KEYS] if len(path) == 2 else valid_keys(path[2:])
    if path[0] in LIST_TABLES and len(path) == 2:
        return table_keys(LIST_TABLES[path[0]])
    spec = {**MARKET_TABLES, **RUN_TABLES}.get(path[0])
    return table_keys(spec) if spec is not None and len(path) == 1 else None


def dotted_keys() -> list[str]:
    """Return every key of a scenario file without `[[markets]]`, dotted."""
    tables = {**MARKET_TABLES, **RUN_TABLES, **LIST_TABLES}
    return [*TOP_KEYS, *(f"{name}.{key}" for name, spec in tables.items() for key in table_keys(spec))]
