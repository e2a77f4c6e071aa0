"""Every registered strategy passes the public conformance checks and is documented."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from matching.conformance import CHECKS, MARKETS, check_strategy
from matching.registry import describe, load_strategy, strategy_names
from matching.testing import make_snapshot
from matching.validate import check_decision

DOCS = Path(__file__).parents[2] / "docs" / "strategies.md"


@pytest.fixture(params=strategy_names())
def strategy(request):
    return load_strategy(request.param)


def test_conforms(strategy):
    assert check_strategy(strategy) == list(CHECKS)


def test_is_registered_under_its_name(strategy):
    assert load_strategy(strategy.name) == strategy


@pytest.mark.parametrize("seed", range(10, 16))
def test_decides_feasibly_on_more_seeds(strategy, seed):
    for name, arguments in MARKETS.items():
        snapshot = make_snapshot(**arguments, seed=seed)
        decision = strategy(snapshot, np.random.default_rng(seed))
        assert check_decision(snapshot, decision, strategy) == [], name


def test_strategy_and_every_parameter_are_documented(strategy):
    said = describe(strategy)
    section = re.search(rf"^## `{said.name}`\n(.*?)(?=^## |\Z)", DOCS.read_text(), re.M | re.S)
    assert section, f"docs/strategies.md has no section `{said.name}`"
    for parameter in said.parameters:
        row = re.search(rf"^\| `{parameter.name}` \| ([^|]*) \|", section[1], re.M)
        assert row, f"{said.name}: {parameter.name} is not in the table"
        assert float(row[1]) == parameter.default, f"{said.name}: default of {parameter.name}"


def test_every_documented_strategy_exists():
    documented = re.findall(r"^## `(\w+)`", DOCS.read_text(), re.M)
    assert set(documented) == {"nearest", "score", "batch"} | (set(documented) & set(strategy_names()))
