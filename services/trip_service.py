"""A driver's trip: picking up and delivering, with the plan kept in step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from domain.drivers import DriverStates, StopKind
from domain.order_state import Action, Actor, OrderState
from domain.orders import Order
from domain.ports import Clock, DriverIndex, OrderStore
from domain.vehicles import Vehicle
from services.eta_service import EtaService, with_driver
from services.order_service import OrderService
from services.plans import plan_of, without_stop
from services.route_times import Visit, leg_seconds, visits
from services.settings import MatchSettings


class Progress:
    """Says how far a driver's remaining stops are from where the driver was last seen."""

    def __init__(self, eta: EtaService, settings: MatchSettings) -> None:
        self._eta = eta
        self._settings = settings

    def visits(
        self, states: DriverStates, now_s: float, *, leave_out: tuple[int, int] | None = None
    ) -> dict[int, Visit]:
        """Return the visit of each order in the plan of the one driver of `states`; see `route_times.Visit`.

        `leave_out` is a stop, (kind, order id), to be taken as done.
        """
        stops = [
            (int(stop.kind), stop.order_id, (stop.lat, stop.lon))
            for stop in plan_of(states)
            if (int(stop.kind), stop.order_id) != leave_out
        ]
        here = self._eta.nodes.snap(states.lat, states.lon)
        route = [int(here[0]), *self._eta.nodes.of([point for _, _, point in stops])]
        legs = leg_seconds(self._eta.travel, [route], [Vehicle(int(states.vehicle[0]))], now_s)
        return visits(
            [(kind, order_id) for kind, order_id, _ in stops],
            legs[0],
            pickup_service_s=self._settings.pickup_service_s,
            dropoff_service_s=self._settings.dropoff_service_s,
        )


class TripService:
    """What a driver reports on the way."""

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
        """Take the food: the order gets its last ETA, the stop leaves the plan.

        Raises:
            NotFound: no such order or driver. InvalidTransition: the food is not ready. Conflict: the order
            is not this driver's.
        """
        states = await self._drivers.states(np.array([driver_id], np.int64))
        eta_s = await self._eta_at_pickup(order_id, states)
        updates = {} if eta_s is None else {"eta_pickup_s": eta_s}
        order = await self._orders.apply(order_id, Action.PICK_UP, Actor.DRIVER, driver_id, updates)
        await self._done(states, StopKind.PICKUP, order_id)
        return order

    async def deliver(self, order_id: int, driver_id: int) -> Order:
        """Hand the food over: the stop leaves the plan and counts as a delivery. Raises as `pick_up`."""
        order = await self._orders.apply(order_id, Action.DELIVER, Actor.DRIVER, driver_id)
        states = await self._drivers.states(np.array([driver_id], np.int64))
        await self._done(states, StopKind.DROPOFF, order_id)
        return order

    async def _eta_at_pickup(self, order_id: int, states: DriverStates) -> float | None:
        """Predict the delivery; None where the order is not in the driver's plan (the store refuses)."""
        now_s = self._clock.now_s()
        if order_id not in states.stop_order_id:
            return None
        order = (await self._store.get([order_id]))[0]
        visit = self._progress.visits(states, now_s, leave_out=(StopKind.PICKUP, order_id))[order_id]
        outlook = with_driver(order, visit, int(states.load[0]) - 1, now_s)
        prediction = self._eta.predict([replace(outlook, state=OrderState.PICKED_UP)], now_s)
        return now_s + float(prediction.mean_s[0])

    async def _done(self, states: DriverStates, kind: StopKind, order_id: int) -> None:
        """Take a stop off the plan; a stop that is not in it (a repeated report) changes nothing."""
        plan = plan_of(states)
        left = without_stop(plan, kind, order_id)
        if len(left) < len(plan):
            delivered = int(kind is StopKind.DROPOFF)
            await self._drivers.set_plan(int(states.id[0]), left, delivered=delivered)
