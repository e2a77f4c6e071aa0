"""`FoodMatch`: orders to batches by clustering, batches to vehicles by one matching, anew every window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from domain.registry import check_parameters, param
from domain.stop_kind import StopKind
from domain.units import FloatArray, IntArray
from matching._batching import Batch, batches
from matching._best_route import Routes, best_routes
from matching._food_graph import Fleet, distance, possible_pairs
from matching._workbench import Workbench, plans_of
from matching.assignment import assign
from matching.contract import Decision, Snapshot
from matching.objective import FAIR_S, Objective, parse_objective

REJECTION_S = 7_200.0
"""Cost of leaving out an order: more than any pair should cost."""


@dataclass(frozen=True, kw_only=True)
class FoodMatch:
    """Every window, batch the orders that are not picked up, and match batches and vehicles at least cost.

    After Joshi, Singh, Ranu, Bagchi, Karia and Kala, "Batching and Matching for Food Delivery in Dynamic Road
    Networks" (ICDE 2021): batching, matching of batches and vehicles, best-first sparsification, angular
    distance, reshuffling.

    1. The pool is every open order and, if it `reshuffles`, every accepted one that is not pinned.
    2. Batches: `matching._batching.batches`, while the average rise stays within `eta_s`.
    3. Each vehicle looks at the `nearest_batches` of least (1 - gamma) t / max t + gamma (1 - cos a) / 2: t
       is the travel time to the batch's first pickup, a the angle between the ways there and to where the
       vehicle is heading; an idle vehicle is heading nowhere, its angle counts 0.
    4. A pair costs what the batch adds to the vehicle's best route: with the default `objective` the extra
       delivery time of all its orders. `matching.assignment` takes the pairs of least total; who is left out
       costs `REJECTION_S` per order, and those who have waited longest are left out last.
    5. An accepted order whose batch is left out, or goes to another vehicle for a saving of no more than
       `move_margin_s`, stays with its driver.

    At most `max_orders` per vehicle, routes are the best of all. Not exact as a whole: batches are formed
    before drivers are looked at. Ties: some fixed choice. In a market `by_trips` batches are of one
    restaurant; they make a trip of their own or join one that the driver is bound for.
    """

    name: ClassVar[str] = "foodmatch"
    summary: ClassVar[str] = (
        "batches by clustering, matched to vehicles at least extra delivery time (FoodMatch)"
    )
    bundles: ClassVar[bool] = True
    exact: ClassVar[bool] = False
    reassigns: ClassVar[bool] = True

    window_s: float = param(180.0, "seconds between decisions", at_least=0)
    candidates: int = param(50, "drivers considered per order", at_least=1)
    radius_m: float = param(5_000.0, "how far from the restaurant drivers are considered", at_least=1)
    objective: str = param("click_to_door", "weights of `matching.objective`'s terms")
    max_orders: int = param(3, "orders of a batch, and of a driver, at once", at_least=1, at_most=4)
    eta_s: float = param(60.0, "most that batching may add to the cost of a batch, on average", at_least=0)
    nearest_batches: int = param(50, "batches that a vehicle looks at", at_least=1)
    gamma: float = param(
        0.5, "weight of the angle against travel time in what is near", at_least=0, at_most=1
    )
    reshuffles: bool = param(True, "match accepted orders that are not pinned again")
    move_margin_s: float = param(0.0, "what moving accepted orders to another driver must save", at_least=0)

    def __post_init__(self) -> None:
        check_parameters(self)
        parse_objective(self.objective)

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:  # noqa: ARG002  # the contract's signature
        """Decide; draws no random numbers."""
        objective = parse_objective(self.objective)
        is_pooled = np.full(snapshot.orders, self.reshuffles) & ~snapshot.order_is_pinned
        is_pooled[: snapshot.open_orders] = np.diff(snapshot.candidate_offsets) > 0
        fleet = Fleet(snapshot, is_pooled, self.max_orders)
        made = batches(
            snapshot,
            np.flatnonzero(is_pooled),
            objective=objective,
            room=fleet.most - fleet.count,
            most_rise_s=self.eta_s,
        )
        batch, driver = self._graph(snapshot, fleet, made)
        routes = best_routes(
            snapshot, fleet.problems([made[b][0] for b in batch], driver), objective=objective
        )
        alone = best_routes(
            snapshot,
            fleet.problems([()] * snapshot.drivers, np.arange(snapshot.drivers)),
            objective=objective,
        )
        cost = routes.cost - alone.cost[driver] + self._extras(snapshot, objective, made, batch, driver)
        edge = _matched(snapshot, made, batch, driver, cost)
        return _decision(snapshot, objective, fleet, made, driver, routes, edge)

    def _graph(
        self, snapshot: Snapshot, fleet: Fleet, made: list[tuple[Batch, int]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pairs of batch and driver that are looked at, by batch."""
        batch, driver = possible_pairs(
            snapshot, fleet, [each for each, _ in made], most=self.candidates, radius_m=self.radius_m
        )
        first = np.array([order for _, order in made], np.int64)[batch]
        away = distance(snapshot, fleet, first, driver, self.gamma)
        is_own = np.zeros(len(batch), np.bool_)
        for i, (b, d) in enumerate(zip(batch.tolist(), driver.tolist(), strict=True)):
            is_own[i] = any(snapshot.order_driver[order] == d for order in made[b][0])
        by_driver = np.lexsort((batch, np.where(is_own, -1.0, away), driver))
        starts = np.searchsorted(driver[by_driver], driver[by_driver])
        kept = np.sort(by_driver[np.arange(len(batch)) - starts < self.nearest_batches])
        return batch[kept], driver[kept]

    def _extras(
        self,
        snapshot: Snapshot,
        objective: Objective,
        made: list[tuple[Batch, int]],
        batch: IntArray,
        driver: IntArray,
    ) -> FloatArray:
        """Return what pairs cost beside their routes: fairness, and moving accepted orders."""
        short = np.minimum(snapshot.driver_short_orders[driver], 1.0)
        sizes = np.array([len(orders) for orders, _ in made], float)[batch]
        extra: FloatArray = objective.fairness * FAIR_S * (1.0 - short) * sizes
        if self.move_margin_s > 0.0:
            owners = [snapshot.order_driver[list(orders)] for orders, _ in made]
            for i, (b, d) in enumerate(zip(batch.tolist(), driver.tolist(), strict=True)):
                extra[i] += self.move_margin_s * ((owners[b] >= 0) & (owners[b] != d)).sum()
        return extra


