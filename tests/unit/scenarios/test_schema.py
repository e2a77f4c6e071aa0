"""The tables beside the dataclasses stay in step with them."""

from __future__ import annotations

from dataclasses import fields

import pytest

from domain.spec import MarketSpec, Scenario, ShockSpec
from scenarios.ranges import RANGES
from scenarios.reference import meanings, rewritten
from scenarios.schema import MARKET_KEYS, MARKET_TABLES, RUN_TABLES, TOP_KEYS, dotted_keys, valid_keys

TABLES = {**MARKET_TABLES, **RUN_TABLES, "shocks": ShockSpec}
NUMERIC = ("float", "int", "float | None", "int | None", "tuple[float, ...]")


def test_every_field_of_scenario_and_market_can_be_written() -> None:
    assert {item.name for item in fields(MarketSpec)} == {"name", *MARKET_KEYS}
    above = {"extends", "scale", "drivers", "shocks", *MARKET_TABLES}
    assert {item.name for item in fields(Scenario)} == set(valid_keys(()) or []) - above


@pytest.mark.parametrize("table", TABLES)
def test_every_numeric_key_has_a_range_and_every_key_a_meaning(table: str) -> None:
    numeric = {f"{table}.{item.name}" for item in fields(TABLES[table]) if item.type in NUMERIC}
    assert numeric <= set(RANGES)
    assert all(meanings(table, TABLES[table]).values())


def test_every_range_belongs_to_a_key() -> None:
    assert set(RANGES) <= set(dotted_keys())
    assert set(TOP_KEYS) <= set(dotted_keys())


def test_defaults_are_within_their_ranges() -> None:
    for key, top in TOP_KEYS.items():
        if key in RANGES and top.default is not None:
            assert RANGES[key].accepts(top.default), key


def test_a_page_without_marks_is_not_rewritten() -> None:
    with pytest.raises(ValueError, match="the page needs the lines"):
        rewritten("# Scenarios\n")
