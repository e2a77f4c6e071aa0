"""`Postpone`: plans who takes what at every window, but tells a driver only when it is time to go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from domain.registry import check_parameters, param
from domain.units import BoolArray, FloatArray, IntArray
from matching.assignment import assign
from matching.contract import Decision, Snapshot
from matching.objective import parse_objective
from matching.pairs import Pairs, price_pairs, with_pairs
from matching.routes import PICKUP, Plans, planned, route_columns, stop_times


@dataclass(frozen=True, kw_only=True)
class Postpone:
    """Plan every window anew, and commit only the orders for which waiting would cost something.

    Open orders whose food is ready within `horizon_s` are put into the drivers' routes by exact matchings,
    each driver at most one order per matching: those that lost their best driver, and are worse off by more
    than `wait_margin_s` with any other, are matched again on the routes as they then are, up to `max_load`
    times.
    In the plan that comes out, the last moment to commit an order without delaying anything is

        L = moment the driver leaves the stop before + seconds it would then stand at the counter

    or, where the order joins a trip that is committed, the moment at which that is picked up. It is committed
    now if the next decision would come later than L - `buffer_s`; or if its regret, what its second-best
    driver costs more, is above `regret_s`: then what further orders could teach is worth less than the risk
    of losing the best driver; or if it has waited `max_wait_s`. Otherwise it stays open, and the next window
    may know better: an order may come that fits the driver, or another driver may be nearer by then. What is
    planned but not committed reserves its driver for this decision only.

    The design is our own. Postponing with a buffer for late food is from Ulmer, Thomas, Campbell and Woyak,
    "The restaurant meal delivery problem: dynamic pickup and delivery with deadlines and random ready times"
    (Transportation Science 55(1), 2021); that it can pay to let a vehicle wait for further orders, from
    Klapp, Erera and Toriello, "The dynamic dispatch waves problem for same-day delivery" (European Journal of
    Operational Research 271(2), 2018). Neither method is followed further than that.
    O(matchings x candidate pairs), insertions and `matching.assignment` aside. Ties: some fixed choice.
    """

    name: ClassVar[str] = "postpone"
    summary: ClassVar[str] = "plans every window anew, and commits only when waiting would cost something"
    bundles: ClassVar[bool] = True
    exact: ClassVar[bool] = False
    reassigns: ClassVar[bool] = False

    window_s: float = param(10.0, "seconds between decisions", at_least=0)
    candidates: int = param(50, "drivers considered per order", at_least=1)
    radius_m: float = param(5_000.0, "how far from the restaurant drivers are considered", at_least=1)
    objective: str = param(
        "click_to_door + lateness + 0.1*driver_time + 0.4*driving", "weights of `matching.objective`'s terms"
    )
    max_load: int = param(
        5, "orders a driver may have at once, planned ones too, never above the capacity", at_least=1
    )
    wait_margin_s: float = param(
        1_200.0, "how much worse than its best pair an order takes in one matching", at_least=0
    )
    horizon_s: float = param(3_600.0, "food that is ready later than this is not matched yet", at_least=0)
    buffer_s: float = param(60.0, "how long before its last moment an order is committed", at_least=0)
    regret_s: float = param(
        600.0, "an order whose second-best driver costs this much more is committed at once", at_least=0
    )
    max_wait_s: float = param(
        1_800.0, "an order that has waited this long is matched and committed anyway", at_least=0
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        parse_objective(self.objective)

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:  # noqa: ARG002  # the contract's signature
        """Decide; draws no random numbers."""
        n = snapshot.open_orders
        must_go = snapshot.now_s - snapshot.order_since_s[:n] >= self.max_wait_s
        soon = snapshot.order_ready_s_est[:n] <= snapshot.now_s + self.horizon_s
        plans, who, regret = self._plan(snapshot, soon | must_go)
        is_due = last_moments(snapshot, plans) < max(snapshot.next_s, snapshot.now_s) + self.buffer_s
        goes = (who >= 0) & (is_due | must_go | (regret > self.regret_s))
        driver = snapshot.order_driver.copy()
        driver[:n][goes] = who[goes]
        gained = np.bincount(who[goes], minlength=snapshot.drivers)
        routed = np.flatnonzero((gained > 0) & (gained + snapshot.driver_load > 1))
        return Decision(driver=driver, **route_columns(_without(plans, np.flatnonzero(~goes)), routed))

    def _plan(self, snapshot: Snapshot, asked: BoolArray) -> tuple[Plans, IntArray, FloatArray]:
        """Put the orders `asked` bool [open_orders] into the routes, each driver one per matching.

        Returns the routes, who takes each open order (int64 [open_orders], -1: nobody), and its regret.
        """
        plans, load = planned(snapshot), snapshot.driver_load.astype(np.int64)
        who, regret = np.full(len(asked), -1), np.zeros(len(asked))
        for _ in range(self.max_load):
            waiting = asked & (who < 0)
            if not waiting.any():
                break
            pairs = price_pairs(
                snapshot,
                plans,
                load=load,
                objective=parse_objective(self.objective),
                max_load=self.max_load,
                is_asked=waiting,
            )
            best, second = _two_best(pairs)
            edge = assign(
                pairs.offsets,
                pairs.driver,
                pairs.costs,
                np.where(np.isfinite(best), best + self.wait_margin_s, 0.0),
                column_count=snapshot.drivers,
            )
            taken = edge[edge >= 0]
            if len(taken) == 0:
                break
            plans = with_pairs(pairs, taken)
            load[pairs.driver[taken]] += 1
            who[pairs.order[taken]] = pairs.driver[taken]
            regret[pairs.order[taken]] = second[pairs.order[taken]] - pairs.costs[taken]
        return plans, who, regret


def _two_best(pairs: Pairs) -> tuple[FloatArray, FloatArray]:
    """Return the least and second least cost of each order's pairs, inf where there is none."""
    n = len(pairs.offsets) - 1
    best, second = np.full(n, np.inf), np.full(n, np.inf)
    ranked = np.lexsort((pairs.costs, pairs.order))
    sizes, starts = np.diff(pairs.offsets), pairs.offsets[:-1]
    for rank, column in enumerate((best, second)):
        has = sizes > rank
        column[has] = pairs.costs[ranked[starts[has] + rank]]
    return best, second


