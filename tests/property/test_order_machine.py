"""The whole marketplace under random commands: states, audit, offers and plans stay consistent."""

from __future__ import annotations

from collections.abc import Coroutine
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from adapters.memory import VirtualClock, memory_stores
from adapters.stand_in import StandInProvider
from domain.catalog import MenuItem, Restaurant
from domain.drivers import DriverProfiles
from domain.errors import Conflict, ServiceError
from domain.offers import OfferState
from domain.order_state import DISPATCHABLE_STATES, FINAL_STATES, TRANSITIONS, Actor, Assignment, OrderState
from domain.orders import OrderItem, OrderRequest
from domain.stop_kind import StopKind
from eta.contract import EtaPrediction
from matching.nearest import Nearest
from matching.plain_travel import PlainTravel
from roads.snap import Snapper
from services.building import build_marketplace
from services.drive import drive
from services.notifications import OfferExpired, OfferMade, OfferWithdrawn
from services.settings import MarketplaceSettings, MatchSettings, OrderSettings

LAT, LON = 49.245, -123.13
DRIVERS = (50, 51, 52)
TRAVEL = PlainTravel()
SNAP = Snapper(*TRAVEL.position(np.arange(TRAVEL.node_count))).nearest
ARROWS = {(before, after) for (before, _, _), after in TRANSITIONS.items()}
SOME = st.integers(0, 5)
ACTORS = st.sampled_from([(Actor.CUSTOMER, 7), (Actor.RESTAURANT, 1), (Actor.ADMIN, None)])


class ConstantEta:
    """Ten minutes, whatever happens."""

    name: ClassVar[str] = "constant"
    summary: ClassVar[str] = "ten minutes"
    quantile_levels: ClassVar[tuple[float, ...]] = (0.5, 0.9)

    def predict(self, features: Any) -> EtaPrediction:
        mean_s = np.full(len(features.state), 600.0)
        return EtaPrediction(
            mean_s=mean_s, quantiles_s=np.stack([mean_s, mean_s], axis=1), breakdown={"all": mean_s}
        )


