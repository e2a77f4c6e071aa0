"""The contract of a matching strategy: a snapshot of arrays in, a decision of arrays out.

A strategy is a frozen, keyword-only dataclass whose fields are its parameters. It is called with a read-only
`Snapshot` and its own random generator and returns a `Decision`. It knows integer axes only: no ids, no
clock, no I/O, no logging, no memory between calls. It sees estimates, never the truth of the world.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np

from domain.units import BoolArray, FloatArray, IntArray
from roads.protocols import TravelTimes


def _constant(values: IntArray | FloatArray) -> Any:
    """Return a factory of one shared array, read-only as in every snapshot: kernels are compiled for that."""
    values.setflags(write=False)
    return lambda: values


_no_ints = _constant(np.empty(0, np.int32))
_no_floats = _constant(np.empty(0, np.float64))
_no_routes = _constant(np.zeros(1, np.int64))
_no_kinds = _constant(np.empty(0, np.int8))


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """What a strategy may know at the moment of decision. All arrays are read-only.

    Order axis, n long: the `open_orders` orders that wait for a driver come first, by placement time and
    then id; after them the orders that candidate drivers have accepted and not delivered.

    - `order_restaurant` int32 [n]: equal for orders of one restaurant.
    - `order_restaurant_node`, `order_customer_node` int32 [n]: road nodes.
    - `order_restaurant_lat`, `..._lon`, `order_customer_lat`, `..._lon` float64 [n]: degrees.
    - `order_placed_s`, `order_ready_s_est`, `order_due_s` float64 [n]: moment of placement, estimated moment
      of being ready (the restaurant's quote, never before `now_s` while the food is not ready; the true
      moment once it is), promised moment of delivery.
    - `order_since_s` float64 [n]: since when the order has waited for a driver.
    - `order_latest_s` float64 [n]: later than this the order is not wanted any more; inf where it always is.
    - `order_is_ready`, `order_is_picked_up` bool [n]. `order_is_pinned` bool [n]: accepted, and not to be
      moved to another driver: picked up, or its driver is bound to it.
    - `order_driver` int32 [n]: the driver who has accepted the order, -1 for open orders.

    Driver axis, m long: every driver who is a candidate of some open order.

    - `driver_lat`, `driver_lon` float64 [m], `driver_node` int32 [m]: latest known position and nearest node,
      or where a driver who is bound to go somewhere will be at `driver_from_s` float64 [m], from when on the
      driver follows the planned stops: `now_s`, or later.
    - `driver_vehicle` int8 [m]; `driver_load`, `driver_capacity` int16 [m]: orders carried or accepted, and
      how many the vehicle holds at once.
    - `driver_rating` float64 [m], 1-5; `driver_short_orders` float64 [m] >= 0: how many orders the driver is
      short of the deliveries wanted, or of those that the guaranteed pay covers, this shift.
    - `driver_shift_end_s` float64 [m].
    - `stop_offsets` int64 [m+1] delimits each driver's planned stops: `stop_order` int32 on the order axis,
      `stop_kind` int8 (`StopKind`).

    Candidates as CSR over open orders: `candidate_offsets` int64 [open_orders+1], `candidate_driver` int32,
    nearest first, `candidate_distance_m` float64 great-circle. Only these pairs may be assigned: drivers
    who declined an order, or are full, are not among its candidates.

    `wait_node` int32 [w]: where drivers who have nothing to do may be sent to wait; empty where they go where
    they please. `wait_demand` float64 [w]: orders placed there so far today.

    `by_trips`: a rule of the market. If true, drivers work trip by trip: a trip picks up orders of one
    restaurant together, in one service however many they are, when all of them are ready, delivers them all,
    and only then the next trip begins. An order joins a planned trip of its restaurant until that is picked
    up, or is a trip of its own. A trip that its driver is bound for, its orders pinned but not picked up,
    comes first. If false, stops may interleave, each with its own service.

    `now_s`: time of decision; `next_s`: when the next decision is due if an order waits; `pickup_service_s`,
    `dropoff_service_s`: expected handling times; `travel`: believed travel times.
    """

    now_s: float
    next_s: float
    open_orders: int
    order_restaurant: IntArray
    order_restaurant_node: IntArray
    order_customer_node: IntArray
    order_restaurant_lat: FloatArray
    order_restaurant_lon: FloatArray
    order_customer_lat: FloatArray
    order_customer_lon: FloatArray
    order_placed_s: FloatArray
    order_ready_s_est: FloatArray
    order_due_s: FloatArray
    order_since_s: FloatArray
    order_latest_s: FloatArray
    order_is_ready: BoolArray
    order_is_picked_up: BoolArray
    order_is_pinned: BoolArray
    order_driver: IntArray
    driver_lat: FloatArray
    driver_lon: FloatArray
    driver_node: IntArray
    driver_from_s: FloatArray
    driver_vehicle: IntArray
    driver_load: IntArray
    driver_capacity: IntArray
    driver_rating: FloatArray
    driver_short_orders: FloatArray
    driver_shift_end_s: FloatArray
    stop_offsets: IntArray
    stop_order: IntArray
    stop_kind: IntArray
    candidate_offsets: IntArray
    candidate_driver: IntArray
    candidate_distance_m: FloatArray
    pickup_service_s: float
    dropoff_service_s: float
    by_trips: bool
    travel: TravelTimes
    wait_node: IntArray = field(default_factory=_no_ints)
    wait_demand: FloatArray = field(default_factory=_no_floats)

    @property
    def drivers(self) -> int:
        """Number of drivers on the driver axis."""
        return len(self.driver_node)

    @property
    def orders(self) -> int:
        """Number of orders on the order axis, open and accepted."""
        return len(self.order_driver)


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """Who carries what, in which stop order; what waits.

    `driver` int32 [n]: driver axis index per order, -1 for an open order that waits for the next decision.
    Accepted orders keep their `order_driver`; a strategy with `reassigns` may move those not pinned.

    Routes, optional, as CSR: the r drivers in `route_driver` int32 [r] get the stops
    ``route_offsets[i]:route_offsets[i+1]`` of `route_order` int32 (order axis) and `route_kind` int8
    (`StopKind`), which must hold every stop the driver still owes, pickups before drop-offs, never more than
    capacity on board. A driver without a route drives the planned stops, then picks up the new orders in
    axis order, then drops them off in axis order. In a market `by_trips`, where stops may not interleave, a
    driver without a route takes up each new order, in axis order, at the end of the first planned trip that
    it may join, else in a trip of its own after all others.

    Moves, optional: each driver of `move_driver` int32 [k], who has no stop and gets no order, goes to wait
    at the node of `move_node` int32 [k], one of `wait_node`, and can go on from there on arrival.
    """

    driver: IntArray
    route_driver: IntArray = field(default_factory=_no_ints)
    route_offsets: IntArray = field(default_factory=_no_routes)
    route_order: IntArray = field(default_factory=_no_ints)
    route_kind: IntArray = field(default_factory=_no_kinds)
    move_driver: IntArray = field(default_factory=_no_ints)
    move_node: IntArray = field(default_factory=_no_ints)


class Strategy(Protocol):
    """A matching strategy.

    Class attributes say what it can do: `name` its registry id, `summary` one line for people, `bundles`
    whether it gives work to drivers who already have some, `exact` whether it solves its own objective to
    proven optimality, `reassigns` whether it moves accepted orders.
    Fields every strategy has: `window_s`, time between decisions (0: decide as each order arrives);
    `candidates`, drivers considered per order; `radius_m`, how far from the restaurant.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    bundles: ClassVar[bool]
    exact: ClassVar[bool]
    reassigns: ClassVar[bool]

    @property
    def window_s(self) -> float:
        """Seconds between decisions; 0 decides as each order arrives."""
        ...

    @property
    def candidates(self) -> int:
        """Most drivers considered per order."""
        ...

    @property
    def radius_m(self) -> float:
        """How far from the restaurant drivers are considered, metres great-circle."""
        ...

    def __call__(self, snapshot: Snapshot, rng: np.random.Generator) -> Decision:
        """Decide."""
        ...
