"""Builds the strategy's snapshot: a handful of array passes and store calls for all orders."""

from __future__ import annotations

from itertools import accumulate
from time import perf_counter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.drivers import Candidates, DriverStates
from domain.ports import DriverIndex
from domain.units import FloatArray, IntArray
from matching.contract import Snapshot, Strategy
from matching.snapshot import build_snapshot
from roads.protocols import TravelTimes
from services.layout import (
    FLAGS,
    PLACES,
    TIMES,
    nearest_allowed,
    order_columns,
    planned_stops,
    ranked,
)
from services.nodes import Snap
from services.order_book import OrderBook
from services.settings import MatchSettings

_ANY_LOAD = int(np.iinfo(np.int16).max)
Rows = NDArray[Any]


class Picture(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A snapshot with what is behind its axes.

    `order_id`, `restaurant_id` int64 [n]; `ready_s` float64 [n], the quoted ready moment even where it has
    passed; `states` of the driver axis [m].
    """

    snapshot: Snapshot
    order_id: IntArray
    restaurant_id: IntArray
    ready_s: FloatArray
    states: DriverStates
    search_s: float


class SnapshotBuilder:
    """Asks the driver index for candidates and lays everything out in arrays."""

    def __init__(
        self,
        drivers: DriverIndex,
        book: OrderBook,
        snap: Snap,
        strategy: Strategy,
        settings: MatchSettings,
    ) -> None:
        self._drivers = drivers
        self._book = book
        self._snap = snap
        self._strategy = strategy
        self._settings = settings

    async def build(
        self,
        orders: Rows,
        excluded: dict[int, set[int]],
        *,
        now_s: float,
        next_s: float,
        travel: TravelTimes,
    ) -> Picture | None:
        """Return the picture of waiting `orders` (book rows), or None if no order has a candidate.

        `excluded` holds, by order id, the drivers who are not to be asked.
        """
        began = perf_counter()
        found = await self._candidates(orders, excluded, now_s)
        search_s = perf_counter() - began
        if not len(found.driver_id):
            return None
        driver_id, candidate_driver = ranked(np.ascontiguousarray(found.driver_id, np.int64))
        states = await self._drivers.states(driver_id)
        stops = await self._stops(states, len(orders), now_s)
        columns, order_id, restaurant_id, ready_s = _order_columns(orders, stops, now_s)
        snapshot = build_snapshot(
            columns,
            now_s=now_s,
            next_s=next_s,
            open_orders=len(orders),
            travel=travel,
            pickup_service_s=self._settings.pickup_service_s,
            dropoff_service_s=self._settings.dropoff_service_s,
            by_trips=False,
            order_driver=stops.order_driver,
            stop_offsets=stops.offsets,
            stop_order=stops.order,
            stop_kind=stops.kind,
            candidate_offsets=found.offsets,
            candidate_driver=candidate_driver,
            candidate_distance_m=found.distance_m,
            **self._driver_columns(states, stops.load, now_s),
        )
        return Picture(
            snapshot=snapshot,
            order_id=order_id,
            restaurant_id=restaurant_id,
            ready_s=ready_s,
            states=states,
            search_s=search_s,
        )

    async def _candidates(self, orders: Rows, excluded: dict[int, set[int]], now_s: float) -> Candidates:
        """Find each order's nearest drivers in one call, leave out the excluded, keep the nearest k."""
        strategy, order_ids = self._strategy, orders["id"].tolist()
        most_excluded = max([len(excluded.get(one, ())) for one in order_ids], default=0)
        found = await self._drivers.nearest(
            np.ascontiguousarray(orders["restaurant_lat"]),
            np.ascontiguousarray(orders["restaurant_lon"]),
            k=strategy.candidates + most_excluded,
            radius_m=strategy.radius_m,
            now_s=now_s,
            max_load=_ANY_LOAD if strategy.bundles else 0,
        )
        return _kept(found, order_ids, excluded, strategy.candidates) if most_excluded else found

    async def _stops(self, states: DriverStates, open_orders: int, now_s: float) -> _Stops:
        """Lay out the planned stops and their orders; stops of orders that are not the driver's drop out."""
        ids, place = ranked(np.ascontiguousarray(states.stop_order_id, np.int64))
        rows = await self._book.take(ids, now_s)
        live, order_driver, offsets, order, kind, load = planned_stops(
            np.ascontiguousarray(states.id, np.int64),
            np.ascontiguousarray(states.stop_offsets, np.int64),
            np.ascontiguousarray(states.stop_kind, np.int8),
            place,
            np.ascontiguousarray(rows["driver"]),
            open_orders,
        )
        return _Stops(
            rows=rows,
            live=live,
            order_driver=order_driver,
            offsets=offsets,
            order=order,
            kind=kind,
            load=load,
        )

    def _driver_columns(self, states: DriverStates, load: IntArray, now_s: float) -> dict[str, Any]:
        return {
            "driver_lat": states.lat,
            "driver_lon": states.lon,
            "driver_node": self._snap(states.lat, states.lon),
            "driver_from_s": np.full(len(states.id), now_s),
            "driver_vehicle": states.vehicle,
            "driver_load": load,
            "driver_capacity": states.capacity,
            "driver_rating": states.rating,
            "driver_short_orders": np.maximum(states.goal_deliveries - states.deliveries, 0),
            "driver_shift_end_s": states.shift_end_s,
        }


class _Stops(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Planned stops on the axes of the snapshot; the accepted orders in them are `rows` at places `live`."""

    rows: Rows
    live: IntArray
    order_driver: IntArray
    offsets: IntArray
    order: IntArray
    kind: IntArray
    load: IntArray


def _kept(found: Candidates, order_ids: list[int], excluded: dict[int, set[int]], k: int) -> Candidates:
    """Drop excluded pairs and what is beyond the k nearest of an order."""
    out = [excluded.get(order_id, ()) for order_id in order_ids]
    offsets, driver_id, distance_m = nearest_allowed(
        np.ascontiguousarray(found.offsets, np.int64),
        np.ascontiguousarray(found.driver_id, np.int64),
        np.ascontiguousarray(found.distance_m, np.float64),
        np.array([0, *accumulate(map(len, out))], np.int64),
        np.array([driver_id for drivers in out for driver_id in drivers], np.int64),
        k,
    )
    return Candidates(offsets=offsets, driver_id=driver_id, distance_m=distance_m)


def _order_columns(
    waiting: Rows, stops: _Stops, now_s: float
) -> tuple[dict[str, Any], IntArray, IntArray, FloatArray]:
    """Return the snapshot's columns of orders; their ids, restaurants' ids and quoted ready moments."""
    *blocks, behind, ready_s = order_columns(waiting, stops.rows, stops.live, float(now_s))
    columns: dict[str, Any] = {}
    for names, block in zip((PLACES, TIMES, FLAGS), blocks, strict=True):
        block.setflags(write=False)  # its rows inherit it
        columns.update(zip(names, block, strict=True))
    order_id, restaurant_id = behind
    return columns, order_id, restaurant_id, ready_s