class OrderMachine(RuleBasedStateMachine):
    """Customers, a restaurant and three drivers who do what comes to mind, often out of turn."""

    orders = Bundle("orders")
    offers = Bundle("offers")

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.stores = VirtualClock(1000.0), memory_stores()
        self.placed: dict[int, OrderRequest] = {}
        self.made: dict[int, int] = {}
        self.closed: dict[int, int] = {}
        self.states: dict[int, list[OrderState]] = {}
        self.app = build_marketplace(
            stores=self.stores,
            strategy=Nearest(),
            eta_model=ConstantEta(),  # type: ignore[arg-type]
            travel=TRAVEL,
            snap=SNAP,
            clock=self.clock,
            rng=np.random.default_rng(0),
            provider=StandInProvider(),
            settings=MarketplaceSettings(
                match=MatchSettings(give_up_s=120.0, max_offers=2),
                orders=OrderSettings(auto_complete_s=60.0),
            ),
        )

    @initialize()
    def open_for_business(self) -> None:
        place = Restaurant(id=1, name="r", cuisine="thai", lat=LAT, lon=LON, prep_time_s=300.0)
        dish = MenuItem(id=10, restaurant_id=1, name="soup", price_cents=900, category="main")
        drive(self.app.add_restaurants([place], [dish]))
        n = len(DRIVERS)
        drive(
            self.app.sign_on(
                DriverProfiles(
                    id=np.array(DRIVERS, np.int64),
                    vehicle=np.zeros(n, np.int8),
                    capacity=np.full(n, 2, np.int16),
                    rating=np.full(n, 4.0),
                    goal_deliveries=np.zeros(n, np.int32),
                    shift_end_s=np.full(n, 9e9),
                    lat=np.full(n, LAT),
                    lon=LON + 0.002 * np.arange(n),
                )
            )
        )

    def attempt(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Do what somebody wants; a refusal is an answer. Note what became of the offers."""
        try:
            result = drive(call)
        except ServiceError as refusal:
            result = refusal
        for told in self.app.take_notifications():
            if isinstance(told, OfferMade):
                self.made[told.offer.id] = told.driver_id
            elif isinstance(told, OfferExpired | OfferWithdrawn):
                self.close(told.offer_id)
        return result

    def close(self, offer_id: int) -> None:
        self.closed[offer_id] = self.closed.get(offer_id, 0) + 1

    @rule(target=orders, key=SOME)
    def place(self, key: int) -> Any:
        item = OrderItem(menu_item_id=10, quantity=1, price_cents=0)
        request = OrderRequest(
            idempotency_key=f"k{key}-{len(self.placed) // 3}",
            customer_id=7,
            restaurant_id=1,
            customer_lat=LAT + 0.01,
            customer_lon=LON,
            items=(item,),
        )
        order = self.attempt(self.app.place(request))
        for known, past in self.placed.items():
            assert (past == request) == (known == order.id)
        self.placed[order.id] = request
        return order.id

    @rule(order_id=orders)
    def confirm(self, order_id: int) -> None:
        self.attempt(self.app.confirm(order_id, 1))

    @rule(order_id=orders)
    def cook(self, order_id: int) -> None:
        self.attempt(self.app.start_prep(order_id, 1))

    @rule(order_id=orders)
    def ready(self, order_id: int) -> None:
        self.attempt(self.app.ready(order_id, 1))

    @rule(order_id=orders, driver_id=st.sampled_from(DRIVERS))
    def pick_up(self, order_id: int, driver_id: int) -> None:
        self.attempt(self.app.pick_up(order_id, driver_id))

    @rule(order_id=orders, driver_id=st.sampled_from(DRIVERS))
    def deliver(self, order_id: int, driver_id: int) -> None:
        self.attempt(self.app.deliver(order_id, driver_id))

    @rule(order_id=orders)
    def carry_on(self, order_id: int) -> None:
        """The order's own driver does the next thing, so that some orders arrive."""
        order = drive(self.stores.orders.get([order_id]))[0]
        if order.driver_id is not None:
            for call in (self.app.start_prep, self.app.ready):
                self.attempt(call(order_id, 1))
            self.attempt(self.app.pick_up(order_id, order.driver_id))
            self.attempt(self.app.deliver(order_id, order.driver_id))

    @rule(order_id=orders)
    def find_a_driver(self, order_id: int) -> None:
        """The restaurant confirms and whoever is asked accepts."""
        self.attempt(self.app.confirm(order_id, 1))
        self.time_passes(0.0)
        for offer_id, driver_id in tuple(self.made.items()):
            self.answer(offer_id, driver_id, is_yes=True)

    @rule(order_id=orders, who=ACTORS)
    def cancel(self, order_id: int, who: tuple[Actor, int | None]) -> None:
        self.attempt(self.app.cancel(order_id, *who, "why not"))

    @rule(order_id=orders, stars=st.integers(1, 5))
    def rate(self, order_id: int, stars: int) -> None:
        self.attempt(self.app.rate(order_id, 7, driver_stars=stars))

    @rule(target=offers, seconds=st.sampled_from([0.0, 5.0, 31.0, 70.0]))
    def time_passes(self, seconds: float) -> Any:
        self.clock.set_s(self.clock.now_s() + seconds)
        everybody = np.array(DRIVERS, np.int64)
        states = drive(self.stores.drivers.states(everybody))
        self.attempt(self.app.ping(everybody, states.lat, states.lon, self.clock.now_s()))
        known = len(self.made)
        self.attempt(self.app.run_due())
        assert self.app.next_due_s() > self.clock.now_s()
        return multiple(*list(self.made)[known:])

    @rule(offer_id=offers, driver_id=st.sampled_from((None, None, None, 50)), is_yes=st.booleans())
    def answer(self, offer_id: int, driver_id: int | None, is_yes: bool) -> None:
        driver_id = self.made[offer_id] if driver_id is None else driver_id
        before = drive(self.stores.offers.get(offer_id)).state
        call = self.app.accept if is_yes else self.app.decline
        refused = isinstance(self.attempt(call(offer_id, driver_id)), Conflict)
        if before is OfferState.PENDING and not refused:
            self.close(offer_id)

    @rule(driver_id=st.sampled_from(DRIVERS), is_pause=st.booleans())
    def take_a_break(self, driver_id: int, is_pause: bool) -> None:
        self.attempt((self.app.pause if is_pause else self.app.resume)(driver_id))

    @invariant()
    def no_order_is_lost_and_states_follow_the_table(self) -> None:
        for order in drive(self.stores.orders.get(list(self.placed))):
            rows = drive(self.stores.orders.audit(order.id))
            path = [OrderState[row.after["state"]] for row in rows]
            assert path[0] is OrderState.PLACED
            assert path[-1] is order.state
            assert all(step in ARROWS for step in pairwise(path) if step[0] is not step[1])
            assert rows[-1].after["assignment"] == order.assignment.name
            assert len(rows) == order.version + 1
            assert [row.at_s for row in rows] == sorted(row.at_s for row in rows)
            assert (order.driver_id is not None) == (order.assignment is Assignment.ASSIGNED)

    @invariant()
    def exactly_the_unassigned_wait(self) -> None:
        orders = drive(self.stores.orders.get(list(self.placed)))
        waiting = [
            order.id
            for order in orders
            if order.state in DISPATCHABLE_STATES and order.assignment is Assignment.UNASSIGNED
        ]
        live = [order.id for order in drive(self.stores.orders.live())]
        assert live == sorted(order.id for order in orders if order.state not in FINAL_STATES)
        assert self.app.match.waiting == len(waiting)
        if waiting:
            assert self.app.match._next_decision_s() <= self.clock.now_s() + 10.0

    @invariant()
    def each_offer_is_closed_once(self) -> None:
        asked: list[int] = []
        for offer_id in self.made:
            offer = drive(self.stores.offers.get(offer_id))
            is_open = offer.state is OfferState.PENDING
            assert self.closed.get(offer_id, 0) == int(not is_open)
            asked += [offer.terms.driver_id] if is_open else []
        assert len(asked) == len(set(asked))

    @invariant()
    def plans_are_what_drivers_owe(self) -> None:
        states = drive(self.stores.drivers.states(np.array(DRIVERS, np.int64)))
        stops = list(zip(states.stop_order_id.tolist(), states.stop_kind.tolist(), strict=True))
        owner = np.repeat(states.id, np.diff(states.stop_offsets)).tolist()
        planned = {(order_id, kind): driver for (order_id, kind), driver in zip(stops, owner, strict=True)}
        owed = {}
        for order in drive(self.stores.orders.get(list(self.placed))):
            if order.driver_id is not None and order.state in DISPATCHABLE_STATES:
                owed[order.id, int(StopKind.PICKUP)] = order.driver_id
            if order.driver_id is not None and order.state <= OrderState.PICKED_UP:
                owed[order.id, int(StopKind.DROPOFF)] = order.driver_id
        assert len(planned) == len(stops)
        assert planned == owed


OrderMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestOrderMachine = OrderMachine.TestCase
