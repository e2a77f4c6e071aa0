"""Customers and kitchens: an order's life up to the driver, and its end."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import simpy

from domain.catalog import Menu
from domain.errors import Conflict, ServiceError, Unavailable
from domain.order_state import Actor, OrderState
from domain.orders import Order, OrderItem, OrderRequest
from services.notifications import OrderClosed
from sim.kitchen import Kitchen
from sim.persistence import RETRY_S, persistent

if TYPE_CHECKING:
    from sim.world import World

_PLACING_TRIES = 15
PLACING_S = _PLACING_TRIES * RETRY_S
"""How long a customer tries to place an order, at most."""
_CLOSED = frozenset({OrderState.COMPLETED, OrderState.CANCELLED})


class OrderFlow:
    """What customers and restaurants do. Orders are numbered by placement, 0..n-1."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows = world.recorder.order_cells
        orders, restaurants = world.workload.orders, world.workload.restaurants
        self.index_of: dict[int, int] = {}
        self.open_orders = 0
        self.arrived = 0
        self.delivered = 0
        self.placed = 0
        self._trying = 0
        self._id = np.full(len(orders), -1, np.int64)
        self._ready: dict[int, simpy.Event] = {}
        self._kitchens = [
            Kitchen(
                world.env,
                capacity=int(restaurants.capacity[r]),
                prep_usual_s=float(restaurants.prep_usual_s[r]),
                prep_mean_s=float(restaurants.prep_mean_s[r]),
            )
            for r in range(len(restaurants))
        ]

    @property
    def is_over(self) -> bool:
        """Whether every order has come and ended."""
        return self.arrived == len(self._id) and self.open_orders == self._trying == 0

    def arrivals(self) -> simpy.events.ProcessGenerator:
        """Place every order at its moment (a SimPy process)."""
        env = self._world.env
        for i, at_s in enumerate(self._world.workload.orders.placed_s.tolist()):
            if at_s > env.now:
                yield env.timeout(at_s - env.now)
            self.arrived += 1
            self._place(i)

    def ready_event(self, i: int) -> simpy.Event:
        """Return the event of order `i` being ready; it has happened where the food is."""
        event = self._ready.get(i)
        if event is None:
            event = self._ready[i] = self._world.env.event()
        return event

    def is_ready(self, i: int) -> bool:
        """Tell whether the food of order `i` is ready."""
        return not math.isnan(self._rows["ready_s"][i])

    def was_delivered(self, i: int, order: Order) -> None:
        """Let the customer rate a delivered order."""
        self.delivered += 1
        draw = float(self._world.workload.orders.star_draw[i])
        if math.isnan(draw):
            return
        late_min = (self._rows["delivered_s"][i] - self._rows["promised_s"][i]) / 60.0
        driver_stars = _stars(draw, late_min)
        restaurant_stars = _stars(self._world.streams.uniform("stars", i), late_min / 2.0)
        try:
            self._world.call(
                self._world.platform.rate(
                    order.id, order.customer_id, restaurant_stars=restaurant_stars, driver_stars=driver_stars
                )
            )
        except Unavailable:  # nobody tries twice to rate
            return
        self._rows["driver_stars"][i] = driver_stars
        self._rows["restaurant_stars"][i] = restaurant_stars

    def closed(self, news: OrderClosed) -> None:
        """Take note that an order has ended."""
        i = self.index_of[news.order_id]
        self._rows["state"][i] = news.state
        if news.state is OrderState.CANCELLED:
            self._rows["cancelled_s"][i] = news.at_s
            self._rows["reason"][i] = news.reason
        else:
            self._rows["completed_s"][i] = news.at_s
        self.open_orders -= 1
        self._ready.pop(i, None)

    def _place(self, i: int, tries: int = 1) -> None:
        """Place an order; while the platform is out of reach, a few more times under the same key."""
        world, orders = self._world, self._world.workload.orders
        restaurant_id = int(orders.restaurant[i]) + 1
        lat, lon = float(orders.lat[i]), float(orders.lon[i])
        try:
            world.call(world.platform.browse(lat, lon))
            menu = world.call(world.platform.menu(restaurant_id))
            request = OrderRequest(
                idempotency_key=f"{world.recorder.market}-{i}",
                customer_id=i + 1,
                restaurant_id=restaurant_id,
                customer_lat=lat,
                customer_lon=lon,
                items=self._basket(i, menu),
            )
            order = world.call(world.platform.place(request))
        except ServiceError as refusal:
            if tries < _PLACING_TRIES and _may_pass(refusal, tries):
                self._trying += 1
                world.after(RETRY_S, partial(self._place_again, i, tries + 1))
                return
            self._rows["reason"][i] = str(refusal)
            return
        self._id[i] = order.id
        self.index_of[order.id] = i
        self.open_orders += 1
        self.placed += 1
        self._note_placed(i, order)
        world.after(float(orders.confirm_delay_s[i]), partial(self._confirm, i))
        world.after(float(orders.patience_s[i]), partial(self._lose_patience, i))

    def _place_again(self, i: int, tries: int) -> None:
        self._trying -= 1
        self._place(i, tries)

    def _note_placed(self, i: int, order: Order) -> None:
        rows, recorded_s = self._rows, float(self._world.workload.orders.promised_s[i])
        rows["subtotal_cents"][i] = order.subtotal_cents
        rows["eta_placement_s"][i] = order.eta_placement_s
        rows["promised_s"][i] = order.promised_at_s if math.isnan(recorded_s) else recorded_s
        rows["state"][i] = order.state

    def _basket(self, i: int, menu: Menu) -> tuple[OrderItem, ...]:
        quantity: dict[int, int] = {}
        for j in range(int(self._world.workload.orders.items[i])):
            dish = int(self._world.streams.uniform("dish", i, j) * len(menu.items))
            quantity[dish] = quantity.get(dish, 0) + 1
        return tuple(
            OrderItem(menu_item_id=menu.items[d].id, quantity=q, price_cents=menu.items[d].price_cents)
            for d, q in quantity.items()
        )

    @persistent
    def _confirm(self, i: int) -> None:
        if self._rows["state"][i] in _CLOSED:
            return
        world, orders = self._world, self._world.workload.orders
        restaurant = int(orders.restaurant[i])
        if orders.is_rejected[i]:
            self._cancel(i, Actor.RESTAURANT, restaurant + 1, "restaurant rejected")
            return
        kitchen = self._kitchens[restaurant]
        quote_s = kitchen.quote_s()
        world.call(world.platform.confirm(int(self._id[i]), restaurant + 1, quote_s))
        self._rows["prep_quote_s"][i] = quote_s
        self._enter(i, OrderState.CONFIRMED, "confirmed_s")
        kitchen.cook(
            float(orders.prep_true_s[i]), start=partial(self._start, i), done=partial(self._finish, i)
        )

    def _start(self, i: int) -> bool:
        if self._rows["state"][i] in _CLOSED:
            return False
        self._rows["prep_started_s"][i] = self._world.env.now
        self._tell_started(i)
        return True

    @persistent
    def _tell_started(self, i: int) -> None:
        if self._rows["state"][i] in _CLOSED:
            return
        restaurant_id = int(self._world.workload.orders.restaurant[i]) + 1
        self._world.call(self._world.platform.start_prep(int(self._id[i]), restaurant_id))
        self._rows["state"][i] = OrderState.PREPARING

    @persistent
    def _finish(self, i: int) -> None:
        if self._rows["state"][i] in _CLOSED:
            return
        if self._rows["state"][i] != OrderState.PREPARING:
            raise Unavailable("the platform has not heard yet that the kitchen began")
        restaurant_id = int(self._world.workload.orders.restaurant[i]) + 1
        self._world.call(self._world.platform.ready(int(self._id[i]), restaurant_id))
        self._enter(i, OrderState.READY_FOR_PICKUP, "ready_s")
        event = self._ready.pop(i, None)
        if event is not None:
            event.succeed()

    def _enter(self, i: int, state: OrderState, column: str) -> None:
        self._rows["state"][i] = state
        self._rows[column][i] = self._world.env.now

    @persistent
    def _lose_patience(self, i: int) -> None:
        """Without a driver by now the customer tries to cancel; else waits until well past the promise."""
        state = self._rows["state"][i]
        if state >= OrderState.PICKED_UP:
            return
        if math.isnan(self._rows["assigned_s"][i]) and self._cancel(
            i, Actor.CUSTOMER, i + 1, "no driver yet"
        ):
            return
        limit_s = float(self._rows["promised_s"][i] + self._world.workload.orders.tolerance_s[i])
        self._world.after(max(limit_s - self._world.env.now, 0.0), partial(self._lose_hope, i))

    @persistent
    def _lose_hope(self, i: int) -> None:
        if self._rows["state"][i] < OrderState.PICKED_UP:
            self._cancel(i, Actor.CUSTOMER, i + 1, "too late")

    def _cancel(self, i: int, actor: Actor, actor_id: int, reason: str) -> bool:
        try:
            self._world.call(self._world.platform.cancel(int(self._id[i]), actor, actor_id, reason))
        except Unavailable:
            raise
        except ServiceError:  # too late to cancel: the customer waits on
            return False
        return True


def _may_pass(refusal: ServiceError, tries: int) -> bool:
    """Tell whether trying again makes sense: no answer, or a key still in use by a try without an answer."""
    return isinstance(refusal, Unavailable) or (tries > 1 and isinstance(refusal, Conflict))


def _stars(draw: float, late_min: float) -> int:
    """Return stars 1-5: mostly five, fewer the later; `draw` is uniform."""
    lost = max(late_min, 0.0) / 10.0 + max(0.3 - draw, 0.0) * 5.0
    return max(1, 5 - int(lost + draw * 0.5))
