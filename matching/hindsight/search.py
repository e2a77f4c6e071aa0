"""Large-neighbourhood search for a day known in advance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit

from domain.errors import ContractError
from domain.registry import check_parameters, param
from domain.units import FloatArray
from matching.hindsight._anneal import anneal
from matching.hindsight._insert import OWN_TRIP, cheapest_place, insert
from matching.hindsight._state import FIRST, SIZE, State, copy_route, empty_state
from matching.hindsight.plan import Plan, build_plan
from matching.hindsight.problem import Day


@dataclass(frozen=True, kw_only=True)
class Search:
    """Ruin-and-recreate with simulated annealing on the total click-to-door.

    Each iteration takes strings of trips out of the routes around one order, and puts the orders back one by
    one where that costs least, in trips of their own or in trips to the same restaurant (Christiaens and
    Vanden Berghe, "Slack Induction by String Removals for Vehicle Routing Problems", Transportation
    Science 54(2), 2020); or lets two drivers exchange the rest of their routes. The result is accepted if it
    costs less than the current routes minus ``T log(u)``, u uniform; T falls geometrically over the
    iterations. An order that fits nowhere costs `Day.undelivered_cost` and is tried again each time.

    The first routes insert the orders by ready time, each at its cheapest place. A place is costed from the
    trips behind it alone and only as far as their delay reaches.
    """

    iterations: int = param(200_000, "how often routes are changed and judged", at_least=0)
    seed: int = param(0, "of the random numbers; same seed, same result", at_least=0)
    max_bundle: int = param(2, "orders that may be picked up together", at_least=1)
    hot: float = param(0.5, "first temperature, as a share of the mean ride to a customer", at_least=0)
    cold: float = param(0.01, "last temperature, as a share of the mean ride to a customer", at_least=0)
    mean_removed: float = param(6.0, "trips removed per iteration, on average", at_least=1)
    most_trips: int = param(6, "trips removed from one route, at most", at_least=1)
    swap_share: float = param(
        0.4, "share of iterations that exchange the rest of two routes", at_least=0, at_most=1
    )
    neighbours: int = param(60, "orders that are removed or exchanged together with one", at_least=1)
    reports: int = param(20, "plans yielded on the way", at_least=1)

    def __post_init__(self) -> None:
        check_parameters(self)

    def plans(self, day: Day, start: Plan | None = None) -> Iterator[Plan]:
        """Yield the best plan so far, `reports` + 1 times: the first at once, the last after all iterations.

        Stop taking when time is up. `start` replaces the first routes. No plan is worse than the one before.

        Raises:
            ContractError: `start` has a bundle of more than `max_bundle` orders.
        """
        if day.orders == 0 or day.drivers == 0:
            yield build_plan(day, [])
            return
        arrays = day.arrays()
        rng = np.random.default_rng(self.seed)
        current, trial, best = (empty_state(day, max_bundle=self.max_bundle) for _ in range(3))
        if start is not None:
            _set_routes(day, current, start)
        _insert_missing(arrays, current, np.argsort(day.ready, kind="stable"), rng)
        for state in (trial, best):
            _copy_all(current, state)
        missing = int((current.driver < 0).sum())
        totals = np.full(2, current.cost.sum() + missing * day.undelivered_cost)
        related = _related(arrays, min(self.neighbours + 1, day.orders))
        yield _plan(day, best)
        for temperatures in np.array_split(self._temperatures(day), self.reports):
            anneal(
                arrays,
                current,
                trial,
                best,
                totals,
                related,
                rng,
                temperatures,
                day.undelivered_cost,
                self.mean_removed,
                self.most_trips,
                self.swap_share,
            )
            yield _plan(day, best)

    def _temperatures(self, day: Day) -> FloatArray:
        ride = float(day.direct.mean()) or 1.0
        low = max(self.cold, 1e-9) * ride
        return np.geomspace(max(self.hot * ride, low), low, self.iterations)


def _plan(day: Day, state: State) -> Plan:
    bundles = ((d, row) for d, k in enumerate(state.length.tolist()) for row in state.bundles[d, :k].tolist())
    return build_plan(day, ((d, tuple(row[FIRST : FIRST + row[SIZE]])) for d, row in bundles))


def _set_routes(day: Day, state: State, plan: Plan) -> None:
    """Write the trips of a plan into empty routes."""
    arrays, most = day.arrays(), state.bundles.shape[2] - FIRST
    row = np.empty(5)
    for d, orders in plan.trips():
        if len(orders) > most:
            raise ContractError(f"start has a bundle of {len(orders)} orders; max_bundle is {most}")
        bundle, k = np.empty(most, np.int64), int(state.length[d])
        insert(arrays, state, orders[0], d, k, OWN_TRIP, bundle, row)
        for slot, order in enumerate(orders[1:], start=1):
            insert(arrays, state, order, d, k, slot, bundle, row)


@njit(cache=True, nogil=True, error_model="numpy")
def _insert_missing(day, state, sequence, rng):  # type: ignore[no-untyped-def]  # numba
    """Insert the orders that nobody carries, in this sequence, each at its cheapest place if it has one."""
    bundle, row = np.empty(state.bundles.shape[2] - FIRST, np.int64), np.empty(5)
    for order in sequence:
        if state.driver[order] < 0:
            _, d, k, slot = cheapest_place(day, state, order, rng, 0.0, bundle, row)
            if d >= 0:
                insert(day, state, order, d, k, slot, bundle, row)


@njit(cache=True, nogil=True, error_model="numpy")
def _copy_all(source, target):  # type: ignore[no-untyped-def]  # numba
    target.driver[:] = -1
    for d in range(len(source.length)):
        copy_route(source, target, d)


@njit(cache=True, nogil=True, error_model="numpy")
def _related(day, count):  # type: ignore[no-untyped-def]  # numba
    """Return the `count` orders nearest to each in ready time plus mean ride between them: [n, count].

    O(n^2 log n).
    """
    n = len(day.ready)
    related = np.empty((n, count), np.int64)
    gap = np.empty(n)
    for i in range(n):
        for j in range(n):
            there = day.customer_to[i, day.restaurant[j]]
            back = day.customer_to[j, day.restaurant[i]]
            gap[j] = abs(day.ready[i] - day.ready[j]) + 0.5 * (there + back)
        gap[i] = -1.0
        related[i] = np.argsort(gap)[:count]
    return related
