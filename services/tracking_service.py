"""Where an order stands, asked for or followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.events import Event, EventKind, Topic
from domain.order_state import FINAL_STATES, OrderState
from domain.orders import Order
from domain.ports import Clock
from domain.stores import Stores
from domain.units import IntArray
from services.eta_service import EtaService, Outlook, ends_of, prep_remaining_s, with_driver
from services.trip_service import Progress

_REBINDS = frozenset({EventKind.OFFER_ACCEPTED, EventKind.ORDER_RELEASED})
_ARRIVED = FINAL_STATES | {OrderState.DELIVERED}


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderView:
    """What a customer sees: the order, the driver's latest position, and the remaining time now.

    `driver_lat`, `driver_lon` are None without a driver; `remaining_s` (the mean) and its `breakdown` by
    part, seconds, are None and empty once the order is delivered or cancelled.
    """

    order: Order
    driver_lat: float | None
    driver_lon: float | None
    remaining_s: float | None
    breakdown: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderMoved:
    """An update to a follower: the order event's kind, or `DRIVERS_MOVED` with the driver's position."""

    order_id: int
    kind: EventKind
    at_s: float
    lat: float | None = None
    lon: float | None = None


Follower = Callable[[OrderMoved], None]


class TrackingService:
    """Answers customers; keeps followers per order, so that nobody gets another's updates."""

    def __init__(self, stores: Stores, eta: EtaService, progress: Progress, clock: Clock) -> None:
        self._orders = stores.orders
        self._drivers = stores.drivers
        self._eta = eta
        self._progress = progress
        self._clock = clock
        self._followers: dict[int, list[Follower]] = {}
        self._orders_of_driver: dict[int, set[int]] = {}
        self._watched: IntArray = np.empty(0, np.int64)
        stores.bus.subscribe(Topic.ORDERS, "tracking", self._on_orders)
        stores.bus.subscribe(Topic.DISPATCH, "tracking", self._on_dispatch, kinds=_REBINDS)
        stores.bus.subscribe(Topic.LOCATIONS, "tracking", self._on_moves)

    async def view(self, order_id: int) -> OrderView:
        """Return where an order stands now.

        Raises:
            NotFound: no such order.
        """
        order, now_s = (await self._orders.get([order_id]))[0], self._clock.now_s()
        lat = lon = None
        outlook = None if order.state in _ARRIVED else self._driverless(order, now_s)
        if order.driver_id is not None and outlook is not None:
            states = await self._drivers.states(np.array([order.driver_id], np.int64))
            lat, lon = float(states.lat[0]), float(states.lon[0])
            visit = self._progress.visits(states, states.plan(), now_s).get(order_id)
            if visit is not None:
                outlook = with_driver(order, visit, int(states.load[0]) - 1, now_s)
        if outlook is None:
            return OrderView(order=order, driver_lat=lat, driver_lon=lon, remaining_s=None, breakdown={})
        prediction = self._eta.predict([outlook], now_s)
        return OrderView(
            order=order,
            driver_lat=lat,
            driver_lon=lon,
            remaining_s=float(prediction.mean_s[0]),
            breakdown={part: float(seconds[0]) for part, seconds in prediction.breakdown.items()},
        )

    async def follow(self, order_id: int, follower: Follower) -> Callable[[], None]:
        """Call `follower` with each update of an order, until the returned function is called.

        Raises:
            NotFound: no such order.
        """
        order = (await self._orders.get([order_id]))[0]
        self._followers.setdefault(order_id, []).append(follower)
        if order.driver_id is not None:
            self._watch(order_id, order.driver_id)
        return lambda: self._unfollow(order_id, follower)

    def watched(self) -> IntArray:
        """Return the drivers whose moves somebody follows, sorted int64."""
        return self._watched

    def _driverless(self, order: Order, now_s: float) -> Outlook:
        return Outlook(
            state=order.state,
            restaurant_id=order.restaurant_id,
            prep_remaining_s_est=prep_remaining_s(order, now_s),
            to_customer_s=self._eta.restaurant_to_customer_s(ends_of(order), now_s),
        )

    async def _on_orders(self, events: Sequence[Event]) -> None:
        for event in events if self._followers else ():
            self._tell(OrderMoved(order_id=event.key, kind=event.kind, at_s=event.at_s))
            if event.kind in (EventKind.ORDER_DELIVERED, EventKind.ORDER_CANCELLED):
                self._unwatch(event.key)

    async def _on_dispatch(self, events: Sequence[Event]) -> None:
        for event in events if self._followers else ():
            for order_id in event.data["order_ids"]:
                if event.kind is EventKind.ORDER_RELEASED:
                    self._unwatch(order_id)
                elif order_id in self._followers:
                    self._watch(order_id, event.data["driver_id"])
                self._tell(OrderMoved(order_id=order_id, kind=event.kind, at_s=event.at_s))

    async def _on_moves(self, events: Sequence[Event]) -> None:
        for event in events:
            data = event.data
            moves = zip(data["driver_ids"].tolist(), data["lat"].tolist(), data["lon"].tolist(), strict=True)
            for driver_id, lat, lon in moves:
                for order_id in self._orders_of_driver.get(driver_id, ()):
                    self._tell(
                        OrderMoved(order_id=order_id, kind=event.kind, at_s=event.at_s, lat=lat, lon=lon)
                    )

    def _tell(self, update: OrderMoved) -> None:
        for follower in tuple(self._followers.get(update.order_id, ())):
            follower(update)

    def _unfollow(self, order_id: int, follower: Follower) -> None:
        followers = self._followers.get(order_id, [])
        if follower in followers:
            followers.remove(follower)
        if not followers:
            self._followers.pop(order_id, None)
            self._unwatch(order_id)

    def _watch(self, order_id: int, driver_id: int) -> None:
        self._orders_of_driver.setdefault(driver_id, set()).add(order_id)
        self._watched = np.array(sorted(self._orders_of_driver), np.int64)

    def _unwatch(self, order_id: int) -> None:
        for driver_id, order_ids in tuple(self._orders_of_driver.items()):
            order_ids.discard(order_id)
            if not order_ids:
                del self._orders_of_driver[driver_id]
        self._watched = np.array(sorted(self._orders_of_driver), np.int64)
