"""docs/scenarios.md lists every key with its default and every library scenario, and is up to date."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from scenarios import load_scenario, scenario_names
from scenarios.reference import rewritten
from scenarios.schema import dotted_keys

PAGE = Path(__file__).parents[2] / "docs" / "scenarios.md"


def test_the_generated_part_is_fresh() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == rewritten(text), "docs/scenarios.md is stale: run `make docs`"


@pytest.mark.parametrize("key", dotted_keys())
def test_every_key_is_documented(key: str) -> None:
    assert f"| `{key}` |" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", scenario_names())
def test_every_library_scenario_is_documented(name: str) -> None:
    assert f"| `{name}` |" in PAGE.read_text(encoding="utf-8")


def test_the_examples_are_scenarios(tmp_path: Path) -> None:
    blocks = [part.split("```")[0] for part in PAGE.read_text(encoding="utf-8").split("```toml\n")[1:]]
    assert len(blocks) >= 3
    for i, block in enumerate(blocks):
        path = tmp_path / f"example_{i}.toml"
        needs_base = {"drivers", "markets", "extends"}.isdisjoint(tomllib.loads(block))
        path.write_text(('extends = "quickstart"\n' if needs_base else "") + block, encoding="utf-8")
        assert load_scenario(path).markets
