"""Drivers' shifts and breaks, and what they do when idle."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import simpy

from domain.drivers import DriverProfiles
from domain.units import BoolArray, FloatArray, IntArray
from domain.vehicles import Vehicle
from sim.driver import Driver
from sim.persistence import persistent

if TYPE_CHECKING:
    from sim.world import World


class Drivers:
    """All drivers of a market."""

    def __init__(self, world: World) -> None:
        shifts = world.workload.shifts
        self._world = world
        self._rows = world.recorder.driver_cells
        self._shifts = shifts
        self._all = [
            Driver(i, int(shifts.node[i]), Vehicle(int(shifts.vehicle[i]))) for i in range(len(shifts))
        ]
        self._idle_since: FloatArray = np.full(len(shifts), np.inf)
        self._has_moved: BoolArray = np.zeros(len(shifts), bool)
        self._pull = np.cumsum(world.workload.restaurants.popularity)

    def by_id(self, driver_id: int) -> Driver:
        """Return a driver."""
        return self._all[driver_id - 1]

    def shifts(self) -> simpy.events.ProcessGenerator:
        """Sign drivers on and off and note when breaks fall due (a SimPy process)."""
        env = self._world.env
        shifts = self._shifts
        for at_s, kind, drivers in _schedule(shifts.start_s, shifts.end_s, shifts.break_at_s):
            if at_s > env.now:
                yield env.timeout(at_s - env.now)
            if kind == _ON:
                self._sign_on(drivers)
            else:
                change = self._shift_ends if kind == _OFF else self._break_due
                for d in drivers:
                    change(self._all[d])

    def _sign_on(self, drivers: IntArray) -> None:
        self._world.fleet.online[drivers] = True
        self._idle_since[drivers] = self._world.env.now
        for d in drivers:
            self._all[d].on_shift = True
        self._tell_on(drivers, self._shifts.lat[drivers], self._shifts.lon[drivers])

    def sign_on_again(self, drivers: IntArray, lat: FloatArray, lon: FloatArray) -> None:
        """Let drivers, by index, sign on anew where they are: the platform has forgotten some of them."""
        self._tell_on(drivers, lat, lon)
        for d in drivers.tolist():
            driver = self._all[d]
            if not driver.on_shift:
                self._tell_off(driver)
            elif driver.on_break:
                self._tell_pause(driver)

    @persistent
    def _tell_on(self, drivers: IntArray, lat: FloatArray, lon: FloatArray) -> None:
        shifts = self._shifts
        self._world.call(
            self._world.platform.sign_on(
                DriverProfiles(
                    id=drivers + 1,
                    vehicle=shifts.vehicle[drivers],
                    capacity=shifts.capacity[drivers],
                    rating=shifts.rating[drivers],
                    goal_deliveries=shifts.goal_deliveries[drivers],
                    shift_end_s=shifts.end_s[drivers],
                    lat=lat,
                    lon=lon,
                )
            )
        )

    @persistent
    def _tell_off(self, driver: Driver) -> None:
        self._world.call(self._world.platform.sign_off(np.array([driver.id])))

    @persistent
    def _tell_pause(self, driver: Driver) -> None:
        if driver.on_break:
            self._world.call(self._world.platform.pause(driver.id))

    @persistent
    def _tell_resume(self, driver: Driver) -> None:
        if driver.on_shift and not driver.on_break:
            self._world.call(self._world.platform.resume(driver.id))

    def _shift_ends(self, driver: Driver) -> None:
        driver.on_shift = False
        self._tell_off(driver)
        if driver.spell is None and not driver.on_break:
            self._leave(driver)

    def _leave(self, driver: Driver) -> None:
        now_s, i = self._world.env.now, driver.index
        self._world.fleet.online[i] = False
        self._idle_since[i] = np.inf
        self._rows["signed_off_s"][i] = now_s
        self._rows["online_s"][i] = now_s - self._shifts.start_s[i]

    def _break_due(self, driver: Driver) -> None:
        driver.break_due = True
        self.break_if_due(driver)

    def _take_break(self, driver: Driver) -> None:
        driver.break_due, driver.on_break = False, True
        self._idle_since[driver.index] = np.inf
        self._tell_pause(driver)
        length_s = float(self._shifts.break_s[driver.index])
        self._rows["break_s"][driver.index] += length_s
        self._world.after(length_s, partial(self._end_break, driver))

    def _end_break(self, driver: Driver) -> None:
        driver.on_break = False
        if not driver.on_shift:
            self._leave(driver)
            return
        self._tell_resume(driver)
        self._idle_since[driver.index] = self._world.env.now

    def break_if_due(self, driver: Driver) -> None:
        """Take the break that had to wait for an offer to close."""
        if (
            driver.break_due
            and not driver.offers
            and driver.spell is None
            and driver.on_shift
            and not driver.on_break
        ):
            self._take_break(driver)

    def reposition_idle(self) -> None:
        """Send drivers who have been idle for long to a busy area."""
        fleet, now_s = self._world.market.fleet, self._world.env.now
        long_idle = np.flatnonzero((now_s - self._idle_since >= fleet.reposition_after_s) & ~self._has_moved)
        if not len(long_idle):
            return
        self._has_moved[long_idle] = True
        spells = np.array([self._all[d].spells for d in long_idle.tolist()], np.int64)
        goes = self._world.streams.uniforms("moves", long_idle + 1, spells) < fleet.reposition_share
        going = long_idle[goes]
        with self._world.stages("movement"):
            areas = self._busy_areas(going, spells[goes])
        for d, node in zip(going.tolist(), areas, strict=True):
            self._world.spells.begin(self._all[d], node)

    def _busy_areas(self, drivers: IntArray, spells: IntArray) -> list[int]:
        """Return for each driver the node of the nearest of three restaurants drawn by popularity."""
        world, areas = self._world, 3
        ids, numbers = np.repeat(drivers + 1, areas), np.repeat(areas * spells, areas)
        draws = world.streams.uniforms("areas", ids, numbers + np.tile(np.arange(areas), len(drivers)))
        nodes = world.workload.restaurants.node[np.searchsorted(self._pull, draws * self._pull[-1])]
        here = np.repeat([self._all[d].node for d in drivers.tolist()], areas)
        vehicle = np.repeat(self._shifts.vehicle[drivers], areas)
        times = np.empty(len(nodes))
        for kind in np.unique(vehicle):
            of = vehicle == kind
            times[of] = world.ground.believed.times(
                here[of], nodes[of], at_s=world.env.now, vehicle=Vehicle(int(kind))
            )
        nearest = times.reshape(-1, areas).argmin(axis=1)
        chosen: list[int] = nodes.reshape(-1, areas)[np.arange(len(drivers)), nearest].tolist()
        return chosen

    def is_busy(self, driver: Driver) -> None:
        """Take note that a driver is no longer idle."""
        self._idle_since[driver.index] = np.inf

    def is_idle(self, driver: Driver, *, has_moved: bool) -> None:
        """Take note that a driver has nothing left to do: go home, take a break, or wait for work."""
        self._has_moved[driver.index] = has_moved
        if not driver.on_shift:
            self._leave(driver)
        elif driver.break_due and not driver.offers:
            self._take_break(driver)
        else:
            self._idle_since[driver.index] = self._world.env.now

    def finish(self) -> None:
        """Close the books of drivers who are still signed on."""
        for i in np.flatnonzero(self._world.fleet.online):
            driver = self._all[i]
            if not math.isnan(driver.busy_since):
                self._rows["busy_s"][i] += self._world.env.now - driver.busy_since
            self._rows["online_s"][i] = self._world.env.now - self._shifts.start_s[i]


_ON, _OFF, _BREAK = 0, 1, 2


def _schedule(
    start_s: FloatArray, end_s: FloatArray, break_s: FloatArray
) -> list[tuple[float, int, IntArray]]:
    """Return moments with the drivers who sign on, sign off or want a break then, in order of time."""
    has_break = np.flatnonzero(break_s < end_s)
    at_s = np.concatenate([start_s, end_s, break_s[has_break]])
    kind = np.repeat([_ON, _OFF, _BREAK], [len(start_s), len(end_s), len(has_break)])
    driver = np.concatenate([np.arange(len(start_s)), np.arange(len(end_s)), has_break])
    order = np.lexsort((driver, kind, at_s))
    at_s, kind, driver = at_s[order], kind[order], driver[order]
    new = np.flatnonzero((np.diff(at_s, prepend=np.nan) != 0) | (np.diff(kind, prepend=-1) != 0))
    ends = np.append(new, len(at_s))[1:]
    return [(float(at_s[b]), int(kind[b]), driver[b:e]) for b, e in zip(new, ends, strict=True)]
