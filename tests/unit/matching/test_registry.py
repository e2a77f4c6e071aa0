from __future__ import annotations

import subprocess
import sys

import pytest

from domain.errors import ContractError, UnknownNameError, UserError
from matching.registry import STRATEGIES, describe, load_strategy, strategy_names

GOOD = """
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from matching.contract import Decision

@dataclass(frozen=True, kw_only=True)
class Mine:
    name: ClassVar[str] = "mine"
    summary: ClassVar[str] = "nobody gets anything"
    bundles: ClassVar[bool] = False
    exact: ClassVar[bool] = False
    reassigns: ClassVar[bool] = False
    window_s: float = 3.0
    candidates: int = 5
    radius_m: float = 900.0
    is_fair: bool = False
    mode: str = "plain"
    levels: tuple[float, ...] = (1.0,)

    def __call__(self, snapshot, rng):
        return Decision(driver=snapshot.order_driver.copy())
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module of a fresh name into an empty current folder; return its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(text: str) -> str:
        name = f"users_{tmp_path.name}_{len(list(tmp_path.iterdir()))}".replace("-", "_")
        (tmp_path / f"{name}.py").write_text(text)
        return name

    return write


def test_built_in_names_work_without_entry_points(monkeypatch):
    monkeypatch.setattr("domain.registry.entry_points", lambda group: ())
    fresh = type(STRATEGIES)(
        **{key: getattr(STRATEGIES, key) for key in ("kind", "group", "built_in", "flags", "needs")}
    )
    assert {"batch", "nearest", "score"} <= set(fresh.names())
    assert fresh.names() == strategy_names()
    assert fresh.load("score").name == "score"


def test_unknown_names_get_a_hint():
    with pytest.raises(UnknownNameError, match="unknown strategy 'scroe'; did you mean 'score'"):
        load_strategy("scroe")


def test_a_users_module_in_the_current_folder(module):
    name = module(GOOD)
    strategy = load_strategy(f"{name}:Mine", {"candidates": "7", "is_fair": "true", "levels": "1,2.5"})
    assert (strategy.name, strategy.candidates, strategy.is_fair, strategy.levels) == (
        "mine",
        7,
        True,
        (1.0, 2.5),
    )


@pytest.mark.parametrize(
    ("params", "kind", "text"),
    [
        ({"windw_s": 1}, UnknownNameError, "did you mean 'window_s'"),
        ({"candidates": "many"}, UserError, "candidates must be int, not 'many'"),
        ({"candidates": 2.5}, UserError, "candidates must be int"),
        ({"candidates": True}, UserError, "candidates must be int"),
        ({"window_s": -1}, UserError, "window_s must be at least 0, not -1"),
        ({"window_s": "nan"}, UserError, "window_s must be"),
    ],
)
def test_bad_parameters_are_one_line(params, kind, text):
    with pytest.raises(kind, match=text) as caught:
        load_strategy("batch", params)
    assert "\n" not in str(caught.value)
    assert "batch" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("frozen=True, ", ""), "must be a frozen dataclass"),
        ((", kw_only=True", ""), "must be keyword-only"),
        (("    bundles: ClassVar[bool] = False\n", ""), "class attribute 'bundles'"),
        (("def __call__", "def call"), "must have '__call__'"),
        (("    radius_m: float = 900.0\n", ""), "must have 'radius_m'"),
        (("window_s: float = 3.0", "window_s: float"), "parameter 'window_s' must have a default"),
    ],
)
def test_what_is_not_a_strategy_is_refused(module, change, text):
    name = module(GOOD.replace(*change))
    with pytest.raises(ContractError, match=text):
        load_strategy(f"{name}:Mine")


def test_modules_that_cannot_be_imported(module):
    with pytest.raises(UserError, match="no module 'nowhere_to_be_found'"):
        load_strategy("nowhere_to_be_found:Mine")
    broken = module("def broken(:\n")
    with pytest.raises(UserError, match="importing it fails: SyntaxError"):
        load_strategy(f"{broken}:Mine")
    needs = module("import nowhere_to_be_found\n")
    with pytest.raises(UserError, match="importing it fails: No module named 'nowhere_to_be_found'"):
        load_strategy(f"{needs}:Mine")
    with pytest.raises(UnknownNameError, match="did you mean 'Mine'"):
        load_strategy(f"{module(GOOD)}:Mime")


def test_describe_says_all(module):
    said = describe(load_strategy("batch", {"max_load": 2}))
    assert said.name == "batch"
    assert said.flags == {"bundles": True, "exact": True, "reassigns": False}
    by_name = {each.name: each for each in said.parameters}
    assert (by_name["max_load"].type, by_name["max_load"].default) == ("int", 2)
    assert all(each.doc for each in said.parameters)


def test_names_are_sorted_and_know_the_built_in_ones():
    assert strategy_names() == sorted(strategy_names())
    assert {"nearest", "score", "batch"} <= set(strategy_names())


def test_importing_the_registry_compiles_and_imports_no_strategy():
    code = (
        "import sys, matching.registry; sys.exit('numba' in sys.modules or 'matching.batch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
