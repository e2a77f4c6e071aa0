"""The world of one market: clock, agents, and the loop that couples them to the platform."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
import simpy

from domain.errors import DispatchlabError, NotFound, Unavailable
from domain.offers import OfferState
from domain.order_state import OrderState
from domain.run_folder import DRIVER_COLUMNS, ORDER_COLUMNS
from domain.spec import MarketSpec, OutageSpec
from domain.units import EARTH_RADIUS_M, HOUR_S, MINUTE_S, FloatArray, IntArray
from services.breakers import Incident
from services.notifications import (
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
    OrderCancelled,
    OrderClosed,
    PlanChanged,
)
from services.window_stats import WindowStats
from sim.calibration import Calibrator
from sim.demand import is_open
from sim.drivers import Drivers
from sim.environment import Environment
from sim.fleet import NOISE_SIZE, Fleet
from sim.ground import Ground
from sim.offers import Offers
from sim.order_flow import PLACING_S, OrderFlow
from sim.outages import Servers, plan_outages
from sim.persistence import RETRY_S
from sim.platform import Platform
from sim.recorder import Recorder
from sim.restaurants import menus
from sim.spells import Spells
from sim.stages import Stages
from sim.streams import Streams
from sim.workload import Workload

T = TypeVar("T")
_PATIENCE_AFTER_END_S = 24 * HOUR_S
_COHORT_DRIVERS = 2000
_BLOCK_DRIVERS = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a market is: simulated seconds, orders that ended, orders in all; `market` of `markets`."""

    now_s: float
    start_s: float
    end_s: float
    ended: int
    orders: int
    market: int = 0
    markets: int = 1

    @property
    def share(self) -> float:
        """From 0 to 1: minutes in which orders are placed and orders that ended, of both together."""
        minutes = (self.end_s - self.start_s) / MINUTE_S
        passed = min((self.now_s - self.start_s) / MINUTE_S, minutes)
        return (passed + self.ended) / max(minutes + self.orders, 1.0)


