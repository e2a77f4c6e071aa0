"""What a clairvoyant plans: who visits which restaurant when, for which orders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from domain.errors import ContractError
from domain.units import FloatArray, IntArray
from matching.hindsight.problem import Day

Trip = tuple[int, tuple[int, ...]]
"""A driver and the orders of one of its trips, in drop-off order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """The t trips of a day, by driver and, for each, in the order of its route; k orders are delivered.

    Per trip: `driver` int64 [t], `pickup` float64 [t]; trip i carries ``order[offsets[i]:offsets[i + 1]]``,
    int64 [k], dropped off in that order at `dropoff` float64 [k]. `cost` is their total click-to-door,
    `undelivered` the number of orders in no trip.
    """

    driver: IntArray
    pickup: FloatArray
    offsets: IntArray
    order: IntArray
    dropoff: FloatArray
    cost: float
    undelivered: int

    def trips(self) -> list[Trip]:
        """Return driver and orders of each trip, in the plan's order."""
        carried, at = self.order.tolist(), self.offsets.tolist()
        return [(int(d), tuple(carried[at[i] : at[i + 1]])) for i, d in enumerate(self.driver)]

    def click_to_door(self, day: Day) -> FloatArray:
        """Return drop-off minus placement of each order [n], NaN where it is not delivered."""
        taken = np.full(day.orders, np.nan)
        taken[self.order] = self.dropoff - day.placed[self.order]
        return taken


def build_plan(day: Day, trips: Iterable[Trip]) -> Plan:
    """Return the plan of trips, each driver's in the sequence given, every pickup as early as can be.

    O(t + k). The plain reading of the rules in `Day`, shared with no kernel: it checks what they found.

    Raises:
        ContractError: a trip is empty, mixes restaurants, cannot be picked up in time or on shift, or an
            order is in two trips.
    """
    routes: dict[int, list[tuple[int, ...]]] = {}
    for d, orders in trips:
        routes.setdefault(d, []).append(orders)
    driver: list[int] = []
    pickups: list[float] = []
    carried: list[int] = []
    sizes: list[int] = [0]
    dropped: list[float] = []
    for d in sorted(routes):
        free, last = float(day.on[d]), None
        for orders in routes[d]:
            pickup, drops = _drive(day, d, free, last, orders)
            driver.append(d)
            pickups.append(pickup)
            carried.extend(orders)
            sizes.append(len(orders))
            dropped.extend(drops)
            free, last = drops[-1] + day.dropoff_after, orders[-1]
    if len(set(carried)) < len(carried):
        raise ContractError("an order is in two trips")
    order, dropoff = np.array(carried, np.int64), np.array(dropped, np.float64)
    return Plan(
        driver=np.array(driver, np.int64),
        pickup=np.array(pickups, np.float64),
        offsets=np.cumsum(np.array(sizes, np.int64)),
        order=order,
        dropoff=dropoff,
        cost=float((dropoff - day.placed[order]).sum()),
        undelivered=day.orders - len(order),
    )


def _drive(
    day: Day, driver: int, free: float, last: int | None, orders: tuple[int, ...]
) -> tuple[float, list[float]]:
    """Return pickup and drop-offs of a trip that begins at the start of the shift or at customer `last`."""
    index = list(orders)
    restaurant = {int(r) for r in day.restaurant[index]}
    if len(restaurant) != 1:
        raise ContractError(f"driver {driver}: orders {orders} are not of one restaurant")
    r = restaurant.pop()
    ride = day.start_to_restaurant[driver, r] if last is None else day.customer_to_restaurant[last, r]
    known = float(day.placed[index].min())
    arrival = max(free + float(ride), known) if day.prepositions else max(free, known) + float(ride)
    pickup = max(arrival + day.pickup_before, float(day.ready[index].max()))
    if pickup > day.off[driver]:
        raise ContractError(f"driver {driver}: orders {orders} picked up at {pickup}, after the shift")
    moment, drops = pickup + day.pickup_after, []
    for i, order in enumerate(orders):
        leg = day.between[day.between_at[orders[i - 1]] + day.rank[order]] if i else day.direct[order]
        drops.append(moment + float(leg) + day.dropoff_before)
        if drops[-1] > day.latest[order]:
            raise ContractError(f"driver {driver}: order {order} dropped off at {drops[-1]}, too late")
        moment = drops[-1] + day.dropoff_after
    return pickup, drops
