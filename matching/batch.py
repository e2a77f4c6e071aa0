"""`Batch`: every window, the set of order-driver pairs that costs least together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from domain.registry import check_parameters, param
from domain.units import FloatArray, IntArray
from matching.assignment import assign
from matching.contract import Decision, Snapshot
from matching.insertion import Insertions, best_insertions
from matching.objective import parse_objective
from matching.routes import Plans, planned, route_columns, with_order

MUST_GO = 1e7
"""Cost, seconds, of leaving out an order that may wait no longer: more than any pair can cost."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Solve each window as one exact sparse assignment on believed travel times.

    The cost of giving order o to driver d is what it adds to the driver's route, o put where that is least,
    by the `objective` (`matching.objective`). By default

        sum over the route's orders of (delivery + max(0, delivery - due))
        + 0.1 (moment at which the driver is done) + 0.4 (seconds of driving)

    so food that is waited for, other customers' delay, the driver's time (an idle driver who waits for a
    kitchen spends it, a driver who delivers something else in the meantime does not) and kilometres are one
    currency, seconds of a customer. Each driver gets at most one new order per window, and never more than
    `max_load` in all.

    An order may stay for the next window at the cost of its best pair plus `wait_margin_s` plus the window
    itself where its food would be waiting, so that it does not take a much worse driver now; at most until it
    has waited `max_wait_s`. After that it is left out only when drivers run out, the longest waiting last.

    Exact for this objective: see `matching.assignment`. Ties: some fixed choice.
    """

    name: ClassVar[str] = "batch"
    summary: ClassVar[str] = "least total delay and driver time over each window, solved exactly"
    bundles: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    reassigns: ClassVar[bool] = False

    window_s: float = param(5.0, "seconds between decisions", at_least=0)
    candidates: int = param(50, "drivers considered per order", at_least=1)
    radius_m: float = param(5_000.0, "how far from the restaurant drivers are considered", at_least=1)
    objective: str = param(
        "click_to_door + lateness + 0.1*driver_time + 0.4*driving", "weights of `matching.objective`'s terms"
    )
    max_load: int = param(
        3, "orders a driver may have at once, never above the vehicle's capacity", at_least=1
    )
    wait_margin_s: float = param(60.0, "how much worse than its best pair an order takes at once", at_least=0)
    max_wait_s: float = param(20.0, "an order that would wait longer than this is given away now", at_least=0)

    def __post_init__(self) -> None:
        check_parameters(self)
        parse_objective(self.objective)

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:  # noqa: ARG002  # the contract's signature
        """Decide; draws no random numbers."""
        pairs = self._pairs_with_room(snapshot)
        order = np.repeat(np.arange(snapshot.open_orders), np.diff(snapshot.candidate_offsets))[pairs]
        drivers = snapshot.candidate_driver[pairs]
        plans = planned(snapshot)
        found = best_insertions(
            snapshot,
            plans,
            order,
            drivers,
            objective=parse_objective(self.objective),
        )
        # from when the food could leave: what an order costs whoever carries it must not decide who waits
        costs = found.cost - np.maximum(snapshot.order_ready_s_est - snapshot.now_s, 0.0)[order]
        offsets = np.searchsorted(order, np.arange(snapshot.open_orders + 1))
        edge = assign(
            offsets,
            drivers,
            costs,
            self._unassigned_costs(snapshot, offsets, costs, found.pickup_s),
            column_count=snapshot.drivers,
        )
        return _decision(snapshot, plans, drivers, found, edge)

    def _pairs_with_room(self, snapshot: Snapshot) -> IntArray:
        """Return the candidate pairs, ascending, whose driver may take one more order."""
        most = np.minimum(snapshot.driver_capacity, self.max_load)
        has_room = snapshot.driver_load < most
        return np.flatnonzero(has_room[snapshot.candidate_driver])

    def _unassigned_costs(
        self, snapshot: Snapshot, offsets: IntArray, costs: FloatArray, pickup_s: FloatArray
    ) -> FloatArray:
        """Return the cost of leaving each open order for the next window: float64 [open_orders]."""
        n = snapshot.open_orders
        waited = snapshot.now_s - snapshot.order_since_s[:n]
        step = max(snapshot.next_s - snapshot.now_s, 0.0)
        cost = MUST_GO + waited
        may_wait = (waited + step <= self.max_wait_s) & (np.diff(offsets) > 0)
        for order in np.flatnonzero(may_wait):
            pairs = slice(offsets[order], offsets[order + 1])
            best = pairs.start + int(costs[pairs].argmin())
            picks_up_late = pickup_s[best] - snapshot.pickup_service_s > snapshot.order_ready_s_est[order]
            cost[order] = costs[best] + self.wait_margin_s + step * picks_up_late
        return cost


def _decision(
    snapshot: Snapshot, plans: Plans, drivers: IntArray, found: Insertions, edge: IntArray
) -> Decision:
    """Return the decision that takes pair `edge` [open_orders] (-1: none), with routes where needed."""
    driver = snapshot.order_driver.copy()
    given = np.flatnonzero(edge >= 0)
    pairs = edge[given]
    driver[given] = drivers[pairs]
    is_carrying = snapshot.driver_load[drivers[pairs]] > 0
    for order, pair in zip(given[is_carrying], pairs[is_carrying], strict=True):
        plans = with_order(
            plans,
            int(drivers[pair]),
            int(order),
            pickup_at=int(found.pickup_at[pair]),
            dropoff_at=int(found.dropoff_at[pair]),
        )
    return Decision(driver=driver, **route_columns(plans, np.unique(drivers[pairs[is_carrying]])))
