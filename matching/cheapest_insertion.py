"""`Insertion`: orders one by one into the routes where they cost least, the one with most to lose first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from domain.registry import check_parameters, param
from domain.units import BoolArray, FloatArray, IntArray
from matching._workbench import Workbench, drivers_near
from matching.contract import Decision, Snapshot
from matching.objective import parse_objective


@dataclass(frozen=True, kw_only=True)
class Insertion:
    """Insert every open order into drivers' planned routes, then move what is not picked up where it pays.

    First, parallel insertion by regret: of all open orders, take the one whose second-best driver costs most
    more than its best, give it to the best, put where it adds least to the route by the `objective`
    (`matching.objective`), price that driver's other pairs again, and so on (Potvin and Rousseau, "A parallel
    route building algorithm for the vehicle routing and scheduling problem with time windows", European
    Journal of Operational Research 66(3), 1993: its regret measure for two drivers; the cheapest order first
    if not `by_regret`). An order with one driver only goes before those with a choice.

    Then `passes` times, every order that is not pinned is taken out of its route and put back where that is
    cheapest; an accepted order goes to another driver only if that saves more than `move_margin_s`. Orders of
    several restaurants share a route; in a market `by_trips`, one restaurant's share a trip.

    An order that nobody need set out for before the next decision stays open, until it has waited
    `max_hold_s`. Where no driver has room, it stays open too. Ties: the earlier order, the nearer driver.
    One insertion is O(orders + pairs of that driver).
    """

    name: ClassVar[str] = "insertion"
    summary: ClassVar[str] = (
        "cheapest insertion by regret into planned routes, re-planning what is not picked up"
    )
    bundles: ClassVar[bool] = True
    exact: ClassVar[bool] = False
    reassigns: ClassVar[bool] = True

    window_s: float = param(10.0, "seconds between decisions", at_least=0)
    candidates: int = param(50, "drivers considered per order", at_least=1)
    radius_m: float = param(5_000.0, "how far from the restaurant drivers are considered", at_least=1)
    objective: str = param(
        "click_to_door + lateness + 0.1*driver_time + 0.4*driving", "weights of `matching.objective`'s terms"
    )
    max_load: int = param(
        4, "orders a driver may have at once, never above the vehicle's capacity", at_least=1
    )
    by_regret: bool = param(True, "the order with most to lose first; false: the cheapest first")
    passes: int = param(1, "times that every order not pinned is taken out and put back", at_least=0)
    move_margin_s: float = param(
        180.0, "what moving an accepted order to another driver must save", at_least=0
    )
    max_hold_s: float = param(
        0.0, "until it has waited this long, an order nobody need set out for stays open", at_least=0
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        parse_objective(self.objective)

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:  # noqa: ARG002  # the contract's signature
        """Decide; draws no random numbers."""
        bench = Workbench(snapshot, parse_objective(self.objective), max_load=self.max_load)
        insert_open_orders(bench, by_regret=self.by_regret)
        for _ in range(self.passes):
            replan(
                bench,
                move_margin_s=self.move_margin_s,
                candidates=self.candidates,
                radius_m=self.radius_m,
            )
        bench.hold_back(self.max_hold_s)
        return bench.decision()


def insert_open_orders(bench: Workbench, *, by_regret: bool) -> None:
    """Insert the open orders of a bench one by one, as long as there is a driver with room for any."""
    pairs = _Pairs(bench)
    waiting = np.ones(bench.snapshot.open_orders, np.bool_)
    rows: IntArray = np.flatnonzero(waiting)
    while True:
        _rank(pairs.offsets, pairs.cost, rows, pairs.best, pairs.second, pairs.edge)
        order = _next(waiting, pairs.best, pairs.second, by_regret)
        if order < 0:
            return
        edge = int(pairs.edge[order])
        driver = int(pairs.driver[edge])
        bench.insert(
            order, driver, pickup_at=int(pairs.pickup_at[edge]), dropoff_at=int(pairs.dropoff_at[edge])
        )
        waiting[order] = False
        rows = pairs.price_again(driver, waiting)


class _Pairs:
    """Every (open order, candidate) pair with the price of its best insertion; inf: it is out.

    `best`, `second` float64 [open_orders]: the two lowest prices of an order; `edge` int64, the best's pair.
    """

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        snapshot = bench.snapshot
        n, k = snapshot.open_orders, len(snapshot.candidate_driver)
        self.offsets = snapshot.candidate_offsets
        self.driver = snapshot.candidate_driver
        self._order = np.repeat(np.arange(n), np.diff(self.offsets))
        self._by_driver = np.argsort(self.driver, kind="stable")
        self._first = np.searchsorted(self.driver[self._by_driver], np.arange(snapshot.drivers + 1))
        self.cost = np.full(k, np.inf)
        self.pickup_at, self.dropoff_at = np.zeros(k, np.int32), np.zeros(k, np.int32)
        self.best, self.second = np.full(n, np.inf), np.full(n, np.inf)
        self.edge: NDArray[np.int64] = np.full(n, -1, np.int64)
        self._price(np.flatnonzero(bench.has_room(self.driver)))

    def price_again(self, driver: int, waiting: BoolArray) -> IntArray:
        """Price a driver's pairs with orders that are `waiting`; return those orders, ascending."""
        pairs = self._by_driver[self._first[driver] : self._first[driver + 1]]
        pairs = pairs[waiting[self._order[pairs]]]
        self.cost[pairs] = np.inf
        if bool(self._bench.has_room(np.array([driver]))[0]):
            self._price(pairs)
        return self._order[pairs]

    def _price(self, pairs: IntArray) -> None:
        found = self._bench.insertions(self._order[pairs], self.driver[pairs])
        self.cost[pairs] = found.cost
        self.pickup_at[pairs], self.dropoff_at[pairs] = found.pickup_at, found.dropoff_at


