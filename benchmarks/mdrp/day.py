"""One day of an instance, played by a strategy under the instance's own rules."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from time import perf_counter

import numpy as np

from benchmarks.mdrp._commit import commit
from benchmarks.mdrp._view import View
from benchmarks.mdrp._world import (
    CARRIED,
    MISSED,
    REFUSED,
    TRIPS,
    UNPLACED,
    World,
    advance,
    move,
    new_world,
)
from benchmarks.mdrp.travel import PlaneTravel
from domain.errors import ContractError, DataError
from domain.units import IntArray
from matching.contract import Strategy
from matching.validate import check_decision
from scenarios.mdrp import Instance, Solution

PREPOSITIONS = ("none", "nearby")
NEARBY = 5
"""At the start of a shift a driver may be sent to one of so many nearest restaurants."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Played:
    """A day that is over.

    `solution` is what was done; `decisions` how often the strategy was asked, `decide_s` the seconds it took,
    `wall_s` those of the whole day; `refused` counts orders that a decision gave to a driver against the
    rules, as far as is believed, and that stayed open; `missed` those for which a driver came too late, in
    spite of what was believed.
    """

    solution: Solution
    decisions: int
    decide_s: float
    wall_s: float
    refused: int
    missed: int


def play(
    instance: Instance,
    strategy: Strategy,
    *,
    believed_ready_min: IntArray | None = None,
    seed: int = 0,
    preposition: str = "none",
) -> Played:
    """Let `strategy` run the day of `instance`.

    It is asked every ``max(1, ceil(window_s / 60))`` minutes at which an order is open that somebody may
    still take up, and sees orders from their placement on. What it decides holds: a driver with nothing to
    do sets out at once, one with a plan adds to it, orders that it leaves wait. An order that nobody can
    deliver any more within the maximum click-to-door is lost. `believed_ready_min` int64 [n] is what it is
    told of ready times, instead of the truth, which shows when food is ready. With `preposition` "nearby" a
    driver is sent to one of the five nearest restaurants, drawn with `seed`, when its shift begins.

    Raises:
        ContractError: the strategy decides something infeasible.
        DataError: the instance's two services are not equally long.
    """
    if instance.pickup_service_min != instance.dropoff_service_min:
        raise DataError(f"instance {instance.name}: services of different length are not supported")
    began, decide_s, decisions = perf_counter(), 0.0, 0
    step = max(1, ceil(strategy.window_s / 60.0))
    travel = PlaneTravel(instance)
    believed = instance.ready_min if believed_ready_min is None else believed_ready_min
    world = new_world(instance, believed, travel.xy_m)
    if preposition == "nearby":
        _send_to_nearby_restaurants(world, instance, np.random.default_rng([seed, 1]))
    hours = (instance.off_min - instance.on_min) / 60.0
    view = View(
        travel,
        instance.pay_per_hour_usd * hours / max(instance.pay_per_order_usd, 1e-9),
        target_min=instance.target_click_to_door_min,
        candidates=strategy.candidates,
    )
    rng = np.random.default_rng([seed, 0])
    t = _first_minute(world, step)
    while t is not None:
        open_orders, seen = view.come_to(world, t, t + step)
        if seen is not None:
            snapshot = seen.snapshot
            asked = perf_counter()
            decision = strategy(snapshot, rng)
            decide_s += perf_counter() - asked
            decisions += 1
            problems = check_decision(snapshot, decision, strategy)
            if problems:
                raise ContractError(f"{instance.name}, minute {t}: {strategy.name} decides: {problems[0]}")
            world = commit(world, seen, decision, t)
        t = t + step if open_orders else _first_minute(world, step)
    advance(world, np.iinfo(np.int32).max)
    return Played(
        solution=_solution(world),
        decisions=decisions,
        decide_s=decide_s,
        wall_s=perf_counter() - began,
        refused=int(world.counts[REFUSED]),
        missed=int(world.counts[MISSED]),
    )


def _first_minute(world: World, step: int) -> int | None:
    """Return the first decision minute at which an order is there that is not placed yet."""
    waiting = world.placed[world.state == UNPLACED]
    return -(-int(waiting.min()) // step) * step if len(waiting) else None


def _send_to_nearby_restaurants(world: World, instance: Instance, rng: np.random.Generator) -> None:
    for d, home in enumerate(instance.driver_xy_m):
        away = instance.travel_min(home, instance.restaurant_xy_m)
        nearest = np.argsort(away, kind="stable")[:NEARBY]
        move(world, d, int(rng.choice(nearest)), int(instance.on_min[d]))


def _solution(world: World) -> Solution:
    trips = world.trips[: world.counts[TRIPS]]
    carried = world.carried[: world.counts[CARRIED]]
    offsets = np.concatenate([[0], world.trip_end[: len(trips)]])
    is_move = np.diff(offsets) == 0
    return Solution(
        driver=trips[:, 0].copy(),
        restaurant=trips[:, 1].copy(),
        assigned_min=np.where(is_move, trips[:, 3], trips[:, 2]),
        departed_min=trips[:, 3].copy(),
        arrived_min=trips[:, 4].copy(),
        picked_up_min=np.where(is_move, trips[:, 4], trips[:, 5]),
        offsets=offsets,
        order=carried[:, 0].copy(),
        left_min=carried[:, 1].copy(),
        dropped_off_min=carried[:, 2].copy(),
    )
