"""Plans as jobs for a routing solver: what may be moved, and what a driver has begun and finishes first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domain.stop_kind import StopKind
from domain.units import FloatArray
from matching.contract import Snapshot
from matching.objective import Objective
from matching.routes import PICKUP, Plans, StopTimes, stop_nodes, stop_times

Stops = tuple[tuple[int, StopKind], ...]


@dataclass(frozen=True, kw_only=True)
class Job:
    """Stops that are done without a pause, in a row: one stop, or, `by_trips`, a whole trip.

    A job is reached at node `begins_at`, begins not before `ready_s`, takes `lasts_s` and ends at node
    `ends_at`. As planned now it begins at `planned_s`. A second later costs `weight`; it must begin by
    `latest_s`, which is not before `planned_s`: what is too late already gets no later. `load` orders are
    picked up.
    `driver` has it now; unless it `is_fixed`, any of `drivers` (None: everybody) may have it. Moments in
    seconds from now.
    """

    stops: Stops
    begins_at: int
    ends_at: int
    ready_s: float
    planned_s: float
    lasts_s: float
    weight: float
    latest_s: float
    load: int
    driver: int
    is_fixed: bool
    drivers: frozenset[int] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class JobPlans:
    """The jobs of every driver, in turn, after what the driver finishes first.

    Per driver [m]: `first` stops, over at `free_s` (float64, seconds from now) at `node`; then `jobs`, which
    pick up all but `begun` of the driver's orders.
    """

    first: list[Stops]
    free_s: FloatArray
    node: list[int]
    begun: list[int]
    jobs: list[list[Job]]


def jobs_of(snapshot: Snapshot, plans: Plans, *, objective: Objective, moves_accepted: bool) -> JobPlans:
    """Return plans as jobs. Accepted orders are fixed to their drivers unless `moves_accepted`.

    First comes the stop at which a driver stands; in a market `by_trips` the trip that has begun or for which
    the driver is bound. `freshness` counts as click-to-door, `lateness` where an order is late. O(stops).
    """
    maker = _Maker(snapshot, plans, objective, moves_accepted)
    first, jobs, free_s, node, begun = [], [], [], [], []
    for driver in range(snapshot.drivers):
        begin, end = int(plans.offsets[driver]), int(plans.offsets[driver + 1])
        split = begin + maker.begun(driver, begin, end)
        first.append(maker.stops(begin, split))
        jobs.append([maker.job(driver, a, b) for a, b in maker.parts(split, end)])
        is_begun = split > begin
        free_s.append(
            (maker.times.depart_s[split - 1] if is_begun else snapshot.driver_from_s[driver]) - snapshot.now_s
        )
        node.append(int(maker.nodes[split - 1] if is_begun else snapshot.driver_node[driver]))
        begun.append(maker.orders_begun(begin, split, end))
    return JobPlans(first=first, free_s=np.array(free_s), node=node, begun=begun, jobs=jobs)


class _Maker:
    """Cuts plans into jobs."""

    def __init__(self, snapshot: Snapshot, plans: Plans, objective: Objective, moves_accepted: bool) -> None:
        self._snapshot, self._plans, self._objective = snapshot, plans, objective
        self._moves_accepted = moves_accepted
        self.times: StopTimes = stop_times(snapshot, plans)
        self.nodes = stop_nodes(snapshot, plans)
        self._begun = set(np.flatnonzero(snapshot.order_is_picked_up).tolist())

    def stops(self, begin: int, end: int) -> Stops:
        """Return stops as (order, kind)."""
        order, kind = self._plans.order[begin:end].tolist(), self._plans.kind[begin:end].tolist()
        return tuple((o, StopKind(k)) for o, k in zip(order, kind, strict=True))

    def begun(self, driver: int, begin: int, end: int) -> int:
        """Return how many stops a driver finishes before all else."""
        snapshot = self._snapshot
        if begin == end:
            return 0
        if not snapshot.by_trips:
            if self.nodes[begin] != snapshot.driver_node[driver]:
                return 0
            self._begun.add(int(self._plans.order[begin]))
            return 1
        pinned = [s for s in range(begin, end) if snapshot.order_is_pinned[self._plans.order[s]]]
        return self._trip_end(pinned[-1], end) - begin if pinned else 0

    def parts(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Return where jobs begin and end among stops."""
        if not self._snapshot.by_trips:
            return [(s, s + 1) for s in range(begin, end)]
        parts = []
        while begin < end:
            cut = self._trip_end(begin, end)
            parts.append((begin, cut))
            begin = cut
        return parts

    def orders_begun(self, begin: int, split: int, end: int) -> int:
        """Return how many orders of a plan are on board, or picked up in its stops before `split`."""
        kinds = self._plans.kind
        return int((kinds[begin:end] != PICKUP).sum() - (kinds[split:end] == PICKUP).sum())

    def job(self, driver: int, begin: int, end: int) -> Job:
        """Return a part of a driver's plan as a job."""
        snapshot = self._snapshot
        stops = self.stops(begin, end)
        orders = {order for order, _ in stops}
        start_s = float(self.times.start_s[begin])
        after_s = [
            (order, float(self.times.depart_s[begin + i]) - start_s)
            for i, (order, kind) in enumerate(stops)
            if kind != PICKUP
        ]
        pickups = [order for order, kind in stops if kind == PICKUP]
        return Job(
            stops=stops,
            begins_at=int(self.nodes[begin]),
            ends_at=int(self.nodes[end - 1]),
            ready_s=max([0.0, *(float(snapshot.order_ready_s_est[o]) - snapshot.now_s for o in pickups)]),
            planned_s=start_s - snapshot.now_s,
            lasts_s=float(self.times.depart_s[end - 1]) - start_s,
            weight=sum(self._weight(order, start_s + s) for order, s in after_s),
            latest_s=max(
                start_s - snapshot.now_s,
                min([np.inf, *(float(snapshot.order_latest_s[o]) - snapshot.now_s - s for o, s in after_s)]),
            ),
            load=len(pickups),
            driver=driver,
            is_fixed=any(self._stays(order) for order in orders),
            drivers=self._drivers(orders),
        )

    def _weight(self, order: int, delivered_s: float) -> float:
        """Return what a second costs that an order comes later than at a moment on the clock."""
        late = self._objective.lateness if delivered_s > self._snapshot.order_due_s[order] else 0.0
        return self._objective.click_to_door + self._objective.freshness + late

    def _trip_end(self, stop: int, end: int) -> int:
        """Return where the trip that holds a stop ends."""
        while stop < end and self._plans.kind[stop] == PICKUP:
            stop += 1
        while stop < end and self._plans.kind[stop] != PICKUP:
            stop += 1
        return stop

    def _stays(self, order: int) -> bool:
        snapshot = self._snapshot
        is_begun = order in self._begun or bool(snapshot.order_is_pinned[order])
        return is_begun or (order >= snapshot.open_orders and not self._moves_accepted)

    def _drivers(self, orders: set[int]) -> frozenset[int] | None:
        """Return who may take all of some orders; None: everybody."""
        snapshot, drivers = self._snapshot, None
        for order in orders:
            if order < snapshot.open_orders:
                span = slice(snapshot.candidate_offsets[order], snapshot.candidate_offsets[order + 1])
                mine = frozenset(snapshot.candidate_driver[span].tolist())
                drivers = mine if drivers is None else drivers & mine
        return drivers
