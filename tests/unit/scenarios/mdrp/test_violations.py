"""Every rule is kept by the hand-made solution, and each one, broken, is named with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scenarios.mdrp import Instance, Solution, violations


def at(solution: Solution, **changes: tuple[int, int]) -> Solution:
    """Return the solution with one entry of each named column replaced."""
    columns: dict[str, Any] = {}
    for name, (row, value) in changes.items():
        columns[name] = getattr(solution, name).copy()
        columns[name][row] = value
    return replace(solution, **columns)


def later(solution: Solution, minutes: int) -> Solution:
    """Return the solution with all that c2 does so much later."""
    trip = np.array([0, 0, minutes])
    drop = np.array([0, 0, minutes])
    return replace(
        solution,
        assigned_min=solution.assigned_min + trip,
        departed_min=solution.departed_min + trip,
        arrived_min=solution.arrived_min + trip,
        picked_up_min=solution.picked_up_min + trip,
        left_min=solution.left_min + drop,
        dropped_off_min=solution.dropped_off_min + drop,
    )


def test_the_hand_made_solution_keeps_every_rule(instance: Instance, solution: Solution) -> None:
    assert violations(instance, solution) == []


def test_rows_may_stand_in_any_order(instance: Instance, solution: Solution) -> None:
    columns = ("driver", "restaurant", "assigned_min", "departed_min", "arrived_min", "picked_up_min")
    turned: dict[str, Any] = {name: getattr(solution, name)[::-1] for name in columns}
    per_order = {
        name: getattr(solution, name)[[2, 0, 1]] for name in ("order", "left_min", "dropped_off_min")
    }
    reordered = replace(solution, offsets=np.array([0, 1, 1, 3]), **turned, **per_order)
    assert violations(instance, reordered) == []


def test_doing_nothing_breaks_no_rule(instance: Instance, empty: Solution) -> None:
    assert violations(instance, empty) == []


def test_orders_may_join_until_pickup(instance: Instance, solution: Solution) -> None:
    early = at(solution, departed_min=(0, 10), arrived_min=(0, 13), assigned_min=(0, 22))
    assert violations(instance, early) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda s: at(s, order=(1, 0)), "order o1: assigned 2 times"),
        (lambda s: at(s, order=(2, 3)), "order o4 (driver c2): of r1, but in a bundle from r2"),
        (lambda s: at(s, assigned_min=(0, 11)), "order o2 (driver c1): assigned at 11, but placed at 12"),
        (
            lambda s: at(s, departed_min=(0, 9), arrived_min=(0, 12)),
            "driver c1 to r1: departs at 9, before any of its orders is placed, at 10",
        ),
        (
            lambda s: at(s, assigned_min=(2, 46)),
            "driver c2 to r2: assigned at 46, after its pickup at 45",
        ),
        (
            lambda s: at(s, departed_min=(1, 40), arrived_min=(1, 53)),
            "driver c1 to r2: departs at 40, but is busy until 41",
        ),
        (lambda s: at(s, arrived_min=(0, 14)), "driver c1 to r1: rides 2 min; travel takes 3"),
        (lambda s: at(s, arrived_min=(1, 55)), "driver c1 to r2: rides 14 min; travel takes 13"),
        (
            lambda s: at(s, picked_up_min=(0, 21)),
            "order o2 (driver c1): picked up at 21, but ready at 22",
        ),
        (
            lambda s: at(s, departed_min=(2, 44), arrived_min=(2, 44)),
            "driver c2 to r2: picks up at 45, less than 2 min after arriving at 44",
        ),
        (lambda s: later(s, 46), "driver c2 to r2: picks up at 91, after off-time 90"),
        (
            lambda s: at(s, left_min=(0, 23), dropped_off_min=(0, 30)),
            "order o1 (driver c1): left for at 23; the pickup allows exactly 24",
        ),
        (
            lambda s: at(s, left_min=(1, 34), dropped_off_min=(1, 40)),
            "order o2 (driver c1): left for at 34; the drop-off before allows exactly 33",
        ),
        (
            lambda s: at(s, dropped_off_min=(2, 52)),
            "order o3 (driver c2): dropped off 5 min after leaving for it; travel 4 + service 2",
        ),
    ],
)
def test_each_broken_rule_is_named(
    instance: Instance, solution: Solution, change: Callable[[Solution], Solution], expected: str
) -> None:
    assert expected in violations(instance, change(solution))


def test_nobody_departs_before_its_shift(instance: Instance, solution: Solution) -> None:
    late = replace(instance, on_min=np.array([0, 41]))
    assert violations(late, solution) == ["driver c2 to r2: departs at 40, before on-time 41"]


def test_an_order_too_late_must_be_left_undelivered(instance: Instance, solution: Solution) -> None:
    assert violations(replace(instance, max_click_to_door_min=27), solution) == []
    assert violations(replace(instance, max_click_to_door_min=26), solution) == [
        "order o2 (driver c1): dropped off 27 min after placement; at most 26"
    ]


def test_a_drop_off_after_the_shift_is_allowed(instance: Instance, solution: Solution) -> None:
    assert violations(instance, later(solution, 45)) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"left_min": np.array([24])}, "solution: left_min has shape (1,); expected (3,)"),
        ({"offsets": np.array([0, 2, 3])}, "solution: offsets has shape (3,); expected (4,)"),
        ({"offsets": np.array([0, 2, 1, 3])}, "solution: offsets do not rise from 0 to the 3 orders"),
        ({"driver": np.array([0, 0, 2])}, "solution: driver[2] is 2; the instance has 2"),
        ({"order": np.array([0, -1, 2])}, "solution: order[1] is -1; the instance has 4"),
        ({"left_min": np.array([24.5, 33, 47])}, "solution: left_min is float64; expected whole numbers"),
    ],
)
def test_columns_that_do_not_fit_are_told(
    instance: Instance, solution: Solution, changes: dict[str, Any], expected: str
) -> None:
    assert violations(instance, replace(solution, **changes)) == [expected]
