"""A day known in advance: its orders, its drivers, and how long everything takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from domain.errors import ContractError
from domain.units import FloatArray, IntArray


class DayArrays(NamedTuple):
    """The arrays of a `Day` as the kernels take them; `between_at` and `rank` find rides between customers.

    Of two orders i, j of one restaurant, the ride from customer to customer takes
    ``between[between_at[i] + rank[j]]``.
    """

    placed: FloatArray
    ready: FloatArray
    latest: FloatArray
    restaurant: IntArray
    direct: FloatArray
    between: FloatArray
    between_at: IntArray
    rank: IntArray
    on: FloatArray
    off: FloatArray
    start_to: FloatArray
    customer_to: FloatArray
    pickup_before: float
    pickup_after: float
    dropoff_before: float
    dropoff_after: float
    prepositions: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Day:
    """A day of n orders, d drivers and r restaurants; all times float64 in one unit, from one zero.

    Orders [n]: `placed`, `ready`, `latest` (last moment of the drop-off, may be inf), `restaurant` int64,
    `direct` (ride from the order's restaurant to its customer). Drivers [d]: `on`, `off`. Rides:
    `start_to_restaurant` [d, r], `customer_to_restaurant` [n, r]; between customers of one restaurant
    `between`, laid out by `build_day`.

    A driver starts its shift at its own start, free at `on`. A trip is one visit of a restaurant for a
    bundle of its orders: picked up together, no earlier than all are ready, than `pickup_before` after the
    arrival, or than `pickup_before` after the first of them is placed (a trip is for an order that exists;
    to wait at the door before that is allowed), and no later than `off`. The driver leaves `pickup_after`
    later, drops off `dropoff_before` after each arrival, and goes on `dropoff_after` later; it may then go
    to the next restaurant at once and wait there.
    """

    placed: FloatArray
    ready: FloatArray
    latest: FloatArray
    restaurant: IntArray
    direct: FloatArray
    between: FloatArray
    between_at: IntArray
    rank: IntArray
    on: FloatArray
    off: FloatArray
    start_to_restaurant: FloatArray
    customer_to_restaurant: FloatArray
    pickup_before: float
    pickup_after: float
    dropoff_before: float
    dropoff_after: float
    prepositions: bool

    @property
    def orders(self) -> int:
        """Number of orders n."""
        return len(self.placed)

    @property
    def drivers(self) -> int:
        """Number of drivers d."""
        return len(self.on)

    @property
    def restaurants(self) -> int:
        """Number of restaurants r."""
        return int(self.start_to_restaurant.shape[1])

    @property
    def undelivered_cost(self) -> float:
        """What the search pays for an order that nobody delivers: the whole day, more than any detour."""
        if self.orders == 0 or self.drivers == 0:
            return 1.0
        return float(max(self.off.max(), self.ready.max()) - min(self.on.min(), self.placed.min())) + 1.0

    def arrays(self) -> DayArrays:
        """Return the arrays for the kernels; nothing is copied."""
        return DayArrays(
            placed=self.placed,
            ready=self.ready,
            latest=self.latest,
            restaurant=self.restaurant,
            direct=self.direct,
            between=self.between,
            between_at=self.between_at,
            rank=self.rank,
            on=self.on,
            off=self.off,
            start_to=self.start_to_restaurant,
            customer_to=self.customer_to_restaurant,
            pickup_before=self.pickup_before,
            pickup_after=self.pickup_after,
            dropoff_before=self.dropoff_before,
            dropoff_after=self.dropoff_after,
            prepositions=self.prepositions,
        )


def build_day(
    *,
    placed: FloatArray,
    ready: FloatArray,
    latest: FloatArray,
    restaurant: IntArray,
    direct: FloatArray,
    on: FloatArray,
    off: FloatArray,
    start_to_restaurant: FloatArray,
    customer_to_restaurant: FloatArray,
    between: Callable[[IntArray, IntArray], FloatArray],
    pickup_before: float = 0.0,
    pickup_after: float = 0.0,
    dropoff_before: float = 0.0,
    dropoff_after: float = 0.0,
    prepositions: bool = True,
) -> Day:
    """Return the day of these columns, whole or broken numbers of one unit, each as `Day` says; copies.

    `between(i, j)` is called once with order indices int64 [k] of all pairs of one restaurant and returns
    the rides from customer i to customer j [k]; k is the sum of squares of the orders per restaurant.

    Raises:
        ContractError: shapes do not fit together, an index is out of range, a ride or service is negative
            or NaN, or a time other than `latest` is not finite.
    """
    restaurant = np.array(restaurant, np.int64)
    columns = {
        "placed": placed,
        "ready": ready,
        "latest": latest,
        "direct": direct,
        "on": on,
        "off": off,
        "start_to_restaurant": start_to_restaurant,
        "customer_to_restaurant": customer_to_restaurant,
    }
    times: dict[str, Any] = {name: np.array(values, np.float64) for name, values in columns.items()}
    _check_shapes(times, restaurant)
    first, second, at, rank = _mates(restaurant)
    times["between"] = np.array(between(first, second), np.float64).reshape(len(first))
    services: dict[str, Any] = {
        "pickup_before": float(pickup_before),
        "pickup_after": float(pickup_after),
        "dropoff_before": float(dropoff_before),
        "dropoff_after": float(dropoff_after),
    }
    _check_values(times, services)
    for values in (*times.values(), restaurant, at, rank):
        values.setflags(write=False)
    return Day(
        restaurant=restaurant, between_at=at, rank=rank, prepositions=prepositions, **times, **services
    )


def _check_shapes(times: Mapping[str, FloatArray], restaurant: IntArray) -> None:
    n, d = len(times["placed"]), len(times["on"])
    if times["start_to_restaurant"].ndim != 2:
        raise ContractError("start_to_restaurant must have two axes, drivers and restaurants")
    r = times["start_to_restaurant"].shape[1]
    expected: dict[str, tuple[int, ...]] = dict.fromkeys(("placed", "ready", "latest", "direct"), (n,))
    expected |= {"on": (d,), "off": (d,), "start_to_restaurant": (d, r), "customer_to_restaurant": (n, r)}
    for name, shape in expected.items():
        if times[name].shape != shape:
            raise ContractError(f"{name} has shape {times[name].shape}; expected {shape}")
    if restaurant.shape != (n,) or (n > 0 and not 0 <= restaurant.min() <= restaurant.max() < r):
        raise ContractError(f"restaurant must be {n} indices below {r}")


def _check_values(times: Mapping[str, FloatArray], services: Mapping[str, float]) -> None:
    for name in ("placed", "ready", "on", "off"):
        if not np.isfinite(times[name]).all():
            raise ContractError(f"{name} must be finite")
    if np.isnan(times["latest"]).any():
        raise ContractError("latest must not be NaN")
    for name in ("direct", "start_to_restaurant", "customer_to_restaurant", "between"):
        if not (np.isfinite(times[name]) & (times[name] >= 0.0)).all():
            raise ContractError(f"{name} must be finite and not negative")
    for name, value in services.items():
        if not (np.isfinite(value) and value >= 0.0):
            raise ContractError(f"{name} must be finite and not negative")


def _mates(restaurant: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return the pairs (first, second) of one restaurant, where each order's row starts, and its rank."""
    by_restaurant = np.argsort(restaurant, kind="stable")
    counts = np.bincount(restaurant)
    starts = np.cumsum(counts) - counts
    rank = np.empty(len(restaurant), np.int64)
    rank[by_restaurant] = np.arange(len(restaurant)) - starts[restaurant[by_restaurant]]
    size = counts[restaurant]
    blocks = np.cumsum(counts**2) - counts**2
    at: IntArray = blocks[restaurant] + rank * size
    first = np.empty(int((counts**2).sum()), np.int64)
    second = np.empty_like(first)
    for i in by_restaurant:
        row = slice(at[i], at[i] + size[i])
        first[row], second[row] = i, by_restaurant[starts[restaurant[i]] : starts[restaurant[i]] + size[i]]
    return first, second, at, rank