class World:
    """One market's world. `run` it once; the tables are in `recorder`.

    `drive` runs a coroutine of the platform to its end (`services.drive.drive` on memory adapters). Of
    `servers` the `outages` come true.
    """

    def __init__(
        self,
        *,
        env: Environment,
        market: MarketSpec,
        workload: Workload,
        ground: Ground,
        platform: Platform,
        recorder: Recorder,
        streams: Streams,
        end_s: float,
        drive: Callable[[Coroutine[Any, Any, Any]], Any],
        progress: Callable[[Progress], None] | None = None,
        outages: Sequence[OutageSpec] = (),
        servers: Servers | None = None,
    ) -> None:
        self.env, self.market, self.workload, self.ground = env, market, workload, ground
        self.platform, self.recorder, self.streams = platform, recorder, streams
        self.stages, self.calibrator = Stages(), Calibrator()
        self.pings = self.most_pending = 0
        self.unanswered: Counter[str] = Counter()
        self.incidents: list[Incident] = []
        self.is_complete = False
        self._drive, self._progress = drive, progress
        self._outages, self._servers = outages, servers
        self._start_s, self._end_s = float(env.now), end_s
        self._wake_at_s = math.inf
        self._is_telling = False
        self._ended = 0  # all orders before this one have ended
        self.fleet = Fleet(workload.shifts.lat, workload.shifts.lon, ground.polyline)
        self.flow = OrderFlow(self)
        self.drivers = Drivers(self)
        self.offers = Offers(self)
        self.spells = Spells(self)
        self._over = env.event()
        _fill_drawn(recorder, workload, ground, self._start_s)

    def run(self) -> None:
        """Simulate until every order has ended; an interrupt (Ctrl-C) ends the run early, tables intact."""
        self._open_shop()
        if self._servers is not None:
            plan_outages(
                self._outages,
                self._servers,
                now_s=self.env.now,
                after=self.after,
                witness=self.witness,
            )
        for process in (
            self.drivers.shifts(),
            self.flow.arrivals(),
            self._opening_hours(),
            self._pings(),
            self._minutes(),
        ):
            self.env.process(process)
        self.calibrator.start()
        try:
            self.env.run(until=self._over)
            self.is_complete = True
        except KeyboardInterrupt:
            self.recorder.end_early(self.flow.arrived)
        self.calibrator.stop()
        self.drivers.finish()

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something later."""
        self.env.timeout(delay_s, action).callbacks.append(_act)

    def call(self, request: Coroutine[Any, Any, T], stage: str = "platform") -> T:
        """Run a platform call, tell the agents what it caused, and plan the next wake-up.

        Its wall time counts as `stage`'s.

        Raises:
            ServiceError: the platform refuses, or (Unavailable) does not answer; what else it did is told at
            the next call.
        """
        began_s = perf_counter()
        try:
            answer: T = self._drive(request)
        except Unavailable:
            self.unanswered[getattr(request, "__name__", "call")] += 1
            raise
        finally:
            now_s = perf_counter()
            self.stages.seconds[stage] += now_s - began_s
        if now_s >= self.calibrator.due_s:
            self.calibrator.sample()
        if not self._is_telling:
            self._tell()
        if self.platform.agenda.soonest_s < self._wake_at_s:
            self._schedule_wake()
        return answer

    def window(self, stats: WindowStats) -> None:
        """Record a dispatch decision."""
        self.recorder.windows.append(
            self.recorder.market,
            stats.at_s,
            stats.orders,
            stats.drivers,
            stats.pairs,
            stats.offered,
            stats.left,
            stats.refused,
            stats.search_s,
            stats.snapshot_s,
            stats.travel_s,
            stats.strategy_s,
            stats.offers_s,
            stats.has_failed,
        )

    def witness(self, incident: Incident) -> None:
        """Note what failed, or works again."""
        self.incidents.append(incident)

    # --- the platform's side

    def _tell(self) -> None:
        news = self.platform.take_notifications()
        while news:
            self._is_telling = True
            for one in news:
                self._tell_one(one)
            self._is_telling = False
            news = self.platform.take_notifications()

    def _tell_one(self, news: object) -> None:
        match news:
            case OfferMade(driver_id=driver_id, offer=offer):
                self.offers.asked(driver_id, offer)
            case OfferExpired(driver_id=driver_id, offer_id=offer_id):
                self.offers.off(driver_id, offer_id, OfferState.EXPIRED)
            case OfferWithdrawn(driver_id=driver_id, offer_id=offer_id):
                self.offers.off(driver_id, offer_id, OfferState.WITHDRAWN)
            case OrderCancelled(driver_id=driver_id, plan=plan) | PlanChanged(driver_id=driver_id, plan=plan):
                self.spells.new_plan(driver_id, plan)
            case OrderClosed():
                self.flow.closed(news)
                self._end_if_over()

    def _schedule_wake(self) -> None:
        self.platform.agenda.soonest_s = math.inf
        due_s = self.platform.next_due_s()
        if due_s < self._wake_at_s:
            self._wake_at_s = due_s
            self.after(max(due_s - self.env.now, 0.0), self._wake)

    def _wake(self) -> None:
        if self.env.now < self._wake_at_s:
            return  # an earlier wake-up has done it
        self._wake_at_s = math.inf
        try:
            self.call(self.platform.run_due())
            self._schedule_wake()
        except Unavailable:
            self._wake_at_s = self.env.now + RETRY_S
            self.after(RETRY_S, self._wake)

    def _end_if_over(self) -> None:
        if self.flow.is_over and self.env.now >= self._end_s and not self._over.triggered:
            self._over.succeed()

    # --- the world's clockwork

    def _open_shop(self) -> None:
        restaurants, dishes = menus(self.workload.restaurants, self.streams)
        self.call(self.platform.add_restaurants(restaurants, dishes))

    def _opening_hours(self) -> simpy.events.ProcessGenerator:
        """Open and close restaurants at their hours."""
        restaurants, start_s = self.workload.restaurants, self._start_s
        day_s = 24 * HOUR_S
        changes: list[tuple[float, int, bool]] = []
        for r in range(len(restaurants)):
            open_s, close_s = float(restaurants.open_s[r]), float(restaurants.close_s[r])
            if open_s >= close_s:
                continue
            if is_open(start_s % day_s, open_s, close_s):
                changes.append((start_s, r, True))
            if close_s - open_s < day_s:
                first_day = int(start_s // day_s) - 1
                for day in range(first_day, int(self._end_s // day_s) + 1):
                    changes += [(day * day_s + open_s, r, True), (day * day_s + close_s, r, False)]
        for at_s, r, opens in sorted(c for c in changes if c[0] >= start_s):
            if at_s > self.env.now:
                yield self.env.timeout(at_s - self.env.now)
            self._set_open(r, opens)

    def _set_open(self, restaurant: int, opens: bool) -> None:
        try:
            self.call(self.platform.set_open(restaurant + 1, opens))
        except Unavailable:
            self.after(RETRY_S, partial(self._set_open, restaurant, opens))

    def _pings(self) -> simpy.events.ProcessGenerator:
        """Send every online driver's position once a period, in cohorts spread over the period."""
        period, count = self.market.gps.period_s, len(self.workload.shifts)
        wanted = max(1, count // _COHORT_DRIVERS)
        cohorts = max(c for c in range(1, period + 1) if period % c == 0 and c <= wanted)
        block = np.arange(count) // _BLOCK_DRIVERS  # neighbours go together: their columns are read in rows
        members = [np.flatnonzero(block % cohorts == c) for c in range(cohorts)]
        noise_m = self.streams.generator("gps").normal(0.0, self.market.gps.noise_m, NOISE_SIZE)
        noise_deg = np.degrees(noise_m / EARTH_RADIUS_M)
        shrink = float(np.cos(np.radians(self.ground.node_lat.mean())))
        tick = 0
        while not self._over.triggered:
            yield self.env.timeout(period / cohorts)
            with self.stages("movement"):
                members_now = members[tick % cohorts]
                seen, lat, lon = self.fleet.sightings(members_now, self.env.now, noise_deg, shrink, tick)
            if len(seen):
                self._ping(seen, lat, lon)
            tick += 1

    def _ping(self, drivers: IntArray, lat: FloatArray, lon: FloatArray) -> None:
        """Send positions of drivers, by index; a lost ping is lost, the next one comes soon."""
        try:
            self.call(self.platform.ping(drivers + 1, lat, lon, self.env.now), "pings")
        except Unavailable:
            return
        except NotFound:
            self.drivers.sign_on_again(drivers, lat, lon)
        self.pings += len(drivers)

    def _minutes(self) -> simpy.events.ProcessGenerator:
        """Once a minute: idle drivers move, the time series is sampled, progress is told."""
        placed = delivered = 0
        while True:
            yield self.env.timeout(MINUTE_S)
            self.drivers.reposition_idle()
            flow = self.flow
            with self.stages("recording"):
                self._sample(flow.placed - placed, flow.delivered - delivered)
            placed, delivered = flow.placed, flow.delivered
            self._end_if_over()
            if self._progress is not None:
                self._progress(self._so_far())
            if self.env.now > self._end_s + _PATIENCE_AFTER_END_S:
                raise DispatchlabError(
                    f"{flow.open_orders} orders have not ended a day after the last placement"
                )

    def _sample(self, placed: int, delivered: int) -> None:
        self.most_pending = max(self.most_pending, self.env.pending)
        live = slice(self._first_live(), self.flow.arrived)
        columns = (self.recorder.orders[name][live] for name in ("state", "confirmed_s", "assigned_s"))
        state, confirmed_s, assigned_s = columns
        unassigned = ~np.isnan(confirmed_s) & np.isnan(assigned_s) & (state < OrderState.PICKED_UP)
        self.recorder.series.append(
            self.recorder.market,
            self.env.now,
            placed,
            delivered,
            self.flow.open_orders,
            int(np.count_nonzero(unassigned)),
            int(np.count_nonzero(self.fleet.online)),
            self.spells.busy,
        )

    def _first_live(self) -> int:
        """Return the first order that has not ended, so that a minute costs no more late in a long day."""
        state = self.recorder.orders["state"][self._ended : self.flow.arrived]
        open_since_s = self.env.now - PLACING_S
        is_refused = (state < 0) & (
            self.workload.orders.placed_s[self._ended : self.flow.arrived] < open_since_s
        )
        has_ended = (state >= OrderState.COMPLETED) | is_refused
        self._ended += len(state) if has_ended.all() else int(np.argmin(has_ended))
        return self._ended

    def _so_far(self) -> Progress:
        return Progress(
            now_s=self.env.now,
            start_s=self._start_s,
            end_s=self._end_s,
            ended=self.flow.arrived - self.flow.open_orders,
            orders=len(self.workload.orders),
        )


def _act(event: simpy.Event) -> None:
    """Do what an event carries, so that none of the many that wait needs a closure."""
    action: Any = event.value
    action()


def _fill_drawn(recorder: Recorder, workload: Workload, ground: Ground, start_s: float) -> None:
    """Copy what was drawn into the tables."""
    orders, restaurants, shifts = workload.orders, workload.restaurants, workload.shifts
    n, d, r = len(orders), len(shifts), orders.restaurant
    values = {
        "order": np.arange(n),
        "customer_id": np.arange(1, n + 1),
        "restaurant_id": r + 1,
        "restaurant_lat": restaurants.lat[r],
        "restaurant_lon": restaurants.lon[r],
        "customer_lat": orders.lat,
        "customer_lon": orders.lon,
        "prep_usual_s": restaurants.prep_usual_s[r],
        "direct_s": ground.believed.times(restaurants.node[r], orders.node, at_s=start_s),
    }
    for name, column in ORDER_COLUMNS.items():
        if column.drawn and name != "market":
            recorder.orders[name][:] = values[name] if name in values else getattr(orders, name)
    drivers = {
        "driver_id": np.arange(1, d + 1),
        "start_lat": shifts.lat,
        "start_lon": shifts.lon,
        "shift_start_s": shifts.start_s,
        "shift_end_s": shifts.end_s,
    }
    for name, column in DRIVER_COLUMNS.items():
        if column.drawn and name != "market":
            recorder.drivers[name][:] = drivers[name] if name in drivers else getattr(shifts, name)