def _matched(
    snapshot: Snapshot, made: list[tuple[Batch, int]], batch: IntArray, driver: IntArray, cost: FloatArray
) -> NDArray[np.int64]:
    """Return the pair taken per batch, -1: none."""
    possible = np.flatnonzero(np.isfinite(cost))
    offsets = np.searchsorted(batch[possible], np.arange(len(made) + 1))
    waited = snapshot.now_s - snapshot.order_since_s
    left_out = np.array([REJECTION_S * len(orders) + waited[list(orders)].sum() for orders, _ in made])
    edge = assign(offsets, driver[possible], cost[possible], left_out, column_count=snapshot.drivers)
    taken = edge >= 0
    edge[taken] = possible[edge[taken]]
    return edge


def _decision(
    snapshot: Snapshot,
    objective: Objective,
    fleet: Fleet,
    made: list[tuple[Batch, int]],
    driver: IntArray,
    routes: Routes,
    edge: NDArray[np.int64],
) -> Decision:
    """Return the decision that takes pair `edge` of each batch (-1: none)."""
    taken = {int(driver[e]): b for b, e in enumerate(edge.tolist()) if e >= 0}
    staying = _staying(snapshot, fleet, made, taken)
    bench = Workbench(snapshot, objective, max_load=int(snapshot.driver_capacity.max(initial=1)))
    new_driver = snapshot.order_driver.astype(np.int32)
    for d, b in taken.items():
        new_driver[list(made[b][0])] = d
    late = [order for order in staying if int(new_driver[order]) in taken]
    new_driver[late] = -1
    stops = [bench.plans.of(d) for d in range(snapshot.drivers)]
    for d, b in taken.items():
        order, kind = routes.of(int(edge[b]))
        stops[d] = [(int(o), StopKind(int(k))) for o, k in zip(order, kind, strict=True)]
    bench.set_plans(plans_of([[s for s in each if new_driver[s[0]] == d] for d, each in enumerate(stops)]))
    for stay in late:
        own = int(snapshot.order_driver[stay])
        found = bench.insertions(np.array([stay]), np.array([own]))
        bench.insert(stay, own, pickup_at=int(found.pickup_at[0]), dropoff_at=int(found.dropoff_at[0]))
    return bench.decision()


def _staying(
    snapshot: Snapshot, fleet: Fleet, made: list[tuple[Batch, int]], taken: dict[int, int]
) -> list[int]:
    """Return the accepted orders that no batch of `taken` (driver -> batch) takes along: they stay.

    Batches that find the vehicle full of such orders are struck off `taken`.
    """
    while True:
        matched = {order for b in taken.values() for order in made[b][0]}
        staying = [
            order
            for each, _ in made
            for order in each
            if order >= snapshot.open_orders and order not in matched
        ]
        load = fleet.count + np.bincount(snapshot.order_driver[staying], minlength=snapshot.drivers)
        full = [d for d, b in taken.items() if load[d] + len(made[b][0]) > snapshot.driver_capacity[d]]
        if not full:
            return sorted(staying)
        for d in full:
            del taken[d]
