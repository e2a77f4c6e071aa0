"""`Batch`: every window, the set of order-driver pairs that costs least together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from domain.registry import check_parameters, param
from matching.assignment import assign
from matching.contract import Decision, Snapshot
from matching.objective import parse_objective
from matching.pairs import price_pairs, take_pairs, unassigned_costs
from matching.routes import planned


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
        pairs = price_pairs(
            snapshot,
            planned(snapshot),
            load=snapshot.driver_load,
            objective=parse_objective(self.objective),
            max_load=self.max_load,
        )
        out = unassigned_costs(snapshot, pairs, wait_margin_s=self.wait_margin_s, max_wait_s=self.max_wait_s)
        edge = assign(pairs.offsets, pairs.driver, pairs.costs, out, column_count=snapshot.drivers)
        return take_pairs(snapshot, pairs, edge)
