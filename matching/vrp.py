"""`Vrp`: all routes planned anew every window, by insertion and then by OR-tools' routing solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from domain.registry import check_parameters, param
from matching._jobs import Job, JobPlans, jobs_of
from matching._routing_model import improved, routing_solver
from matching._workbench import Workbench, plans_of, routes_cost
from matching.cheapest_insertion import insert_open_orders, replan
from matching.contract import Decision, Snapshot
from matching.objective import Objective, parse_objective
from matching.routes import Plans


@dataclass(frozen=True, kw_only=True)
class Vrp:
    """Every window, a pickup-and-delivery problem of all that is not picked up, solved by local search.

    Routes come from parallel insertion by regret, with accepted orders moved for more than `move_margin_s`
    (`matching.cheapest_insertion`). OR-tools' routing solver improves them: pickups not before food is ready,
    weights of the `objective` on deliveries, lateness, driving and drivers' time, vehicles' capacity, what is
    picked up pinned to its driver, who starts where and when the snapshot says. It sees whole seconds,
    freshness as if it were click-to-door, and lateness of those orders that insertion leaves late; fairness
    only the insertion sees. What it finds is taken if it costs less by the true objective. Where drivers have
    more than `group_orders` orders, the market is halved across its longer side, and again, and each part
    solved on its own, with each order's `group_candidates` nearest drivers. In a market `by_trips` whole
    trips are moved, bundled by the insertion.

    The budget is `max_solutions` improvements per part, and descent ends at a local optimum anyway: no clock
    and no random number is read, so a decision repeats on the same version of OR-tools. Orders that find no
    room stay open, and so, until they have waited `max_hold_s`, do those that nobody need set out for yet.
    Not exact.

    Source: rolling-horizon re-optimisation, as in the dynamic case of Psaraftis, "A dynamic programming
    solution to the single vehicle many-to-many immediate request dial-a-ride problem" (Transportation Science
    14(2), 1980).
    """

    name: ClassVar[str] = "vrp"
    summary: ClassVar[str] = "every window all routes anew, improved by OR-tools' routing solver"
    bundles: ClassVar[bool] = True
    exact: ClassVar[bool] = False
    reassigns: ClassVar[bool] = True

    window_s: float = param(30.0, "seconds between decisions", at_least=0)
    candidates: int = param(50, "drivers considered per order", at_least=1)
    radius_m: float = param(5_000.0, "how far from the restaurant drivers are considered", at_least=1)
    objective: str = param(
        "click_to_door + lateness + 0.1*driver_time + 0.4*driving", "weights of `matching.objective`'s terms"
    )
    max_load: int = param(
        4, "orders a driver may have at once, never above the vehicle's capacity", at_least=1
    )
    move_margin_s: float = param(
        180.0, "what moving an accepted order to another driver must save in insertion", at_least=0
    )
    moves_accepted: bool = param(False, "let the solver, too, move accepted orders, at no margin")
    max_solutions: int = param(50, "improvements that the solver may make per part; 0: none", at_least=0)
    group_orders: int = param(15, "orders, at most, that are solved together", at_least=1)
    group_candidates: int = param(3, "nearest drivers of an order that its part includes", at_least=1)
    max_hold_s: float = param(
        0.0, "until it has waited this long, an order nobody need set out for stays open", at_least=0
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        parse_objective(self.objective)

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:  # noqa: ARG002  # the contract's signature
        """Decide; draws no random numbers.

        Raises:
            UserError: OR-tools is not installed.
        """
        routing_solver()
        objective = parse_objective(self.objective)
        bench = Workbench(snapshot, objective, max_load=self.max_load)
        insert_open_orders(bench, by_regret=True)
        replan(
            bench,
            move_margin_s=self.move_margin_s,
            candidates=self.candidates,
            radius_m=self.radius_m,
        )
        if self.max_solutions:
            self._improve(bench, objective)
        bench.hold_back(self.max_hold_s)
        return bench.decision()

    def _improve(self, bench: Workbench, objective: Objective) -> None:
        """Let the solver improve the routes of a bench, part by part."""
        snapshot = bench.snapshot
        plans = jobs_of(snapshot, bench.plans, objective=objective, moves_accepted=self.moves_accepted)
        jobs = list(plans.jobs)
        for part in self._parts(bench, plans):
            found = improved(
                snapshot,
                plans,
                part,
                objective=objective,
                room=bench.most,
                max_solutions=self.max_solutions,
            )
            for driver, mine in zip(part, found or [], strict=False):
                jobs[driver] = mine
        better = _plans(plans, jobs)
        before, after = (
            routes_cost(snapshot, bench.plans, objective),
            routes_cost(snapshot, better, objective),
        )
        is_new = after.sum() < before.sum()
        if is_new:
            bench.set_plans(better)

    def _parts(self, bench: Workbench, plans: JobPlans) -> list[list[int]]:
        """Return disjoint groups of drivers whose routes are worth solving together."""
        snapshot = bench.snapshot
        wanted = np.array([len(each) > 0 for each in plans.jobs], np.bool_)
        for order in range(snapshot.open_orders):
            first = snapshot.candidate_offsets[order]
            last = min(first + self.group_candidates, snapshot.candidate_offsets[order + 1])
            wanted[snapshot.candidate_driver[first:last]] = True
        wanted &= bench.load <= bench.most  # who has too many already can take nothing in exchange
        count = np.array([sum(job.load for job in each) for each in plans.jobs], np.int64)
        by_place = np.lexsort((snapshot.driver_lon, snapshot.driver_lat))  # whatever the drivers' numbers
        halves, parts = [by_place[wanted[by_place]]], []
        while halves:
            drivers = halves.pop()
            if count[drivers].sum() <= self.group_orders or len(drivers) < 4:
                if count[drivers].sum() > 0 and len(drivers) > 1:
                    parts.append(drivers.tolist())
                continue
            lat, lon = snapshot.driver_lat[drivers], snapshot.driver_lon[drivers]
            is_tall = np.ptp(lat) > np.ptp(lon) * np.cos(np.radians(lat.mean()))
            along = np.argsort(lat if is_tall else lon, kind="stable")
            middle = int(np.searchsorted(np.cumsum(count[drivers[along]]), count[drivers].sum() / 2.0))
            middle = min(max(middle, 1), len(along) - 1)
            halves += [drivers[along[middle:]], drivers[along[:middle]]]
        return parts


def _plans(plans: JobPlans, jobs: list[list[Job]]) -> Plans:
    """Return the stops of all drivers: what they finish first, then their jobs."""
    return plans_of(
        [
            [*first, *(stop for job in mine for stop in job.stops)]
            for first, mine in zip(plans.first, jobs, strict=True)
        ]
    )
