"""`RollingHorizon`: bundles and drivers matched every few minutes, urgent ones first, sent step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from domain.registry import check_parameters, param
from domain.units import FloatArray, IntArray
from matching.contract import Decision, Snapshot
from matching.objective import TERMS, Objective, parse_objective
from matching.rolling_horizon._bundles import Bundles, free_times, make_bundles, target_size
from matching.rolling_horizon._commit import commit
from matching.rolling_horizon._match import Pairs, list_pairs, match
from matching.rolling_horizon._work import Rides, Work, gather

THROUGHPUT = "throughput"
"""The `objective` that is the paper's own."""
_NO_WEIGHTS = Objective()


@dataclass(frozen=True, kw_only=True)
class RollingHorizon:
    """The rolling horizon of Reyes, Erera, Savelsbergh, Sahasrabudhe and O'Neil (2018).

    At each decision t, every `window_s`, of the open orders that are ready by ``t + window_s + lookahead_s``:

    1. Target bundle size Z = ceil(orders ready by ``t + ready_within_s`` / drivers free by
       ``t + free_within_s``).
    2. Bundles per restaurant by parallel insertion into max(trips under way that may grow, ceil(orders / Z))
       routes, then one round of taking out and putting back (`_bundles.make_bundles`).
    3. Bundles and drivers are matched, each group of urgency exactly and after the one before: bundles that
       cannot be delivered when promised, that cannot be picked up when ready, the others. The worth of
       bundle s for driver d, per minute,

           orders in s / (last drop-off - d is free) - theta x (pickup - s is ready)

       is to be greatest in total; as many bundles as possible get a driver (`_match`).
    4. The driver is sent who is free by the next decision, or whose bundle has an order that has been ready
       for `overdue_s`; other pairs are dropped. A trip that is not picked up yet stays with its driver, and
       orders may join it (`_commit.commit`).

    A driver who has stops to do is free when they are done. In a market that is not `by_trips` bundles are
    of one restaurant, too, and never interleave with planned stops. `docs/strategies/rolling_horizon.md`
    says how the paper was read where its summary leaves a choice, and what each switch does.

    Cost: O(candidates + sum over restaurants of orders^2 x bundle size) and three sparse assignments; one
    `travel.times` batch per vehicle type. Ties: some fixed choice.
    """

    name: ClassVar[str] = "rolling_horizon"
    summary: ClassVar[str] = "bundles by restaurant, matched by urgency for most orders per driver hour"
    bundles: ClassVar[bool] = True
    exact: ClassVar[bool] = False
    reassigns: ClassVar[bool] = False

    window_s: float = param(300.0, "time between decisions (the paper's f)", at_least=1)
    candidates: int = param(300, "drivers considered per order", at_least=1)
    radius_m: float = param(5_000.0, "how far from the restaurant drivers are considered", at_least=1)
    lookahead_s: float = param(
        600.0, "how long after the next decision orders considered may become ready (u)", at_least=0
    )
    ready_within_s: float = param(
        600.0, "orders ready so soon count for the target bundle size (d1)", at_least=0
    )
    free_within_s: float = param(600.0, "drivers free so soon count for it (d2)", at_least=0)
    max_bundle: int = param(10, "orders in a bundle at most; 1: no bundling", at_least=1)
    beta: float = param(1.0, "seconds of riding that a second of service delay is worth", at_least=0)
    theta: float = param(0.1, "orders per minute that a minute of waiting food is worth", at_least=0)
    overdue_s: float = param(
        1_800.0, "a bundle with an order ready this long takes its driver, however busy (x)", at_least=0
    )
    priority_groups: bool = param(True, "urgent bundles choose drivers first")
    two_stage: bool = param(True, "orders may join a trip until it is picked up")
    waits_for_food: bool = param(True, "a driver is sent though food will not be ready by the next decision")
    objective: str = param(THROUGHPUT, "worth of a pair: the paper's, or weights of `matching.objective`")

    def __post_init__(self) -> None:
        check_parameters(self)
        self._weights()

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:  # noqa: ARG002  # the contract's signature
        """Decide; draws no random numbers."""
        if not len(snapshot.candidate_driver):
            return Decision(driver=snapshot.order_driver.copy())
        now_s = snapshot.now_s
        work, rides = gather(
            snapshot,
            ready_by_s=now_s + self.window_s + self.lookahead_s,
            grows=self.two_stage and self.max_bundle > 1,
        )
        free_s, reach_s = free_times(snapshot, work, rides)
        room = (snapshot.driver_capacity - snapshot.driver_load).astype(np.int64)
        bundles = self._bundle(snapshot, work, rides, free_s, reach_s, room)
        pairs = self._pair(snapshot, work, rides, bundles, free_s, room)
        driver, route_driver, route_offsets, route_order, route_kind = commit(
            work,
            bundles,
            pairs,
            match(pairs, snapshot.drivers, by_groups=self.priority_groups),
            free_s,
            snapshot.order_ready_s_est,
            snapshot.order_driver,
            snapshot.stop_offsets,
            snapshot.stop_order,
            snapshot.stop_kind,
            (now_s + self.window_s, now_s - self.overdue_s, self.waits_for_food),
        )
        return Decision(
            driver=driver,
            route_driver=route_driver,
            route_offsets=route_offsets,
            route_order=route_order,
            route_kind=route_kind,
        )

    def _bundle(
        self,
        snapshot: Snapshot,
        work: Work,
        rides: Rides,
        free_s: FloatArray,
        reach_s: FloatArray,
        room: IntArray,
    ) -> Bundles:
        """Return the bundles of every restaurant."""
        size = target_size(
            snapshot.order_ready_s_est,
            snapshot.order_is_picked_up,
            free_s,
            work.grows_at,
            snapshot.now_s + self.ready_within_s,
            snapshot.now_s + self.free_within_s,
        )
        made = make_bundles(
            work,
            rides.members[rides.usual],
            reach_s,
            snapshot.now_s,
            snapshot.order_ready_s_est,
            snapshot.order_latest_s,
            room,
            snapshot.candidate_offsets,
            snapshot.candidate_driver,
            size,
            self.max_bundle,
            self.beta,
            snapshot.pickup_service_s,
            snapshot.dropoff_service_s,
        )
        return Bundles(*made)

    def _pair(
        self,
        snapshot: Snapshot,
        work: Work,
        rides: Rides,
        bundles: Bundles,
        free_s: FloatArray,
        room: IntArray,
    ) -> Pairs:
        """Return what each bundle is worth to each driver who may take it."""
        weights = self._weights()
        terms = (
            snapshot.now_s,
            snapshot.pickup_service_s,
            snapshot.dropoff_service_s,
            self.theta,
            tuple(getattr(weights, term) for term in TERMS),
            weights is not _NO_WEIGHTS,
        )
        listed = list_pairs(
            work,
            bundles,
            rides,
            (snapshot.order_ready_s_est, snapshot.order_due_s, snapshot.order_latest_s),
            (free_s, room, snapshot.driver_shift_end_s, snapshot.driver_short_orders),
            snapshot.candidate_offsets,
            snapshot.candidate_driver,
            terms,
        )
        return Pairs(*listed)

    def _weights(self) -> Objective:
        """Return the weights of the objective; none of any worth where it is the paper's."""
        return _NO_WEIGHTS if self.objective == THROUGHPUT else parse_objective(self.objective)
