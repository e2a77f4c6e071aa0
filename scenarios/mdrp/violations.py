"""The rules of the problem, each checked strictly: one line per violation.

Stricter than the evaluator that the publisher ships, which leaves the 90 minutes, the single restaurant of
a bundle and the service before departure unchecked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from domain.units import BoolArray, IntArray
from scenarios.mdrp.instance import Instance
from scenarios.mdrp.routes import Routes, routes
from scenarios.mdrp.solution import Solution

Rule = Callable[[Instance, Solution, Routes], Iterator[str]]


def violations(instance: Instance, solution: Solution) -> list[str]:
    """Return a line per violation, rule by rule in the order of docs/mdrp.md; none: the solution is feasible.

    A solution whose arrays do not fit together, or point outside the instance, is told so and not looked at
    further. What a solver knew when it decided cannot be seen in a solution: only that no order was
    assigned, and no driver sent for it, before its placement. Vectorised; O(a log a + k).
    """
    broken = list(_shapes(solution)) or list(_indices(instance, solution))
    if broken:
        return broken
    derived = routes(instance, solution)
    return [line for rule in RULES for line in rule(instance, solution, derived)]


def _shapes(solution: Solution) -> Iterator[str]:
    rows, orders = len(solution.driver), len(solution.order)
    lengths = {
        "restaurant": rows,
        "assigned_min": rows,
        "departed_min": rows,
        "arrived_min": rows,
        "picked_up_min": rows,
        "offsets": rows + 1,
        "left_min": orders,
        "dropped_off_min": orders,
    }
    for name, expected in lengths.items():
        if getattr(solution, name).shape != (expected,):
            yield f"solution: {name} has shape {getattr(solution, name).shape}; expected ({expected},)"
    for name in ("driver", "order", *lengths):
        if getattr(solution, name).dtype.kind not in "iu":
            yield f"solution: {name} is {getattr(solution, name).dtype}; expected whole numbers"


def _indices(instance: Instance, solution: Solution) -> Iterator[str]:
    offsets = solution.offsets
    if offsets[0] != 0 or offsets[-1] != len(solution.order) or (np.diff(offsets) < 0).any():
        yield f"solution: offsets do not rise from 0 to the {len(solution.order)} orders"
    for name, names in (
        ("driver", instance.driver_ids),
        ("restaurant", instance.restaurant_ids),
        ("order", instance.order_ids),
    ):
        index = getattr(solution, name)
        for row in _where((index < 0) | (index >= len(names))):
            yield f"solution: {name}[{row}] is {index[row]}; the instance has {len(names)}"


def _once(instance: Instance, solution: Solution, _: Routes) -> Iterator[str]:
    times = np.bincount(solution.order, minlength=len(instance.order_ids))
    for order in _where(times > 1):
        yield f"order {instance.order_ids[order]}: assigned {times[order]} times"


def _one_restaurant(instance: Instance, solution: Solution, _: Routes) -> Iterator[str]:
    there = solution.restaurant[solution.owner]
    own = instance.restaurant[solution.order]
    for k in _where(own != there):
        names = instance.restaurant_ids
        yield f"{_order(instance, solution, k)}: of {names[own[k]]}, but in a bundle from {names[there[k]]}"


def _placed_before_assigned(instance: Instance, solution: Solution, _: Routes) -> Iterator[str]:
    assigned, placed = solution.assigned_min[solution.owner], instance.placed_min[solution.order]
    for k in _where(assigned < placed):
        yield f"{_order(instance, solution, k)}: assigned at {assigned[k]}, but placed at {placed[k]}"


def _placed_before_departure(instance: Instance, solution: Solution, _: Routes) -> Iterator[str]:
    carries = np.flatnonzero(solution.size > 0)
    if len(carries) == 0:
        return
    known = np.minimum.reduceat(instance.placed_min[solution.order], solution.offsets[carries])
    departed = solution.departed_min[carries]
    for i in _where(departed < known):
        yield (
            f"{_trip(instance, solution, carries[i])}: departs at {departed[i]}, before any of its "
            f"orders is placed, at {known[i]}"
        )


def _assigned_before_pickup(instance: Instance, solution: Solution, _: Routes) -> Iterator[str]:
    assigned, picked_up = solution.assigned_min, solution.picked_up_min
    for row in _where((solution.size > 0) & (assigned > picked_up)):
        yield (
            f"{_trip(instance, solution, row)}: assigned at {assigned[row]}, after its pickup at "
            f"{picked_up[row]}"
        )


def _on_shift(instance: Instance, solution: Solution, derived: Routes) -> Iterator[str]:
    on, departed = instance.on_min[solution.driver], solution.departed_min
    for row in _where((derived.previous < 0) & (departed < on)):
        yield f"{_trip(instance, solution, row)}: departs at {departed[row]}, before on-time {on[row]}"


def _free_before_departure(instance: Instance, solution: Solution, derived: Routes) -> Iterator[str]:
    departed, free = solution.departed_min, derived.free_min[derived.previous]
    for row in _where((derived.previous >= 0) & (departed < free)):
        yield f"{_trip(instance, solution, row)}: departs at {departed[row]}, but is busy until {free[row]}"


def _travel_to_restaurant(instance: Instance, solution: Solution, derived: Routes) -> Iterator[str]:
    taken = solution.arrived_min - solution.departed_min
    travel = derived.to_restaurant_min
    for row in _where(taken != travel):
        yield f"{_trip(instance, solution, row)}: rides {taken[row]} min; travel takes {travel[row]}"


def _ready_before_pickup(instance: Instance, solution: Solution, _: Routes) -> Iterator[str]:
    picked_up, ready = solution.picked_up_min[solution.owner], instance.ready_min[solution.order]
    for k in _where(picked_up < ready):
        yield f"{_order(instance, solution, k)}: picked up at {picked_up[k]}, but ready at {ready[k]}"


def _service_before_pickup(instance: Instance, solution: Solution, _: Routes) -> Iterator[str]:
    half, arrived, picked_up = instance.pickup_service_min // 2, solution.arrived_min, solution.picked_up_min
    for row in _where((solution.size > 0) & (picked_up < arrived + half)):
        yield (
            f"{_trip(instance, solution, row)}: picks up at {picked_up[row]}, less than {half} min after "
            f"arriving at {arrived[row]}"
        )


def _pickup_on_shift(instance: Instance, solution: Solution, _: Routes) -> Iterator[str]:
    off, picked_up = instance.off_min[solution.driver], solution.picked_up_min
    for row in _where((solution.size > 0) & (picked_up > off)):
        yield f"{_trip(instance, solution, row)}: picks up at {picked_up[row]}, after off-time {off[row]}"


def _service_before_leaving(instance: Instance, solution: Solution, _: Routes) -> Iterator[str]:
    expected = _leaves(instance, solution)
    is_first, left = solution.is_first, solution.left_min
    for k in _where(left != expected):
        where = "the pickup" if is_first[k] else "the drop-off before"
        yield f"{_order(instance, solution, k)}: left for at {left[k]}; {where} allows exactly {expected[k]}"


def _leaves(instance: Instance, solution: Solution) -> IntArray:
    """Return when the driver must set out for each customer [k]."""
    expected = np.zeros_like(solution.left_min)
    expected[1:] = solution.dropped_off_min[:-1] + instance.dropoff_service_min // 2
    carries = solution.size > 0
    expected[solution.is_first] = solution.picked_up_min[carries] + instance.pickup_service_min // 2
    return expected


def _travel_to_customer(instance: Instance, solution: Solution, derived: Routes) -> Iterator[str]:
    half = instance.dropoff_service_min // 2
    taken, travel = solution.dropped_off_min - solution.left_min, derived.to_customer_min
    for k in _where(taken != travel + half):
        yield (
            f"{_order(instance, solution, k)}: dropped off {taken[k]} min after leaving for it; travel "
            f"{travel[k]} + service {half}"
        )


def _click_to_door(instance: Instance, solution: Solution, _: Routes) -> Iterator[str]:
    taken, most = (
        solution.dropped_off_min - instance.placed_min[solution.order],
        instance.max_click_to_door_min,
    )
    for k in _where(taken > most):
        yield f"{_order(instance, solution, k)}: dropped off {taken[k]} min after placement; at most {most}"


def _where(mask: BoolArray) -> list[int]:
    rows: list[int] = np.flatnonzero(mask).tolist()
    return rows


def _order(instance: Instance, solution: Solution, k: int) -> str:
    driver = solution.driver[np.searchsorted(solution.offsets, k, side="right") - 1]
    return f"order {instance.order_ids[solution.order[k]]} (driver {instance.driver_ids[driver]})"


def _trip(instance: Instance, solution: Solution, row: int) -> str:
    driver, restaurant = solution.driver[row], solution.restaurant[row]
    return f"driver {instance.driver_ids[driver]} to {instance.restaurant_ids[restaurant]}"


RULES: tuple[Rule, ...] = (
    _once,
    _one_restaurant,
    _placed_before_assigned,
    _placed_before_departure,
    _assigned_before_pickup,
    _on_shift,
    _free_before_departure,
    _travel_to_restaurant,
    _ready_before_pickup,
    _service_before_pickup,
    _pickup_on_shift,
    _service_before_leaving,
    _travel_to_customer,
    _click_to_door,
)
