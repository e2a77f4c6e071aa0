"""Spells: a driver drives, waits for food, picks up and delivers until the plan is done.

No process exists for an idle driver. A spell is a SimPy process that lives while a driver has stops to make
or heads for a busy area; a change of the next stop interrupts it, and the driver turns off at the next
junction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from domain.drivers import Plan, Stop
from domain.errors import ServiceError, Unavailable
from domain.order_state import OrderState
from domain.orders import Order
from domain.stop_kind import StopKind
from roads.protocols import Path
from sim.driver import Driver
from sim.persistence import RETRY_S

if TYPE_CHECKING:
    from sim.world import World

Reporting = Generator[simpy.Event, Any, Order]
_SAME_DOOR_SHARE = 0.25  # a further order at the same door takes this share of its handling time


class Spells:
    """The spells of all drivers; `busy` counts drivers who have stops to make."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows = world.recorder.driver_cells
        self.busy = 0

    def new_plan(self, driver_id: int, plan: Plan) -> None:
        """Give a driver a new plan; if the next stop changed, who is under way turns off."""
        driver = self._world.drivers.by_id(driver_id)
        before = driver.plan[:1]
        driver.plan = plan
        if driver.spell is None:
            if plan:
                self.begin(driver)
        elif driver.can_divert and plan[:1] != before:
            driver.can_divert = False
            driver.spell.interrupt()

    def begin(self, driver: Driver, goal: int | None = None) -> None:
        """Set an idle driver going: to `goal`, a node, if given, and through the plan."""
        driver.spells += 1
        self._world.drivers.is_busy(driver)
        driver.spell = self._world.env.process(self._spell(driver, goal))

    def _spell(self, driver: Driver, goal: int | None) -> simpy.events.ProcessGenerator:
        if goal is not None:
            yield from self._drive(driver, goal)
        while driver.plan:
            if math.isnan(driver.busy_since):
                driver.busy_since = self._world.env.now
                self.busy += 1
            stop = driver.plan[0]
            order = self._world.flow.index_of[stop.order_id]
            if stop.kind is StopKind.PICKUP:
                yield from self._pick_up(driver, stop, order)
            else:
                yield from self._deliver(driver, stop, order)
        driver.spell = None
        had_work = not math.isnan(driver.busy_since)
        if had_work:
            self._rows["busy_s"][driver.index] += self._world.env.now - driver.busy_since
            driver.busy_since = math.nan
            self.busy -= 1
        self._world.drivers.is_idle(driver, has_moved=not had_work)

    def _told(self, report: Callable[[], Coroutine[Any, Any, Order]]) -> Reporting:
        """Report a step to the platform, again and again while it is out of reach; return the order."""
        while True:
            try:
                return self._world.call(report())
            except Unavailable:
                yield self._world.env.timeout(RETRY_S)

    def _drive(self, driver: Driver, target: int) -> simpy.events.ProcessGenerator:
        """Drive to a node; an interrupt makes the driver stop at the next junction on the way."""
        world = self._world
        if driver.node == target:
            return True
        env, ground = world.env, world.ground
        start_s = env.now
        with world.stages("movement"):
            path = ground.true.path(driver.node, target, at_s=start_s, vehicle=driver.vehicle)
            drive_s, length_m = world.fleet.depart(driver.index, path, start_s)
        driver.can_divert = True
        has_arrived = True
        try:
            yield env.timeout(drive_s)
        except simpy.Interrupt:
            path, arrival_s = _cut(path, start_s, env.now)
            length_m = ground.length_m(path)
            world.fleet.stop_at(driver.index, arrival_s)
            yield env.timeout(max(arrival_s - env.now, 0.0))
            has_arrived = False
        driver.can_divert = False
        driver.node = int(path.nodes[-1])
        self._account(driver, length_m, env.now - start_s)
        return has_arrived

    def _account(self, driver: Driver, length_m: float, seconds: float) -> None:
        if math.isnan(driver.busy_since):
            self._rows["idle_distance_m"][driver.index] += length_m
        else:
            self._rows["distance_m"][driver.index] += length_m
            self._rows["driving_s"][driver.index] += seconds

    def _pick_up(self, driver: Driver, stop: Stop, order: int) -> simpy.events.ProcessGenerator:
        world, orders = self._world, self._world.recorder.order_cells
        node = int(world.workload.restaurants.node[world.workload.orders.restaurant[order]])
        came = driver.node != node
        if not (yield from self._drive(driver, node)):
            return
        if math.isnan(orders["at_restaurant_s"][order]) or came:
            self._arrived(driver, node)
        if not world.flow.is_ready(order) and not (yield from self._wait(driver, order)):
            return
        share = _SAME_DOOR_SHARE if driver.last_door == node else 1.0
        yield world.env.timeout(share * float(world.workload.orders.pickup_service_s[order]))
        driver.last_door = node
        try:
            done = yield from self._told(lambda: world.platform.pick_up(stop.order_id, driver.id))
        except ServiceError:  # cancelled while the driver stood at the counter
            driver.plan = _without(driver.plan, stop)
            return
        orders["picked_up_s"][order] = world.env.now
        orders["state"][order] = OrderState.PICKED_UP
        if done.eta_pickup_s is not None:
            orders["eta_pickup_s"][order] = done.eta_pickup_s
        orders["bundle"][order] = len({s.order_id for s in driver.plan})
        driver.plan = _without(driver.plan, stop)

    def _arrived(self, driver: Driver, node: int) -> None:
        """Note the arrival for every order that the driver is about to pick up here."""
        world, at_s = self._world, self._world.recorder.order_cells["at_restaurant_s"]
        driver.last_door = math.nan
        for stop in driver.plan:
            i = world.flow.index_of[stop.order_id]
            if stop.kind is not StopKind.PICKUP:
                break
            if int(world.workload.restaurants.node[world.workload.orders.restaurant[i]]) != node:
                break
            at_s[i] = world.env.now

    def _wait(self, driver: Driver, order: int) -> simpy.events.ProcessGenerator:
        """Wait for the food; false if the plan changed meanwhile."""
        env, start_s = self._world.env, self._world.env.now
        driver.can_divert = True
        is_ready = True
        try:
            yield self._world.flow.ready_event(order)
        except simpy.Interrupt:
            is_ready = False
        driver.can_divert = False
        self._rows["waiting_s"][driver.index] += env.now - start_s
        return is_ready

    def _deliver(self, driver: Driver, stop: Stop, order: int) -> simpy.events.ProcessGenerator:
        world, orders = self._world, self._world.recorder.order_cells
        if not (yield from self._drive(driver, int(world.workload.orders.node[order]))):
            return
        orders["at_customer_s"][order] = world.env.now
        yield world.env.timeout(float(world.workload.orders.dropoff_service_s[order]))
        done = yield from self._told(lambda: world.platform.deliver(stop.order_id, driver.id))
        orders["delivered_s"][order] = world.env.now
        orders["state"][order] = OrderState.DELIVERED
        driver.plan = _without(driver.plan, stop)
        driver.last_door = math.nan
        self._rows["delivered"][driver.index] += 1
        self._rows["earnings_cents"][driver.index] += round(driver.pay_cents.pop(stop.order_id))
        world.flow.was_delivered(order, done)


def _cut(path: Path, start_s: float, now_s: float) -> tuple[Path, float]:
    """Return the part of a path up to the next junction at or after `now_s`, and when that is reached."""
    passed_s = start_s + np.concatenate([[0.0], np.cumsum(path.seconds)])
    j = min(int(np.searchsorted(passed_s, now_s - 1e-6)), len(path.edges))
    part = Path(nodes=path.nodes[: j + 1], edges=path.edges[:j], seconds=path.seconds[:j])
    return part, float(passed_s[j])


def _without(plan: Plan, stop: Stop) -> Plan:
    return tuple([s for s in plan if s.order_id != stop.order_id or s.kind is not stop.kind])
