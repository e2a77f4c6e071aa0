"""What the services cost on memory adapters: `python -m benchmarks.services`.

Order life-cycles through the whole facade (browse, menu, place, confirm, a match of one, accept, start,
ready, pick up, deliver, rate), positions per second through the location service, nearest-driver queries. CPU
time of this thread, so that a busy machine does not blur it; what the plugged-in travel times, snapping, ETA
model and strategy take is measured apart.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Coroutine
from functools import partial
from time import thread_time
from typing import Any

import numpy as np

from adapters.memory import VirtualClock, memory_stores
from adapters.stand_in import StandInProvider
from domain.catalog import MenuItem, Restaurant
from domain.drivers import DriverProfiles
from domain.orders import OrderItem, OrderRequest
from eta.multi_factor import MultiFactor
from matching.batch import Batch
from matching.nearest import Nearest
from matching.plain_travel import PlainTravel
from roads.snap import Snapper
from services.building import build_marketplace
from services.drive import drive
from services.notifications import OfferMade
from services.window_stats import WindowObserver, WindowStats, ignore_window

SOUTH, WEST, HEIGHT, WIDTH = 49.20, -123.20, 0.09, 0.137
RESTAURANTS, FLEET = 300, 2000


class Plugged:
    """Adds up what calls into other rooms take."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._depth = 0

    def watch(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return `call`, timed under `name`; nested calls count once."""

        def timed(*arguments: Any, **options: Any) -> Any:
            self._depth += 1
            began = thread_time()
            try:
                return call(*arguments, **options)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds[name] += thread_time() - began

        return timed


class Watched:
    """An object whose listed methods are timed."""

    def __init__(self, inner: Any, plugged: Plugged, *names: str) -> None:
        self._inner = inner
        for name in names:
            setattr(self, name, plugged.watch(type(inner).__name__, getattr(inner, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class WatchedStrategy(Watched):
    def __call__(self, *arguments: Any) -> Any:
        return self.decide(*arguments)


def profiles(rng: np.random.Generator, n: int, scale: float = 1.0) -> DriverProfiles:
    return DriverProfiles(
        id=rng.permutation(10 * n)[:n].astype(np.int64),
        vehicle=np.zeros(n, np.int8),
        capacity=np.full(n, 2, np.int16),
        rating=np.full(n, 4.5),
        goal_deliveries=np.full(n, 8, np.int32),
        shift_end_s=np.full(n, 1e9),
        lat=SOUTH + scale * HEIGHT * rng.random(n),
        lon=WEST + scale * WIDTH * rng.random(n),
    )


class Lives:
    """Orders lived through from browsing to stars, seconds per call in `seconds`."""

    def __init__(self, strategy: Any = None, on_window: WindowObserver = ignore_window) -> None:
        self.rng, self.clock, self.plugged = np.random.default_rng(1), VirtualClock(43_200.0), Plugged()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        travel = PlainTravel()
        snapper = Snapper(*travel.position(np.arange(travel.node_count)))
        strategy = Nearest() if strategy is None else strategy
        watched: Any = WatchedStrategy(strategy, self.plugged)
        watched.decide = self.plugged.watch("strategy", strategy)
        eta_model: Any = Watched(MultiFactor(), self.plugged, "predict")
        self.app = build_marketplace(
            stores=memory_stores(),
            strategy=watched,
            eta_model=eta_model,
            travel=Watched(travel, self.plugged, "times", "matrix"),
            snap=self.plugged.watch("snap", snapper.nearest),
            clock=self.clock,
            provider=StandInProvider(),
            rng=self.rng,
            on_window=on_window,
        )
        self.fleet = profiles(self.rng, FLEET)
        drive(self.app.sign_on(self.fleet))
        drive(self.app.add_restaurants(*self._restaurants()))
        self.lived = 0

    def _restaurants(self) -> tuple[list[Restaurant], list[MenuItem]]:
        places = [
            Restaurant(
                id=i,
                name=f"restaurant {i}",
                cuisine=f"cuisine {i % 20}",
                lat=SOUTH + HEIGHT * self.rng.random(),
                lon=WEST + WIDTH * self.rng.random(),
                prep_time_s=600.0,
            )
            for i in range(1, RESTAURANTS + 1)
        ]
        dishes = [
            MenuItem(
                id=100 * place.id + j, restaurant_id=place.id, name="dish", price_cents=1200, category="m"
            )
            for place in places
            for j in range(20)
        ]
        return places, dishes

    def _call(self, name: str, call: Coroutine[Any, Any, Any]) -> Any:
        began = thread_time()
        result = drive(call)
        self.seconds[name] += thread_time() - began
        return result

    def confirmed(self) -> tuple[int, int]:
        """Browse, choose, place, confirm; return the order and the restaurant."""
        app, call = self.app, self._call
        self.lived += 1
        lat, lon = SOUTH + HEIGHT * self.rng.random(), WEST + WIDTH * self.rng.random()
        place = call("browse", app.browse(lat, lon))[0].id
        dishes = call("menu", app.menu(place)).items
        items = tuple(OrderItem(menu_item_id=d.id, quantity=1, price_cents=0) for d in dishes[:3])
        request = OrderRequest(
            idempotency_key=f"key-{self.lived}",
            customer_id=self.lived,
            restaurant_id=place,
            customer_lat=lat,
            customer_lon=lon,
            items=items,
        )
        order = call("place", app.place(request)).id
        call("confirm", app.confirm(order, place))
        return order, place

    def live(self) -> None:
        app, call = self.app, self._call
        order, place = self.confirmed()
        call("match", app.run_due())
        (told,) = (one for one in app.take_notifications() if isinstance(one, OfferMade))
        call("accept", app.accept(told.offer.id, told.driver_id))
        call("start", app.start_prep(order, place))
        call("ready", app.ready(order, place))
        call("pick up", app.pick_up(order, told.driver_id))
        call("deliver", app.deliver(order, told.driver_id))
        call("rate", app.rate(order, self.lived, restaurant_stars=5, driver_stars=4))
        if self.lived % 100 == 0:
            self.clock.set_s(self.clock.now_s() + 10.0)
            drive(app.ping(self.fleet.id, self.fleet.lat, self.fleet.lon, self.clock.now_s()))


def lives(count: int) -> None:
    world = Lives()
    for _ in range(200):
        world.live()
    world.seconds.clear()
    world.plugged.seconds.clear()
    for _ in range(count):
        world.live()
    total, apart = sum(world.seconds.values()), sum(world.plugged.seconds.values())
    print(f"{count / total:,.0f} order life-cycles/s, {1e6 * total / count:.0f} us each")
    print(f"  {1e6 * (total - apart) / count:.0f} us services and memory adapters, the rest plugged in")
    for title, parts in (("plugged in", world.plugged.seconds), ("by call", world.seconds)):
        costs = (f"{name} {1e6 * seconds / count:.0f}" for name, seconds in parts.items())
        print(f"  {title}, us: {', '.join(costs)}")


def window(orders: int) -> None:
    """One decision for many orders at once: what matching costs an order under a windowed strategy."""
    stats: list[WindowStats] = []
    world = Lives(strategy=Batch(window_s=30.0), on_window=stats.append)
    for turn in range(3):
        for _ in range(orders):
            world.confirmed()
        world.clock.set_s(world.clock.now_s() + 30.0)
        drive(world.app.ping(world.fleet.id, world.fleet.lat, world.fleet.lon, world.clock.now_s()))
        began = thread_time()
        drive(world.app.run_due())
        seconds = thread_time() - began
        for told in world.app.take_notifications():
            if isinstance(told, OfferMade):
                drive(world.app.decline(told.offer.id, told.driver_id))
        if turn:
            last = stats[-1]
            print(f"window of {last.orders:,} orders, {last.pairs:,} pairs, {last.offered:,} offered:")
            print(
                f"  {1e3 * seconds:.0f} ms, {1e6 * seconds / last.orders:.0f} us an order; wall ms:", end=" "
            )
            print(
                ", ".join(
                    f"{part} {1e3 * getattr(last, part + '_s'):.0f}"
                    for part in ("search", "snapshot", "strategy", "offers", "travel")
                )
            )


def best(call: Callable[[], Any], repeats: int = 7) -> float:
    """Return the least CPU seconds of a call."""
    times = []
    for _ in range(repeats):
        began = thread_time()
        call()
        times.append(thread_time() - began)
    return min(times)


def fleet(n: int) -> None:
    """Positions and searches at 100,000 drivers on about 50 x 50 km."""
    world, rng = Lives(), np.random.default_rng(2)
    drivers = profiles(rng, n, scale=5.0)
    drive(world.app.sign_on(drivers))
    index = world.app.location._drivers
    moment = [world.clock.now_s()]

    def ping(size: int) -> None:
        moment[0] += 1.0
        for first in range(0, n, size):
            part = slice(first, first + size)
            lat = drivers.lat[part] + rng.normal(0.0, 3e-4, len(drivers.lat[part]))
            drive(world.app.ping(drivers.id[part], lat, drivers.lon[part], moment[0]))

    for size in (n, 10_000, 1_000):
        print(f"{n / best(partial(ping, size)) / 1e6:.1f}M positions/s in batches of {size:,}")
    lat, lon = drivers.lat[:1000].copy(), drivers.lon[:1000].copy()
    for k in (20, 50):

        def find(k: int = k) -> None:
            drive(index.nearest(lat, lon, k=k, radius_m=5000.0, now_s=moment[0], max_load=0))

        seconds = best(find)
        print(f"{1000 / seconds:,.0f} nearest-{k} queries/s in batches of 1,000, {n:,} drivers")
    seconds = best(lambda: drive(index.states(drivers.id)))
    print(f"{n / seconds / 1e6:.1f}M driver states/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=3000)
    parser.add_argument("--drivers", type=int, default=100_000)
    options = parser.parse_args()
    lives(options.orders)
    window(1000)
    fleet(options.drivers)


if __name__ == "__main__":
    main()
