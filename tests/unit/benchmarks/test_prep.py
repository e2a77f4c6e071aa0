"""Models of preparation times: what strategies are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.mdrp.prep import PREPARATIONS
from benchmarks.mdrp.small import small_instance
from domain.errors import UserError
from scenarios.mdrp import Instance


@pytest.fixture
def instance() -> Instance:
    """Return five orders of two restaurants: 10, 21 and 26 minutes; 5 and 8 minutes."""
    return replace(
        small_instance(orders=5, restaurants=2),
        placed_min=np.array([0, 10, 20, 30, 40]),
        ready_min=np.array([10, 31, 25, 56, 48]),
        restaurant=np.array([0, 0, 1, 0, 1]),
    )


def test_perfect_tells_the_truth(instance):
    assert PREPARATIONS.load("perfect")(instance).tolist() == instance.ready_min.tolist()


def test_the_mean_of_a_restaurant_is_added_to_placement(instance):
    # (10 + 21 + 26) / 3 = 19, (5 + 8) / 2 = 6.5, rounded up
    assert PREPARATIONS.load("restaurant-mean")(instance).tolist() == [19, 29, 27, 49, 47]


@pytest.mark.parametrize(("level", "first"), [("0", 10), ("0.5", 21), ("1", 26)])
def test_a_quantile_is_of_the_restaurants_own_orders(instance, level, first):
    model = PREPARATIONS.load_text(f"restaurant-quantile:level={level}")
    assert model(instance)[0] - instance.placed_min[0] == first


def test_the_past_is_what_is_ready_at_placement(instance):
    # nothing is ready at 0: 15. At 30 of the other restaurant only o3, of its own o1: (10 + 2 * 7.5) / 3
    told = PREPARATIONS.load("restaurant-past")(instance) - instance.placed_min
    assert told[0] == 15
    assert told[3] == 8


def test_the_past_does_not_depend_on_the_future(instance):
    model = PREPARATIONS.load("restaurant-past")
    later = replace(instance, ready_min=instance.ready_min + np.array([0, 0, 0, 30, 30]))
    assert model(later).tolist() == model(instance).tolist()


def test_the_model_of_the_docs_works(instance):
    page = (Path(__file__).parents[3] / "docs" / "benchmark.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": __name__}
    exec(page.split("```python\n")[1].split("```")[0], names)
    assert PREPARATIONS.problems(names["Fixed"]) == []
    assert names["Fixed"](minutes=7)(instance).tolist() == [7, 17, 27, 37, 47]


def test_every_model_and_parameter_is_documented():
    page = (Path(__file__).parents[3] / "docs" / "benchmark.md").read_text(encoding="utf-8")
    for name in PREPARATIONS.built_in:
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        for parameter in PREPARATIONS.describe(PREPARATIONS.load(name)).parameters:
            assert f"`{parameter.name}` ({parameter.default:g})" in row


@pytest.mark.parametrize("name", PREPARATIONS.names())
def test_every_model_gives_whole_minutes_after_placement(name):
    instance = small_instance()
    told = PREPARATIONS.load(name)(instance)
    assert told.dtype == np.int64
    assert (told >= instance.placed_min).all()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("restaurant-men", "unknown preparation model 'restaurant-men'; did you mean 'restaurant-mean'?"),
        ("restaurant-quantile:level=2", "level must be at most 1"),
        ("nowhere:Model", "no module 'nowhere'"),
    ],
)
def test_wrong_models_are_refused_in_one_line(text, line):
    with pytest.raises(UserError) as refused:
        PREPARATIONS.load_text(text)
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)