@njit(cache=True, nogil=True, error_model="numpy")
def _rank(offsets, cost, rows, best, second, edge):  # type: ignore[no-untyped-def]  # numba
    """Fill the two lowest costs, and the pair of the lowest, of orders `rows`."""
    for row in rows:
        best[row], second[row], edge[row] = np.inf, np.inf, -1
        for e in range(offsets[row], offsets[row + 1]):
            if cost[e] < best[row]:
                second[row] = best[row]
                best[row], edge[row] = cost[e], e
            elif cost[e] < second[row]:
                second[row] = cost[e]


@njit(cache=True, nogil=True, error_model="numpy")
def _next(waiting, best, second, by_regret):  # type: ignore[no-untyped-def]  # numba
    """Return the order to insert next; -1: none can be."""
    chosen, most = -1, -np.inf
    for i in range(len(best)):
        if not waiting[i] or best[i] == np.inf:
            continue
        worth = second[i] - best[i] if by_regret else -best[i]
        if chosen < 0 or worth > most or (worth == most and best[i] < best[chosen]):
            chosen, most = i, worth
    return chosen


def replan(bench: Workbench, *, move_margin_s: float, candidates: int, radius_m: float) -> None:
    """Take every order that is not pinned out of its route and put it back where that is cheapest.

    In axis order; with any driver of its own candidates, or, for accepted orders, near its restaurant. These
    change drivers only for more than `move_margin_s`.
    """
    snapshot = bench.snapshot
    for order in np.flatnonzero((bench.driver >= 0) & ~snapshot.order_is_pinned):
        if order < snapshot.open_orders:
            pairs = slice(snapshot.candidate_offsets[order], snapshot.candidate_offsets[order + 1])
            drivers, margin_s = snapshot.candidate_driver[pairs], 0.0
        else:
            drivers = drivers_near(snapshot, int(order), most=candidates, radius_m=radius_m)
            margin_s = move_margin_s
        _reinsert(bench, int(order), drivers[bench.has_room(drivers)], margin_s)


def _reinsert(bench: Workbench, order: int, drivers: IntArray, margin_s: float) -> None:
    """Put an order where it costs least: with its own driver or, beyond a margin, another of `drivers`."""
    plans, own, load = bench.plans, int(bench.driver[order]), bench.load.copy()
    if load[own] > bench.most[own]:
        return
    bench.remove(order)
    drivers = np.concatenate((np.array([own]), drivers[drivers != own]))
    found = bench.insertions(np.full(len(drivers), order), drivers)
    price: FloatArray = found.cost + margin_s
    price[0] = found.cost[0]
    best = int(price.argmin())
    if price[best] == np.inf:
        bench.plans, bench.load, bench.driver[order] = plans, load, own
        return
    bench.insert(
        order,
        int(drivers[best]),
        pickup_at=int(found.pickup_at[best]),
        dropoff_at=int(found.dropoff_at[best]),
    )
