"""A certified lower bound on the total click-to-door of any plan that delivers every order.

Set-partitioning by column generation: routes are columns, and the cheapest route of each driver at given
prices of the orders comes from an exact recursion over (place, time). Yildiz and Savelsbergh, "Provably
High-Quality Solutions for the Meal Delivery Routing Problem" (Transportation Science 53(5), 2019), price
work-packages the same way; the relaxation that lets orders recur in a route is that of Christofides,
Mingozzi and Toth (Networks 11(2), 1981).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from domain.units import FloatArray, IntArray
from matching.hindsight._columns import Columns, price_orders
from matching.hindsight._labels import cheapest_routes
from matching.hindsight._trips import Grid, Trips, tabulate
from matching.hindsight.plan import Plan
from matching.hindsight.problem import Day

SCALE = 1 << 16
"""Prices are whole multiples of 1 / SCALE, so that sums of costs and prices are exact in 64 bits."""
GROWTH = 4.0
"""How much wider prices may range once they are stuck at the end of their range."""


@dataclass(frozen=True, kw_only=True)
class Bound:
    """No plan with bundles of up to `max_bundle` orders that delivers all has a total below `cost`.

    `cost` is a whole number, as all totals are. `prices` int64 [n], multiples of 1 / SCALE, certify it: see
    `certify`. `is_solved`: no other prices would give more, and `relaxed`, the value of the linear
    relaxation, is where it ends. `rounds`: how often prices were tried.
    """

    cost: int
    max_bundle: int
    prices: IntArray
    relaxed: float
    is_solved: bool
    rounds: int


def certify(day: Day, prices: IntArray, *, max_bundle: int) -> int:
    """Return the lower bound that prices prove: int64 [n], multiples of 1 / SCALE, any values.

    A plan that delivers every order once costs the sum of the prices plus, route by route, the cost minus the
    prices of its orders; no driver's route has less of that than its cheapest, or 0 without one. So

        cost >= sum of prices + sum over drivers of min(0, least reduced cost of a route),

    in integers, rounded up. A driver may ride before an order is placed here even where the day does not let
    it, and orders may recur: that only lowers the least.

    Raises:
        ContractError: a time is not whole, a trip takes none, or there are no orders or no drivers.
    """
    grid, trips = tabulate(day, max_bundle=max_bundle)
    return _Pricing(grid, trips).cost(np.asarray(prices, np.int64))


def bounds(
    day: Day, *, max_bundle: int = 2, plans: Iterable[Plan] = (), rounds: int = 200
) -> Iterator[Bound]:
    """Yield the best bound so far, at once and after each round of column generation; stop taking any time.

    It ends when nothing can be gained, the bound reaches the cheapest complete plan of `plans`, or after
    `rounds`. Routes of `plans` (bundles of up to `max_bundle`) are the first columns: the more and the
    better, the sooner it ends. First prices are each order's least click-to-door, alone and picked up as
    soon as it can be; so the bound is never below that trivial one.

    Time and memory grow with the horizon in units of time: whole minutes, a day of hundreds of orders.
    Per round one linear programme, and per distinct sign-off O(horizon x trips open at once + orders x
    minutes in which they may end x restaurants).

    Raises:
        ContractError: a time is not whole, a trip takes none, or there are no orders or no drivers.
    """
    grid, trips = tabulate(day, max_bundle=max_bundle)
    pricing = _Pricing(grid, trips)
    columns = Columns(grid=grid, trips=trips)
    target = np.inf
    for plan in plans:
        columns.add_plan(plan)
        target = min(target, plan.cost) if plan.undelivered == 0 else target
    floor = np.maximum(day.ready, day.placed + day.pickup_before) - day.placed
    floor += day.pickup_after + day.direct + day.dropoff_before
    prices, width = _rounded_prices(floor), 2.0 * float(grid.horizon) / GROWTH**3
    best = Bound(
        cost=pricing.cost(prices),
        max_bundle=max_bundle,
        prices=prices,
        relaxed=np.inf,
        is_solved=False,
        rounds=0,
    )
    yield best
    while best.rounds < rounds and best.cost < target and not best.is_solved:
        solved = price_orders(columns, floor, width)
        if solved is None:
            return
        before = len(columns)
        prices = _rounded_prices(solved.order)
        cost = pricing.cost(prices)
        pricing.add_routes(columns)
        if cost > best.cost:
            best = replace(best, cost=cost, prices=prices)
        is_stuck = len(columns) == before
        best = replace(
            best,
            relaxed=solved.value,
            is_solved=is_stuck and solved.bought < 1e-7,
            rounds=best.rounds + 1,
        )
        width *= GROWTH if is_stuck else 1.0
        yield best
        if width > GROWTH**3 * grid.horizon:
            return  # some order fits nowhere, at any price


def _rounded_prices(prices: FloatArray) -> IntArray:
    whole: IntArray = np.rint(prices * SCALE).astype(np.int64)
    return whole


class _Pricing:
    """The cheapest route of every driver at given prices, and the bound that follows."""

    def __init__(self, grid: Grid, trips: Trips) -> None:
        drivers = len(grid.on)
        shortest = int(trips.takes.min()) if len(trips.takes) else 1
        longest = int((grid.off - grid.on).max()) // shortest + 2
        self.grid, self.trips = grid, trips
        self.routes = np.empty((drivers, max(longest, 2)), np.int64)
        self.lengths = np.zeros(drivers, np.int64)
        self.costs = np.zeros(drivers, np.int64)

    def cost(self, prices: IntArray) -> int:
        cheapest_routes(self.grid, self.trips, prices, SCALE, self.routes, self.lengths, self.costs)
        return -(-(int(prices.sum()) + int(self.costs.sum())) // SCALE)

    def add_routes(self, columns: Columns) -> None:
        for driver, length in enumerate(self.lengths.tolist()):
            if length:
                columns.add(driver, tuple(self.routes[driver, :length].tolist()))
