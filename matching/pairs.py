"""Candidate pairs with their prices: what `batch`, `auction`, `min_cost_flow` and `postpone` choose among."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numba import njit

from domain.units import BoolArray, FloatArray, IntArray
from matching.contract import Decision, Snapshot
from matching.insertion import Insertions, best_insertions
from matching.objective import Objective
from matching.routes import DROPOFF, PICKUP, Plans, route_columns

MUST_GO = 1e7
"""Cost, seconds, of leaving out an order that may wait no longer: more than any pair can cost."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """The k pairs of an open order and a candidate with room, priced, as CSR over open orders.

    `offsets` int64 [open_orders+1]; `order` int64, `driver` int32 [k]; `found`, the best insertion of each
    pair into `plans`, the stops that they were priced on. `costs` float64 [k], seconds: what the pair adds to
    the driver's route, counted from when the food could leave (what an order costs whoever carries it must
    not decide who waits).
    """

    plans: Plans
    offsets: IntArray
    order: IntArray
    driver: IntArray
    found: Insertions
    costs: FloatArray


def price_pairs(
    snapshot: Snapshot,
    plans: Plans,
    *,
    load: IntArray,
    objective: Objective,
    max_load: int,
    is_asked: BoolArray | None = None,
) -> Pairs:
    """Return every candidate pair whose driver has room, with what it costs on top of `plans`.

    `load` int [m] counts each driver's orders in `plans`; room is below `max_load` and the capacity.
    `is_asked` bool [open_orders] leaves other orders out. As `priced`.
    """
    order = np.repeat(np.arange(snapshot.open_orders), np.diff(snapshot.candidate_offsets))
    has_room = load < np.minimum(snapshot.driver_capacity, max_load)
    wanted = has_room[snapshot.candidate_driver]
    if is_asked is not None:
        wanted = wanted & is_asked[order]
    pairs = np.flatnonzero(wanted)
    return priced(snapshot, plans, order[pairs], snapshot.candidate_driver[pairs], objective=objective)


def priced(
    snapshot: Snapshot, plans: Plans, order: IntArray, driver: IntArray, *, objective: Objective
) -> Pairs:
    """Return pairs with what each costs on top of `plans`; `order` [k] ascends.

    Where orders have a latest moment (`order_latest_s`), pairs that would deliver later, or pick up after the
    driver's shift, are left out. Costs as `best_insertions`.
    """
    found = best_insertions(snapshot, plans, order, driver, objective=objective)
    if np.isfinite(snapshot.order_latest_s[: snapshot.open_orders]).any():
        kept = np.flatnonzero(_is_in_time(snapshot, order, driver, found))
        order, driver = order[kept], driver[kept]
        found = Insertions(**{each.name: getattr(found, each.name)[kept] for each in fields(Insertions)})
    return Pairs(
        plans=plans,
        offsets=np.searchsorted(order, np.arange(snapshot.open_orders + 1)),
        order=order,
        driver=driver,
        found=found,
        costs=found.cost - np.maximum(snapshot.order_ready_s_est - snapshot.now_s, 0.0)[order],
    )


def _is_in_time(snapshot: Snapshot, order: IntArray, driver: IntArray, found: Insertions) -> BoolArray:
    """Tell which pairs pick up within the shift and deliver while the order is wanted: bool [k]."""
    picked = found.pickup_s - snapshot.pickup_service_s <= snapshot.driver_shift_end_s[driver]
    wanted: BoolArray = found.dropoff_s - snapshot.dropoff_service_s <= snapshot.order_latest_s[order]
    return picked & wanted


def unassigned_costs(
    snapshot: Snapshot, pairs: Pairs, *, wait_margin_s: float, max_wait_s: float
) -> FloatArray:
    """Return the cost of leaving each open order for the next window: float64 [open_orders], seconds.

    The order's best pair plus `wait_margin_s`, plus the window itself where its food would be waiting; but
    `MUST_GO` plus what it has waited, so that the longest waiting is left out last, once waiting through this
    window would make it more than `max_wait_s`, or where it has no pair at all. O(k).
    """
    cost: FloatArray = _unassigned(
        snapshot.now_s - snapshot.order_since_s[: snapshot.open_orders],
        max(snapshot.next_s - snapshot.now_s, 0.0),
        pairs.offsets,
        pairs.costs,
        pairs.found.pickup_s - snapshot.pickup_service_s,
        snapshot.order_ready_s_est,
        float(wait_margin_s),
        float(max_wait_s),
    )
    return cost


@njit(cache=True, nogil=True, error_model="numpy")
def _unassigned(waited, step, offsets, costs, starts, ready, wait_margin_s, max_wait_s):  # type: ignore[no-untyped-def]  # numba
    cost = MUST_GO + waited
    for order in range(len(waited)):
        first, end = offsets[order], offsets[order + 1]
        if waited[order] + step <= max_wait_s and first < end:
            best = first + np.argmin(costs[first:end])
            cost[order] = costs[best] + wait_margin_s + step * (starts[best] > ready[order])
    return cost


def take_pairs(snapshot: Snapshot, pairs: Pairs, edge: IntArray) -> Decision:
    """Return the decision that takes pair `edge` int [open_orders] (-1: none), each driver once at most.

    Drivers who have stops already get a route; the others do what they do without one.
    """
    driver = snapshot.order_driver.copy()
    taken = edge[edge >= 0]
    driver[np.flatnonzero(edge >= 0)] = pairs.driver[taken]
    carried = taken[snapshot.driver_load[pairs.driver[taken]] > 0]
    return Decision(
        driver=driver, **route_columns(with_pairs(pairs, carried), np.sort(pairs.driver[carried]))
    )


def with_pairs(pairs: Pairs, taken: IntArray) -> Plans:
    """Return the plans with the pairs `taken` int [r] put in, each driver once at most. O(all stops)."""
    drivers = len(pairs.plans.offsets) - 1
    order, pickup_at, dropoff_at = (np.full(drivers, -1, np.int32) for _ in range(3))
    at = pairs.driver[taken]
    order[at] = pairs.order[taken]
    pickup_at[at] = pairs.found.pickup_at[taken]
    dropoff_at[at] = pairs.found.dropoff_at[taken]
    offsets, orders, kinds = _with_orders(
        pairs.plans.offsets, pairs.plans.order, pairs.plans.kind, order, pickup_at, dropoff_at
    )
    return Plans(offsets=offsets, order=orders, kind=kinds)


@njit(cache=True, nogil=True, error_model="numpy")
def _with_orders(offsets, orders, kinds, new, pickup_at, dropoff_at):  # type: ignore[no-untyped-def]  # numba
    """Put order ``new[d]`` (-1: none) into the stops of each driver d."""
    m = len(new)
    new_offsets = np.zeros(m + 1, np.int64)
    for d in range(m):
        new_offsets[d + 1] = new_offsets[d] + offsets[d + 1] - offsets[d] + (2 if new[d] >= 0 else 0)
    new_orders, new_kinds = np.empty(new_offsets[m], np.int32), np.empty(new_offsets[m], np.int8)
    at = 0
    for d in range(m):
        stops = offsets[d + 1] - offsets[d]
        for s in range(stops + 1):
            if new[d] >= 0 and s == pickup_at[d]:
                new_orders[at], new_kinds[at] = new[d], PICKUP
                at += 1
            if new[d] >= 0 and s == dropoff_at[d]:
                new_orders[at], new_kinds[at] = new[d], DROPOFF
                at += 1
            if s < stops:
                new_orders[at], new_kinds[at] = orders[offsets[d] + s], kinds[offsets[d] + s]
                at += 1
    return new_offsets, new_orders, new_kinds
