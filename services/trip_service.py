"""A driver's trip: picking up and delivering."""

from __future__ import annotations

import numpy as np

from domain.drivers import DriverStates, Plan
from domain.errors import Unavailable
from domain.order_state import Action, Actor, OrderState
from domain.orders import Order
from domain.ports import Clock, DriverIndex, OrderStore
from domain.stop_kind import StopKind
from services.eta_service import EtaService, with_driver
from services.order_service import OrderService
from services.plans import without_stop
from services.route_times import Visit, leg_seconds, visits
from services.settings import MatchSettings


class Progress:
    """Says how far a driver's remaining stops are from where the driver was last seen."""

    def __init__(self, eta: EtaService, settings: MatchSettings) -> None:
        self._eta = eta
        self._settings = settings

    def visits(self, states: DriverStates, plan: Plan, now_s: float) -> dict[int, Visit]:
        """Return the visit of each order in what the one driver of `states` still has to do.

        See `route_times.Visit`.
        """
        here = self._eta.nodes.snap(states.lat, states.lon)
        route = [int(here[0]), *self._eta.nodes.of([(stop.lat, stop.lon) for stop in plan])]
        legs = leg_seconds(self._eta.travel, [route], [int(states.vehicle[0])], now_s)
        return visits(
            [(stop.kind, stop.order_id) for stop in plan],
            legs[0],
            pickup_service_s=self._settings.pickup_service_s,
            dropoff_service_s=self._settings.dropoff_service_s,
        )


class TripService:
    """What a driver reports on the way. The plan follows by `DriverProjection`."""

    def __init__(
        self,
        orders: OrderService,
        store: OrderStore,
        drivers: DriverIndex,
        eta: EtaService,
        progress: Progress,
        clock: Clock,
    ) -> None:
        self._orders = orders
        self._store = store
        self._drivers = drivers
        self._eta = eta
        self._progress = progress
        self._clock = clock

    async def pick_up(self, order_id: int, driver_id: int) -> Order:
        """Take the food: the order gets its last ETA.

        Raises:
            NotFound: no such order or driver. InvalidTransition: the food is not ready. Conflict: the order
            is not this driver's.
        """
        try:
            eta_s = await self._eta_at_pickup(order_id, driver_id)
        except Unavailable:  # without the driver index there is no ETA; the food is taken all the same
            eta_s = None
        updates = {} if eta_s is None else {"eta_pickup_s": eta_s}
        return await self._orders.apply(order_id, Action.PICK_UP, Actor.DRIVER, driver_id, updates)

    async def deliver(self, order_id: int, driver_id: int) -> Order:
        """Hand the food over. Raises as `pick_up`."""
        return await self._orders.apply(order_id, Action.DELIVER, Actor.DRIVER, driver_id)

    async def _eta_at_pickup(self, order_id: int, driver_id: int) -> float | None:
        """Predict the delivery, with what is left to do after this pickup.

        None where the order is not in the driver's plan (the store refuses).
        """
        states = await self._drivers.states(np.array([driver_id], np.int64))
        left = without_stop(states.plan(), StopKind.PICKUP, order_id)
        now_s = self._clock.now_s()
        visit = self._progress.visits(states, left, now_s).get(order_id)
        if visit is None:
            return None
        order = (await self._store.get([order_id]))[0]
        outlook = with_driver(order, visit, int(states.load[0]) - 1, now_s, state=OrderState.PICKED_UP)
        return now_s + float(self._eta.predict([outlook], now_s).mean_s[0])
