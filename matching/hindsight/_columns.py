"""Routes as columns of a set-covering problem: each order in some chosen route, each driver at most one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csc_array, hstack

from domain.units import FloatArray, IntArray
from matching.hindsight._trips import Grid, Trips
from matching.hindsight.plan import Plan, Trip


@dataclass(kw_only=True)
class Columns:
    """Routes found so far, none twice: `cost`, `driver` and `trips` (rows of the trip table) of each."""

    grid: Grid
    trips: Trips
    cost: list[int] = field(default_factory=list)
    driver: list[int] = field(default_factory=list)
    route: list[tuple[int, ...]] = field(default_factory=list)
    seen: set[tuple[int, tuple[int, ...]]] = field(default_factory=set)

    def __post_init__(self) -> None:
        bundles = zip(self.trips.orders.tolist(), self.trips.size.tolist(), strict=True)
        self._row = {tuple(orders[:size]): row for row, (orders, size) in enumerate(bundles)}

    def __len__(self) -> int:
        return len(self.cost)

    def add_plan(self, plan: Plan) -> None:
        """Add each driver's route of a plan."""
        routes: dict[int, list[int]] = {}
        for driver, orders in plan.trips():
            routes.setdefault(driver, []).append(self._row[orders])
        for driver, rows in routes.items():
            self.add(driver, tuple(rows))

    def add(self, driver: int, rows: tuple[int, ...]) -> None:
        """Add a route unless it is there."""
        if (driver, rows) not in self.seen:
            self.seen.add((driver, rows))
            self.cost.append(self._cost(driver, rows))
            self.driver.append(driver)
            self.route.append(rows)

    def orders(self, column: int) -> list[int]:
        """Return the orders of a route; one may recur."""
        return [i for row in self.route[column] for i in self._orders_of(row)]

    def as_trips(self, column: int) -> list[Trip]:
        """Return the trips of a route as a plan has them."""
        return [(self.driver[column], tuple(self._orders_of(row))) for row in self.route[column]]

    def _orders_of(self, row: int) -> list[int]:
        orders: list[int] = self.trips.orders[row, : self.trips.size[row]].tolist()
        return orders

    def _cost(self, driver: int, rows: tuple[int, ...]) -> int:
        free, last, cost = int(self.grid.on[driver]), -1, 0
        for row in rows:
            r = self.trips.restaurant[row]
            ride = self.grid.first_arrival[driver, r] if last < 0 else self.grid.arrival[last, r]
            pickup = max(free + int(ride), int(self.trips.opens[row]))
            cost += int(self.trips.size[row]) * pickup + int(self.trips.base[row])
            free, last = pickup + int(self.trips.takes[row]), int(self.trips.last[row])
        return cost

    def matrix(self, columns: IntArray) -> csc_array:
        """Return how often each of some routes visits each order (first rows) and uses each driver (last)."""
        orders = [self.orders(int(column)) for column in columns]
        n = self.grid.arrival.shape[0]
        rows = [np.array([*visits, n + self.driver[c]]) for visits, c in zip(orders, columns, strict=True)]
        index = np.concatenate([np.empty(0, np.int64), *rows])
        starts = np.cumsum([0, *(len(row) for row in rows)])
        shape = (n + len(self.grid.on), len(columns))
        matrix = csc_array((np.ones(len(index)), index, starts), shape=shape)
        matrix.sum_duplicates()
        return matrix


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Of the linear relaxation: its value, the price of each order [n], how much it buys artificially."""

    value: float
    order: FloatArray
    bought: float


def price_orders(columns: Columns, floor: FloatArray, width: float) -> Prices | None:
    """Solve the linear relaxation on the columns with each price from `floor` [n] to floor + width.

    Prices outside would be none of a solved problem: an order costs at least its floor wherever it goes, so
    an optimal price is not below; the upper end is a guess that holds as long as nothing is `bought` at it.
    None if the solver gives up.
    """
    n, d = len(floor), len(columns.grid.on)
    chosen = columns.matrix(np.arange(len(columns)))
    signs = np.concatenate([np.full(n, -1.0), np.ones(d)])
    eye = csc_array((np.ones(n), np.arange(n), np.arange(n + 1)), shape=(n + d, n))
    found = linprog(
        np.concatenate([columns.cost, floor + width, -floor]),
        A_ub=hstack([chosen * signs[:, None], -eye, eye], format="csc"),
        b_ub=signs,
        method="highs",
    )
    if found.status != 0 or found.x is None or found.fun is None:
        return None
    bought = float(found.x[len(columns) : len(columns) + n].sum())
    return Prices(value=float(found.fun), order=-found.ineqlin.marginals[:n], bought=bought)
