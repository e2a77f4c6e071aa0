"""The day of an instance in the package `dvrpsim`, with a nearest-idle policy of our own; minutes throughout.

All rules of the problem are modelled: whole-minute rides, both halves of a service, ready times, shifts, the
longest click-to-door; a trip carries one order, as the policy gives drivers one at a time. The package's
defaults are kept, its logging aside, and nobody is asked while no order waits. The package's way to hand a
policy the state, as dictionaries, is slow; the policy reads the model's objects unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf, isqrt
from typing import Any

import numpy as np
from dvrpsim import Location, Model, Order, Vehicle
from dvrpsim.utils.logging import LoggingCallback
from dvrpsim.utils.order_providers import order_provider

from scenarios.mdrp import Instance, Solution


class Quiet(LoggingCallback):  # type: ignore[misc]  # the package carries no types
    """Says nothing, opens no log file, and lets no error pass: the package would only log it."""

    def _configure_logger(self) -> None:
        pass

    def warning(self, msg: str) -> None:
        raise RuntimeError(msg)

    def error(self, msg: str) -> None:
        raise RuntimeError(msg)


class Driver(Vehicle):  # type: ignore[misc]  # the package carries no types
    """A driver with a shift."""

    def __init__(self, number: int, *, on_min: int, off_min: int, speed: int) -> None:
        super().__init__(number)
        self.on_min, self.off_min, self.speed = on_min, off_min, speed

    def travel_time(self, origin: Location, destination: Location) -> int:
        """Return whole minutes, rounded up exactly."""
        square = (origin.x - destination.x) ** 2 + (origin.y - destination.y) ** 2
        return -(-(isqrt(square - 1) + 1) // self.speed) if square else 0


class NearestIdle(Model):  # type: ignore[misc]  # the package carries no types
    """A day whose waiting orders go, every `step_min` minutes and in order of placement, to the nearest idle.

    A driver who could not pick up within the shift, or not deliver in time, is passed over.
    """

    def __init__(self, instance: Instance, *, step_min: int, exports_state: bool = False) -> None:
        super().__init__()
        self._exports_state = exports_state
        self._step, self._half = step_min, instance.pickup_service_min // 2
        self.waiting: list[Order] = []
        places = [
            self._place(("restaurant", i), xy) for i, xy in enumerate(instance.restaurant_xy_m.tolist())
        ]
        self._fleet = [self._driver(instance, i) for i in range(len(instance.driver_ids))]
        orders = [self._order(instance, i, places[r]) for i, r in enumerate(instance.restaurant.tolist())]
        self.env.process(order_provider(self, orders))
        self.env.process(self._decide_every_step(int(instance.placed_min.min())))

    def _init_logger(self) -> None:
        self.log = Quiet(self)

    def _place(self, name: Any, xy: list[int]) -> Location:
        place = Location(name, x=xy[0], y=xy[1])
        self.add_location(place)
        return place

    def _driver(self, instance: Instance, i: int) -> Driver:
        on_min, off_min = int(instance.on_min[i]), int(instance.off_min[i])
        driver = Driver(i, on_min=on_min, off_min=off_min, speed=instance.speed_m_per_min)
        driver.initial_location = self._place(("start", i), instance.driver_xy_m[i].tolist())
        self.add_vehicle(driver)
        return driver

    def _order(self, instance: Instance, i: int, restaurant: Location) -> Order:
        order = Order(i)
        order.release_date = int(instance.placed_min[i])
        order.due_date = order.release_date + instance.max_click_to_door_min
        order.pickup_location = restaurant
        order.delivery_location = self._place(("customer", i), instance.order_xy_m[i].tolist())
        order.earliest_pickup_start = int(instance.ready_min[i]) - self._half  # a service may precede it
        order.pickup_duration = instance.pickup_service_min
        order.delivery_duration = instance.dropoff_service_min
        return order

    def _decide_every_step(self, first_min: int) -> Generator[Any, Any, None]:
        """Ask at multiples of the step, from the first order on, whenever an order waits.

        What is called a high timeout comes last among those of its minute: orders of that minute are there.
        """
        yield self.env.high_timeout(-(-first_min // self._step) * self._step)
        while self.waiting or not self.all_orders_are_requested.processed:
            if self.waiting:
                self.request_for_routing()
            yield self.env.high_timeout(self._step)

    def on_order_request(self, order: Order) -> None:
        """Note what waits."""
        self.waiting.append(order)

    def routing_callback(self) -> dict[str, Any]:
        """Decide for every order that waits; what nobody can deliver any more is rejected."""
        if self._exports_state:
            self.get_state()
        now, routes, answers, left = self.env.now, {}, {}, []
        idle = [
            driver
            for driver in self._fleet
            if driver.is_idle and not driver.next_visits and driver.on_min <= now <= driver.off_min
        ]
        for order in self.waiting:
            driver = self._nearest(order, idle) if idle else None
            if driver is not None:
                idle.remove(driver)
                routes[driver.id] = {"next_visits": _visits(order)}
                answers[order.id] = {"status": "accepted"}
            elif now + 3 * self._half > order.due_date:
                answers[order.id] = {"status": "rejected"}
            else:
                left.append(order)
        self.waiting = left
        return {"vehicles": routes, "orders": answers}

    def _nearest(self, order: Order, idle: list[Driver]) -> Driver | None:
        """Return the nearest of the idle drivers who can; the first of them among equals."""
        x, y = order.pickup_location.x, order.pickup_location.y
        places = [driver.current_visit.location for driver in idle]
        squares = [(place.x - x) ** 2 + (place.y - y) ** 2 for place in places]
        while (least := min(squares)) < inf:
            chosen = squares.index(least)
            if self._can(idle[chosen], order):
                return idle[chosen]
            squares[chosen] = inf
        return None

    def _can(self, driver: Driver, order: Order) -> bool:
        """Tell whether a driver who sets out now keeps to the shift and to the longest click-to-door."""
        shop, home = order.pickup_location, order.delivery_location
        arrives = self.env.now + driver.travel_time(driver.current_visit.location, shop)
        picked_up = max(arrives, order.earliest_pickup_start) + self._half
        dropped_off = picked_up + 2 * self._half + driver.travel_time(shop, home)
        on_time: bool = picked_up <= driver.off_min and dropped_off <= order.due_date
        return on_time


def _visits(order: Order) -> list[dict[str, Any]]:
    return [
        {"location": order.pickup_location.id, "pickup_list": [order.id]},
        {"location": order.delivery_location.id, "delivery_list": [order.id]},
    ]


def play_dvrpsim(instance: Instance, *, step_min: int, exports_state: bool = False) -> NearestIdle:
    """Return the model after its day.

    Raises:
        RuntimeError: the package reports an error or a warning.
    """
    model = NearestIdle(instance, step_min=step_min, exports_state=exports_state)
    model.run()
    return model


def solution_of(model: NearestIdle, instance: Instance) -> Solution:
    """Return the trips in the benchmark's terms, so that its rules and metrics can be applied to them."""
    half, trips = instance.pickup_service_min // 2, []
    for vehicle in model.vehicles:
        stays = vehicle.previous_visits
        for before, shop, home in zip(stays[0::2], stays[1::2], stays[2::2], strict=False):
            order = shop.pickup_list[0].id
            left = shop.service_finish_time
            trips.append(
                (
                    vehicle.id,
                    instance.restaurant[order],
                    before.departure_time,
                    shop.arrival_time,
                    left - half,
                    order,
                    left,
                    home.service_finish_time - half,
                )
            )
    table = np.array(trips, np.int64).reshape(-1, 8)
    driver, restaurant, departed, arrived, picked_up, order, left, dropped_off = table.T
    return Solution(
        driver=driver,
        restaurant=restaurant,
        assigned_min=departed,
        departed_min=departed,
        arrived_min=arrived,
        picked_up_min=picked_up,
        offsets=np.arange(len(trips) + 1),
        order=order,
        left_min=left,
        dropped_off_min=dropped_off,
    )
