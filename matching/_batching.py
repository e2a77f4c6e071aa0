"""Batches of orders by clustering: merge the two whose common route costs least more, while that is cheap.

Joshi et al., "Batching and Matching for Food Delivery in Dynamic Road Networks" (ICDE 2021), batching by
clustering of the order graph.
"""

from __future__ import annotations

import heapq

import numpy as np

from domain.units import IntArray, haversine_m
from matching._best_route import FREE, Problems, Routes, best_routes
from matching.contract import Snapshot
from matching.objective import Objective

NEIGHBOURS = 20
"""Orders, those with the nearest restaurants, with which an order may begin a batch."""

Batch = tuple[int, ...]


def batches(
    snapshot: Snapshot,
    orders: IntArray,
    *,
    objective: Objective,
    room: IntArray,
    most_rise_s: float,
) -> list[tuple[Batch, int]]:
    """Return batches that part `orders`, each with the order picked up first.

    A batch costs what its best route costs a driver who now stands at its first stop. The two batches whose
    union costs least more than they do apart are merged, as long as some driver may take all its orders and
    has room for them (`room` int64 [m]), and the cost of all batches has risen by at most `most_rise_s` per
    batch. In a market `by_trips` a batch is of one restaurant. By the first order of each; ties: the earlier
    orders. O(orders x `NEIGHBOURS`) routes.
    """
    pool = _Pool(snapshot, objective, room)
    pool.add_singles(orders)
    pool.propose(_near_pairs(snapshot, orders))
    total_s = 0.0
    while pool.heap:
        rise_s, a, b = heapq.heappop(pool.heap)
        if a not in pool.live or b not in pool.live:
            continue
        if total_s + rise_s > most_rise_s * (len(pool.live) - 1):
            break
        total_s += rise_s
        pool.merge(a, b)
    return sorted((pool.batch[each], pool.first[each]) for each in pool.live)


class _Pool:
    """Batches by number: `live` numbers, `batch` orders, `cost`, `first` stop's order; `heap` of merges."""

    def __init__(self, snapshot: Snapshot, objective: Objective, room: IntArray) -> None:
        self._snapshot, self._objective, self._room = snapshot, objective, room
        self._vehicle = int(np.bincount(snapshot.driver_vehicle).argmax()) if snapshot.drivers else 0
        self.live: set[int] = set()
        self.batch: list[Batch] = []
        self.first: list[int] = []
        self._cost: list[float] = []
        self._drivers: list[frozenset[int] | None] = []
        self._near: list[set[int]] = []
        self.heap: list[tuple[float, int, int]] = []
        self._unions: dict[tuple[int, int], tuple[float, int]] = {}
        self._number: dict[int, int] = {}

    def add_singles(self, orders: IntArray) -> None:
        """Add each order as a batch of its own."""
        routes = self._routes([(order,) for order in orders.tolist()])
        for order, cost in zip(orders.tolist(), routes.cost.tolist(), strict=True):
            self._number[order] = len(self.batch)
            self._add((order,), cost, order, self._candidates(order))

    def propose(self, pairs: list[tuple[int, int]]) -> None:
        """Put the possible merges of pairs of orders on the heap."""
        numbers = [(self._number[a], self._number[b]) for a, b in pairs]
        for a, b in numbers:
            self._near[a].add(b)
            self._near[b].add(a)
        self._price(numbers)

    def merge(self, a: int, b: int) -> None:
        """Replace two batches by their union and price what that may be merged with."""
        cost, first = self._unions[a, b]
        near = (self._near[a] | self._near[b]) - {a, b}
        self.live -= {a, b}
        number = self._add(
            _union(self.batch[a], self.batch[b]), cost, first, _common(self._drivers[a], self._drivers[b])
        )
        self._near[number] = near = {each for each in near if each in self.live}
        for each in near:
            self._near[each].add(number)
        self._price(sorted((each, number) for each in near))

    def _add(self, batch: Batch, cost: float, first: int, drivers: frozenset[int] | None) -> int:
        number = len(self.batch)
        self.live.add(number)
        self.batch.append(batch)
        self._cost.append(cost)
        self.first.append(first)
        self._drivers.append(drivers)
        self._near.append(set())
        return number

    def _candidates(self, order: int) -> frozenset[int] | None:
        """Return who may take an order; None: anybody."""
        offsets = self._snapshot.candidate_offsets
        if order >= self._snapshot.open_orders:
            return None
        return frozenset(self._snapshot.candidate_driver[offsets[order] : offsets[order + 1]].tolist())

    def _price(self, pairs: list[tuple[int, int]]) -> None:
        pairs = [(a, b) for a, b in pairs if self._most(a, b) >= len(self.batch[a]) + len(self.batch[b])]
        routes = self._routes([_union(self.batch[a], self.batch[b]) for a, b in pairs])
        for i, (a, b) in enumerate(pairs):
            if routes.cost[i] < np.inf:
                self._unions[a, b] = float(routes.cost[i]), int(routes.of(i)[0][0])
                heapq.heappush(self.heap, (float(routes.cost[i]) - self._cost[a] - self._cost[b], a, b))

    def _most(self, a: int, b: int) -> int:
        """Return how many orders a driver who may take two batches has room for."""
        drivers = _common(self._drivers[a], self._drivers[b])
        rooms = self._room if drivers is None else self._room[list(drivers)]
        return int(rooms.max(initial=0))

    def _routes(self, members: list[Batch]) -> Routes:
        """Return the best route of each batch for a driver at its first stop now."""
        snapshot, count = self._snapshot, len(members)
        order = np.array([order for each in members for order in each], np.int64)
        problems = Problems(
            offsets=np.cumsum([0, *(len(each) for each in members)]).astype(np.int64),
            order=order,
            state=np.full(len(order), FREE, np.int8),
            node=np.full(count, -1, np.int64),
            begin_s=np.full(count, snapshot.now_s),
            shift_end_s=np.full(count, np.inf),
            vehicle=np.full(count, self._vehicle, np.int8),
        )
        return best_routes(snapshot, problems, objective=self._objective)


def _union(a: Batch, b: Batch) -> Batch:
    return tuple(sorted(a + b))


def _common(a: frozenset[int] | None, b: frozenset[int] | None) -> frozenset[int] | None:
    """Return who may take both; None: anybody."""
    if a is None or b is None:
        return b if a is None else a
    return a & b


def _near_pairs(snapshot: Snapshot, orders: IntArray) -> list[tuple[int, int]]:
    """Return pairs of orders whose restaurants are near each other; by trips, the same."""
    pairs: set[tuple[int, int]] = set()
    lat, lon = snapshot.order_restaurant_lat[orders], snapshot.order_restaurant_lon[orders]
    for i, order in enumerate(orders.tolist()):
        metres = haversine_m(lat[i], lon[i], lat, lon)
        if snapshot.by_trips:
            is_other = snapshot.order_restaurant[orders] != snapshot.order_restaurant[order]
            metres = np.where(is_other, np.inf, metres)
        near = np.argsort(metres, kind="stable")[: NEIGHBOURS + 1]
        for other in orders[near[metres[near] < np.inf]].tolist():
            if other != order:
                pairs.add((min(order, other), max(order, other)))
    return sorted(pairs)
