"""A small market on memory adapters, in virtual time, for tests of services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar

import numpy as np
import pytest

from adapters.faulty import FaultyServers
from adapters.memory import VirtualClock, memory_stores
from adapters.stand_in import StandInProvider
from domain.catalog import MenuItem, Restaurant
from domain.drivers import DriverProfiles
from domain.orders import Order, OrderItem, OrderRequest
from domain.stop_kind import StopKind
from domain.stores import Stores
from eta.contract import EtaPrediction
from matching.contract import Decision
from matching.nearest import Nearest
from matching.plain_travel import PlainTravel
from roads.snap import Snapper
from services.breakers import Incident
from services.building import build_marketplace
from services.drive import drive
from services.settings import MarketplaceSettings
from services.window_stats import WindowStats

LAT, LON = 49.245, -123.13
_KEYS = count()


@dataclass(frozen=True, kw_only=True)
class SumEta:
    """Remaining time is the sum of its parts: easy to predict by hand. Quantiles are 0.5 and 2 times that."""

    name: ClassVar[str] = "sum"
    summary: ClassVar[str] = "sum of the parts"
    quantile_levels: ClassVar[tuple[float, ...]] = (0.1, 0.9)

    def predict(self, features: Any) -> EtaPrediction:
        """Predict."""
        to_restaurant_s = np.nan_to_num(features.to_restaurant_s, nan=0.0)
        prep_s = np.maximum(features.prep_remaining_s_est, 0.0)
        mean_s = np.maximum(to_restaurant_s, prep_s) + features.to_customer_s
        parts = {"to_restaurant": to_restaurant_s, "prep": prep_s, "to_customer": features.to_customer_s}
        return EtaPrediction(
            mean_s=mean_s, quantiles_s=np.stack([mean_s / 2, mean_s * 2], axis=1), breakdown=parts
        )


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """A strategy that decides as it is told, and remembers what it was shown."""

    name: ClassVar[str] = "scripted"
    summary: ClassVar[str] = "for tests"
    exact: ClassVar[bool] = False
    decide: Callable[[Any], Decision]
    window_s: float = 0.0
    candidates: int = 20
    radius_m: float = 5000.0
    bundles: bool = True
    reassigns: bool = True

    def __call__(self, snapshot: Any, rng: np.random.Generator) -> Decision:
        """Decide."""
        return self.decide(snapshot)


class Market:
    """Commands on one marketplace: three restaurants, drivers as asked for."""

    def __init__(
        self,
        strategy: Any = None,
        settings: MarketplaceSettings | None = None,
        *,
        stores: Stores | None = None,
        now_s: float = 1000.0,
        can_fail: bool = False,
    ) -> None:
        self.clock = VirtualClock(now_s)
        self.stores = stores if stores is not None else memory_stores()
        self.provider = StandInProvider()
        self.servers = FaultyServers(self.provider)
        self.incidents: list[Incident] = []
        self.travel = PlainTravel()
        self.windows: list[WindowStats] = []
        lat, lon = self.travel.position(np.arange(self.travel.node_count))
        self.app = build_marketplace(
            stores=self.servers.stores(self.stores) if can_fail else self.stores,
            strategy=strategy if strategy is not None else Nearest(),
            eta_model=SumEta(),
            travel=self.travel,
            snap=Snapper(lat, lon).nearest,
            clock=self.clock,
            rng=np.random.default_rng(0),
            provider=self.provider,
            witness=self.incidents.append,
            settings=settings,
            on_window=self.windows.append,
        )
        restaurants = [
            Restaurant(id=i, name=f"r{i}", cuisine="thai", lat=LAT + i / 500, lon=LON, prep_time_s=600.0)
            for i in (1, 2, 3)
        ]
        dishes = [
            MenuItem(id=10 * i + j, restaurant_id=i, name="soup", price_cents=1000 + j, category="main")
            for i in (1, 2, 3)
            for j in (0, 1)
        ]
        if stores is None:
            self.run(self.app.add_restaurants(restaurants, dishes))

    run = staticmethod(drive)

    def at(self, now_s: float) -> None:
        """Set the clock and do what is due."""
        self.clock.set_s(now_s)
        self.run(self.app.run_due())

    def drivers(self, *ids: int, capacity: int = 2) -> None:
        """Sign drivers on, each 200 m further south of the restaurants."""
        n = len(ids)
        profiles = DriverProfiles(
            id=np.array(ids, np.int64),
            vehicle=np.zeros(n, np.int8),
            capacity=np.full(n, capacity, np.int16),
            rating=np.full(n, 4.0),
            goal_deliveries=np.zeros(n, np.int32),
            shift_end_s=np.full(n, 9e9),
            lat=LAT - 0.002 * np.arange(n),
            lon=np.full(n, LON),
        )
        self.run(self.app.sign_on(profiles))

    def ping(self, *ids: int) -> None:
        """Let drivers be heard of where they are."""
        states = self.states(*ids)
        self.run(self.app.ping(states.id, states.lat, states.lon, self.clock.now_s()))

    def states(self, *ids: int) -> Any:
        return self.run(self.stores.drivers.states(np.array(ids, np.int64)))

    def request(self, **changes: Any) -> OrderRequest:
        dish = 10 * int(changes.get("restaurant_id", 1))
        fields: dict[str, Any] = {
            "idempotency_key": f"key-{next(_KEYS)}",
            "customer_id": 7,
            "restaurant_id": 1,
            "customer_lat": LAT + 0.01,
            "customer_lon": LON + 0.01,
            "items": (OrderItem(menu_item_id=dish, quantity=2, price_cents=1),),
        }
        return OrderRequest(**{**fields, **changes})

    def place(self, **changes: Any) -> Order:
        return self.run(self.app.place(self.request(**changes)))

    def confirmed(self, **changes: Any) -> Order:
        order = self.place(**changes)
        return self.run(self.app.confirm(order.id, order.restaurant_id))

    def offered(self, **changes: Any) -> tuple[Order, Any]:
        """Place, confirm and match an order; return it and the notification of its offer."""
        order = self.confirmed(**changes)
        self.run(self.app.run_due())
        (told,) = self.app.take_notifications()
        return order, told

    def assigned(self, **changes: Any) -> tuple[Order, int]:
        order, told = self.offered(**changes)
        self.run(self.app.accept(told.offer.id, told.driver_id))
        return self.get(order), told.driver_id

    def cooked(self, order: Order) -> Order:
        self.run(self.app.start_prep(order.id, order.restaurant_id))
        return self.run(self.app.ready(order.id, order.restaurant_id))

    def finish(self, order: Order, driver_id: int) -> None:
        """Cook, pick up and deliver an accepted order."""
        self.cooked(order)
        self.run(self.app.pick_up(order.id, driver_id))
        self.run(self.app.deliver(order.id, driver_id))

    def plan(self, driver_id: int) -> list[tuple[StopKind, int]]:
        """Return a driver's planned stops as the index has them, in short."""
        states = self.states(driver_id)
        kinds = map(StopKind, states.stop_kind.tolist())
        return list(zip(kinds, states.stop_order_id.tolist(), strict=True))

    def get(self, order: Order) -> Order:
        return self.run(self.stores.orders.get([order.id]))[0]


@pytest.fixture
def market() -> Market:
    """A market with the nearest-driver strategy."""
    return Market()


@pytest.fixture
def make_market() -> type[Market]:
    """The class, to make markets with other strategies and settings."""
    return Market


@pytest.fixture
def scripted() -> type[Scripted]:
    """The strategy that decides as it is told."""
    return Scripted
