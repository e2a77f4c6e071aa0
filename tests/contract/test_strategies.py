"""Every registered strategy passes the public conformance checks and is documented."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from matching.conformance import CHECKS, MARKETS, check_strategy
from matching.registry import STRATEGIES, describe, load_strategy, strategy_names
from matching.testing import make_snapshot
from matching.validate import check_decision

DOCS = Path(__file__).parents[2] / "docs" / "strategies"


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
    page = (DOCS / f"{said.name}.md").read_text()
    assert page.startswith(f"# `{said.name}`\n")
    for parameter in said.parameters:
        row = re.search(rf"^\| `{parameter.name}` \| `?([^|`]*)`? \|", page, re.M)
        assert row, f"{said.name}: {parameter.name} is not in the table"
        default = type(parameter.default)(row[1] != "false" if parameter.type == "bool" else row[1])
        assert default == parameter.default, f"{said.name}: default of {parameter.name}"


def test_every_documented_strategy_exists():
    documented = {page.stem for page in DOCS.glob("*.md")}
    assert documented == {name for name in strategy_names() if name in STRATEGIES.built_in}
    index = re.findall(
        r"^\| \[`(\w+)`\]\(strategies/\1\.md\)", (DOCS.parent / "strategies.md").read_text(), re.M
    )
    assert set(index) == documented
