"""The graph of FoodMatch: which vehicles a batch may go to, and which batches a vehicle looks at.

Joshi et al., "Batching and Matching for Food Delivery in Dynamic Road Networks" (ICDE 2021), sparsification
by best-first search, and angular distance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.units import DAY_S, BoolArray, FloatArray, IntArray
from domain.vehicles import Vehicle
from matching._batching import Batch
from matching._best_route import BOUND, FREE, ON_BOARD, Problems
from matching._workbench import drivers_near
from matching.contract import Snapshot
from matching.routes import PICKUP


class Fleet:
    """What each driver keeps, whatever is decided.

    `kept` orders per driver, those on board in the order of the plan; `count` int64 [m] how many they are;
    `most` int64 [m] orders a driver may have.
    """

    def __init__(self, snapshot: Snapshot, is_pooled: BoolArray, max_orders: int) -> None:
        self._snapshot = snapshot
        self.kept: list[list[int]] = [[] for _ in range(snapshot.drivers)]
        stops = np.repeat(np.arange(snapshot.drivers), np.diff(snapshot.stop_offsets))
        for driver, order, kind in zip(
            stops.tolist(), snapshot.stop_order.tolist(), snapshot.stop_kind.tolist(), strict=True
        ):
            if kind != PICKUP and not is_pooled[order]:
                self.kept[driver].append(order)
        self.count = np.array([len(each) for each in self.kept], np.int64)
        self.most = np.minimum(snapshot.driver_capacity, max_orders).astype(np.int64)
        bound = np.where(snapshot.order_is_pinned, BOUND, FREE)
        self._state = np.where(snapshot.order_is_picked_up, ON_BOARD, bound).astype(np.int8)

    def problems(self, added: list[Batch], driver: IntArray) -> Problems:
        """Return the routing of `added` [p] orders beside what each `driver` [p] keeps."""
        snapshot = self._snapshot
        kept = [self.kept[d] if self.count[d] <= self.most[d] else [] for d in driver.tolist()]
        members = [[*mine, *new] for mine, new in zip(kept, added, strict=True)]
        order = np.array([each for one in members for each in one], np.int64)
        return Problems(
            offsets=np.cumsum([0, *(len(one) for one in members)]).astype(np.int64),
            order=order,
            state=self._state[order],
            node=snapshot.driver_node[driver].astype(np.int64),
            begin_s=snapshot.driver_from_s[driver],
            shift_end_s=snapshot.driver_shift_end_s[driver],
            vehicle=snapshot.driver_vehicle[driver],
        )


def possible_pairs(
    snapshot: Snapshot, fleet: Fleet, made: list[Batch], *, most: int, radius_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs of a batch and a driver who has room and is a candidate of each of its open orders.

    A batch of accepted orders may go to their own drivers and to the `most` nearest within the radius. By
    batch, nearest drivers to the first open order, or to the first order, first.
    """
    pairs = [np.empty((0, 2), np.int64)]
    for number, batch in enumerate(made):
        is_open = [order for order in batch if order < snapshot.open_orders]
        if is_open:
            drivers = _candidates(snapshot, is_open[0])
            for order in is_open[1:]:
                drivers = drivers[np.isin(drivers, _candidates(snapshot, order))]
        else:
            own = snapshot.order_driver[list(batch)]
            drivers = drivers_near(snapshot, batch[0], most=most, radius_m=radius_m)
            drivers = np.concatenate((drivers, own[~np.isin(own, drivers)]))
            drivers = drivers[np.sort(np.unique(drivers, return_index=True)[1])]
        drivers = drivers[fleet.count[drivers] + len(batch) <= fleet.most[drivers]]
        pairs.append(np.stack((np.full(len(drivers), number), drivers), axis=1))
    both = np.concatenate(pairs)
    return both[:, 0], both[:, 1]


def _candidates(snapshot: Snapshot, order: int) -> IntArray:
    span = slice(snapshot.candidate_offsets[order], snapshot.candidate_offsets[order + 1])
    return snapshot.candidate_driver[span]


def distance(snapshot: Snapshot, fleet: Fleet, order: IntArray, driver: IntArray, gamma: float) -> FloatArray:
    """Return how far each driver is from the restaurant of each order, in time and angle: in [0, 1]."""
    seconds = np.zeros(len(order))
    vehicles = snapshot.driver_vehicle[driver]
    for vehicle in np.flatnonzero(np.bincount(vehicles)):
        some = np.flatnonzero(vehicles == vehicle)
        seconds[some] = snapshot.travel.times(
            snapshot.driver_node[driver[some]],
            snapshot.order_restaurant_node[order[some]],
            at_s=snapshot.now_s % DAY_S,
            vehicle=Vehicle(int(vehicle)),
        )
    longest = seconds.max(initial=0.0)
    near = seconds / longest if longest > 0.0 else seconds
    return (1.0 - gamma) * near + gamma * _angular(snapshot, fleet, order, driver)


def _angular(snapshot: Snapshot, fleet: Fleet, order: IntArray, driver: IntArray) -> FloatArray:
    """Return (1 - cos a) / 2 of the angle between each driver's heading and the order's restaurant."""
    to_lat, to_lon = snapshot.driver_lat.copy(), snapshot.driver_lon.copy()
    for d in np.flatnonzero(fleet.count > 0):
        stop = snapshot.stop_offsets[d]
        target = snapshot.stop_order[stop]
        is_pickup = snapshot.stop_kind[stop] == PICKUP
        to_lat[d] = (snapshot.order_restaurant_lat if is_pickup else snapshot.order_customer_lat)[target]
        to_lon[d] = (snapshot.order_restaurant_lon if is_pickup else snapshot.order_customer_lon)[target]
    narrow = np.cos(np.radians(snapshot.driver_lat))
    head_y, head_x = to_lat - snapshot.driver_lat, (to_lon - snapshot.driver_lon) * narrow
    there_y = snapshot.order_restaurant_lat[order] - snapshot.driver_lat[driver]
    there_x = (snapshot.order_restaurant_lon[order] - snapshot.driver_lon[driver]) * narrow[driver]
    lengths = np.hypot(head_y, head_x)[driver] * np.hypot(there_y, there_x)
    dot = head_y[driver] * there_y + head_x[driver] * there_x
    cosine = np.divide(dot, lengths, out=np.ones(len(order)), where=lengths > 0.0)
    angular: FloatArray = (1.0 - cosine) / 2.0
    return angular