def last_moments(snapshot: Snapshot, plans: Plans) -> FloatArray:
    """Return the latest moment at which each open order could be committed at no cost: float64 [open_orders].

    `plans` hold stops of open orders, too. On the clock's axis, seconds: when the driver leaves for the
    restaurant, plus what it would then stand at the counter. In a market `by_trips`, an order that shares a
    pickup goes with the first order of that trip; if that one is accepted, it has until the trip would be
    picked up without it. inf for orders not in the plans.
    """
    times = stop_times(snapshot, plans)
    stops = np.arange(len(plans.order))
    driver = np.searchsorted(plans.offsets, stops, side="right") - 1
    before = np.maximum(stops - 1, 0)
    place = np.where(plans.kind == PICKUP, snapshot.order_restaurant[plans.order], -1)
    leads = stops == plans.offsets[driver]
    leaves = np.where(leads, snapshot.driver_from_s[driver], times.depart_s[before])
    at_once = leaves + times.start_s - times.arrival_s
    joins = ~leads & (place >= 0) & (place[before] == place) & snapshot.by_trips
    first = np.maximum.accumulate(np.where(joins, 0, stops))
    is_open = plans.order < snapshot.open_orders
    last = np.full(snapshot.open_orders, np.inf)
    picks = is_open & (plans.kind == PICKUP)
    last[plans.order[picks]] = np.where(joins & ~is_open[first], times.arrival_s, at_once[first])[picks]
    return last


def _without(plans: Plans, orders: IntArray) -> Plans:
    """Return the plans without the stops of `orders`."""
    kept = ~np.isin(plans.order, orders)
    return Plans(
        offsets=np.r_[0, np.cumsum(kept)][plans.offsets].astype(np.int64),
        order=plans.order[kept],
        kind=plans.kind[kept],
    )
