"""Every trip that a day allows, in whole units of time, for exact arithmetic."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from domain.errors import ContractError
from domain.units import FloatArray, IntArray
from matching.hindsight.problem import Day


class Trips(NamedTuple):
    """The m possible trips, int64, latest `closes` first; a trip is a bundle in one drop-off order.

    `orders` [m, b], -1 beyond `size` [m]; pickup at p from `opens` to `closes` [m] costs
    ``size * p + base`` click-to-door and frees the driver at ``p + takes``. `restaurant`, `last` [m]: where
    it begins, and the order at whose customer it ends.
    """

    orders: IntArray
    size: IntArray
    opens: IntArray
    closes: IntArray
    takes: IntArray
    base: IntArray
    restaurant: IntArray
    last: IntArray


class Grid(NamedTuple):
    """What the recursion needs of a day besides its trips; int64, times from the first sign-on.

    `arrival` [n, r], `first_arrival` [d, r]: the ride to a restaurant and the service before its pickup, from
    a customer or the start; `on`, `off` [d]; `free_from`, `free_to` [n]: when a driver may become free at a
    customer, none if the latter is less; `horizon`: the last sign-off.
    """

    arrival: IntArray
    first_arrival: IntArray
    on: IntArray
    off: IntArray
    free_from: IntArray
    free_to: IntArray
    horizon: int


def tabulate(day: Day, *, max_bundle: int) -> tuple[Grid, Trips]:
    """Return the tables of a day that the recursion runs on.

    Raises:
        ContractError: a time is not a whole number, a trip takes none, or there are no orders or no drivers.
    """
    if day.orders == 0 or day.drivers == 0:
        raise ContractError("a bound needs orders and drivers")
    zero = np.floor(day.on.min())
    shifts = {name: getattr(day, name) - zero for name in ("placed", "ready", "latest", "on", "off")}
    trips = all_trips(replace(day, **shifts), max_bundle=max_bundle)
    if len(trips.takes) and trips.takes.min() < 1:
        raise ContractError("a bound needs trips that take at least one unit of time")
    off = whole("off", shifts["off"])
    free_from = np.full(day.orders, off.max() + 1)
    free_to = np.full(day.orders, -1, np.int64)
    np.minimum.at(free_from, trips.last, trips.opens + trips.takes)
    np.maximum.at(free_to, trips.last, trips.closes + trips.takes)
    grid = Grid(
        arrival=whole("customer_to_restaurant", day.customer_to_restaurant + day.pickup_before),
        first_arrival=whole("start_to_restaurant", day.start_to_restaurant + day.pickup_before),
        on=whole("on", shifts["on"]),
        off=off,
        free_from=free_from,
        free_to=np.minimum(free_to, off.max()),
        horizon=int(off.max()),
    )
    return grid, trips


def whole(name: str, values: FloatArray) -> IntArray:
    """Return whole numbers as int64.

    Raises:
        ContractError: one of them has a fraction.
    """
    if not (values == np.rint(values)).all():
        raise ContractError(f"a bound needs whole times: {name} has fractions")
    exact: IntArray = values.astype(np.int64)
    return exact


def all_trips(day: Day, *, max_bundle: int) -> Trips:
    """Return every bundle of up to `max_bundle` orders of one restaurant in every drop-off order.

    Only those that some driver could pick up and deliver in time, as far as time alone tells. An order more
    never opens a trip earlier nor closes it later, so longer bundles come from shorter ones.
    """
    level = _singles(day)
    levels = [level]
    for _ in range(max_bundle - 1):
        level = _extended(day, level)
        levels.append(level)
    names = ("opens", "known", "closes", "takes", "base")
    columns = {name: np.concatenate([each[name] for each in levels]) for name in names}
    orders = np.full((len(columns["takes"]), max_bundle), -1, np.int64)
    row = 0
    for each in levels:
        orders[row : row + len(each["orders"]), : each["orders"].shape[1]] = each["orders"]
        row += len(each["orders"])
    size = (orders >= 0).sum(axis=1)
    by_end = np.argsort(-columns["closes"], kind="stable")
    last = orders[np.arange(len(orders)), size - 1]
    return Trips(
        orders=orders[by_end],
        size=size[by_end],
        opens=whole("opens", np.maximum(columns["opens"], columns["known"] + day.pickup_before))[by_end],
        closes=whole("closes", columns["closes"])[by_end],
        takes=whole("takes", columns["takes"])[by_end],
        base=whole("base", columns["base"])[by_end],
        restaurant=day.restaurant[orders[by_end, 0]],
        last=last[by_end],
    )


Level = dict[str, Any]


def _singles(day: Day) -> Level:
    after = day.pickup_after + day.direct + day.dropoff_before
    return _possible(
        day,
        {
            "orders": np.arange(day.orders)[:, None],
            "opens": day.ready.copy(),
            "known": day.placed.copy(),
            "closes": np.minimum(day.latest - after, day.off.max()),
            "takes": after + day.dropoff_after,
            "base": after - day.placed,
        },
    )


def _extended(day: Day, level: Level) -> Level:
    """Return the trips of a level with each possible further drop-off."""
    last = level["orders"][:, -1].astype(np.int64)
    mates = np.bincount(day.restaurant, minlength=day.restaurants)[day.restaurant[last]]
    row = np.repeat(np.arange(len(last)), mates)
    by_restaurant = np.argsort(day.restaurant, kind="stable")
    starts = np.searchsorted(day.restaurant[by_restaurant], day.restaurant[last])
    nth = np.arange(len(row)) - np.repeat(np.cumsum(mates) - mates, mates)
    order = by_restaurant[np.repeat(starts, mates) + nth]
    is_new = (level["orders"][row] != order[:, None]).all(axis=1)
    row, order = row[is_new], order[is_new]
    ride = day.between[day.between_at[last[row]] + day.rank[order]]
    after = level["takes"][row] + ride + day.dropoff_before
    return _possible(
        day,
        {
            "orders": np.column_stack([level["orders"][row], order]),
            "opens": np.maximum(level["opens"][row], day.ready[order]),
            "known": np.minimum(level["known"][row], day.placed[order]),
            "closes": np.minimum(level["closes"][row], day.latest[order] - after),
            "takes": after + day.dropoff_after,
            "base": level["base"][row] + after - day.placed[order],
        },
    )


def _possible(day: Day, level: Level) -> Level:
    opens = np.maximum(level["opens"], level["known"] + day.pickup_before)
    keep = opens <= level["closes"]
    return {name: values[keep] for name, values in level.items()}
