"""What perfect foresight could have done: a clairvoyant plan of a day, and a bound that no plan can beat.

    from matching.hindsight import Search, build_day, hindsight
    day = build_day(placed=..., ready=..., ...)
    best = hindsight(day, search=Search(iterations=200_000), bound_rounds=100)
    regret = my_click_to_door.mean() - best.mean_click_to_door

Plain arrays in one unit of time; no clock, no files. `Search.plans` yields plans on the way and
`bounds` yields bounds, for callers who have a time budget. docs/hindsight.md says how it is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domain.units import FloatArray
from matching.hindsight.bound import Bound, bounds, certify
from matching.hindsight.plan import Plan, build_plan
from matching.hindsight.problem import Day, build_day
from matching.hindsight.search import Search

__all__ = [
    "Bound",
    "Day",
    "HindsightSolution",
    "Plan",
    "Search",
    "bounds",
    "build_day",
    "build_plan",
    "certify",
    "hindsight",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class HindsightSolution:
    """The best plan found, and what was proved of all plans.

    `click_to_door` float64 [n]: drop-off minus placement of each order, NaN undelivered;
    `mean_click_to_door` over those delivered. `bound`: None if none was asked for. With single-restaurant
    trips and bundles limited, the plan is feasible, so its cost is at least that of the true optimum: regret
    against it is a lower estimate of regret.
    """

    plan: Plan
    click_to_door: FloatArray
    mean_click_to_door: float
    bound: Bound | None

    @property
    def cost(self) -> float:
        """Total click-to-door of the delivered orders."""
        return self.plan.cost

    @property
    def gap(self) -> float:
        """By what share of the bound the plan costs more; NaN without a bound, or if it leaves orders out."""
        if self.bound is None or self.plan.undelivered or self.bound.cost <= 0:
            return float("nan")
        return self.plan.cost / self.bound.cost - 1.0


def hindsight(
    day: Day, *, search: Search | None = None, start: Plan | None = None, bound_rounds: int = 0
) -> HindsightSolution:
    """Return a clairvoyant plan of a day and, with `bound_rounds` above 0, a certified lower bound.

    Same day and arguments, same result. The bound holds for bundles of up to ``search.max_bundle`` orders.

    Raises:
        ContractError: `start` has larger bundles; or a bound is asked for and times are not whole numbers.
    """
    chosen = search if search is not None else Search()
    plans = list(chosen.plans(day, start))
    bound = None
    if bound_rounds > 0 and day.orders > 0 and day.drivers > 0:
        *_, bound = bounds(day, max_bundle=chosen.max_bundle, plans=plans, rounds=bound_rounds)
    return solution_of(day, plans[-1], bound)


def solution_of(day: Day, plan: Plan, bound: Bound | None) -> HindsightSolution:
    """Return a plan with its numbers."""
    taken = plan.click_to_door(day)
    delivered = taken[~np.isnan(taken)]
    mean = float(delivered.mean()) if len(delivered) else float("nan")
    return HindsightSolution(plan=plan, click_to_door=taken, mean_click_to_door=mean, bound=bound)
