"""The platform seam: everything the three apps can do, behind one object.

The simulator calls it in process; the HTTP face calls it per request. Each call ends by relaying the events
that it wrote, so in process every effect has happened when it returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from domain.catalog import Menu, MenuItem, Rating, Restaurant
from domain.drivers import DriverProfiles, Plan
from domain.errors import NotFound
from domain.order_state import Actor
from domain.orders import Order, OrderRequest
from domain.units import FloatArray, IntArray
from services.agenda import Agenda
from services.catalog_service import CatalogService
from services.driver_projection import DriverProjection
from services.location_service import LocationService
from services.match_service import MatchService
from services.notifications import Mailbox, Notification
from services.order_service import OrderService
from services.payment_service import PaymentService
from services.rating_service import RatingService
from services.relay import Relay
from services.tracking_service import OrderView, TrackingService
from services.trip_service import TripService


@dataclass(frozen=True, kw_only=True)
class Marketplace:
    """The facade over the services; see each service for its rules. Raises `domain.errors.ServiceError`s."""

    orders: OrderService
    catalog: CatalogService
    location: LocationService
    match: MatchService
    trips: TripService
    tracking: TrackingService
    ratings: RatingService
    payments: PaymentService
    projection: DriverProjection
    relay: Relay
    mailbox: Mailbox
    agenda: Agenda

    # --- drivers

    async def sign_on(self, drivers: DriverProfiles) -> None:
        """Make drivers known and available at their positions."""
        await self.location.sign_on(drivers)

    async def sign_off(self, driver_ids: IntArray) -> None:
        """Give drivers no more offers; they finish their plans."""
        await self.location.sign_off(driver_ids)

    async def pause(self, driver_id: int) -> None:
        """Begin a driver's break: no offers, the plan is finished."""
        await self.location.pause(driver_id)

    async def resume(self, driver_id: int) -> None:
        """End a driver's break."""
        await self.location.resume(driver_id)

    async def ping(self, driver_ids: IntArray, lat: FloatArray, lon: FloatArray, at_s: float) -> None:
        """Take a batch of positions seen at `at_s`."""
        await self.location.ping(driver_ids, lat, lon, at_s)

    async def accept(self, offer_id: int, driver_id: int) -> Plan:
        """Accept an offer; return the driver's whole plan."""
        plan = await self.match.offers.accept(offer_id, driver_id)
        await self.relay.run()
        return plan

    async def decline(self, offer_id: int, driver_id: int) -> None:
        """Decline an offer."""
        await self.match.offers.decline(offer_id, driver_id)
        await self.relay.run()

    async def pick_up(self, order_id: int, driver_id: int) -> Order:
        """Take the food from the restaurant."""
        order = await self.trips.pick_up(order_id, driver_id)
        await self.relay.run()
        return order

    async def deliver(self, order_id: int, driver_id: int) -> Order:
        """Hand the food over."""
        order = await self.trips.deliver(order_id, driver_id)
        await self.relay.run()
        return order

    # --- customers

    async def browse(self, lat: float, lon: float) -> list[Restaurant]:
        """Return open restaurants near a point, nearest first."""
        return await self.catalog.browse(lat, lon)

    async def menu(self, restaurant_id: int) -> Menu:
        """Return a restaurant with its dishes."""
        return await self.catalog.menu(restaurant_id)

    async def cuisines(self) -> list[str]:
        """Return the cuisines on offer."""
        return await self.catalog.cuisines()

    async def place(self, request: OrderRequest) -> Order:
        """Place an order; the same idempotency key and body returns the same order."""
        order = await self.orders.place(request)
        await self.relay.run()
        return order

    async def cancel(
        self, order_id: int, actor: Actor, actor_id: int | None = None, reason: str = "unspecified"
    ) -> Order:
        """Cancel an order, as far as the state table lets this actor."""
        order = await self.orders.cancel(order_id, actor, actor_id, reason)
        await self.relay.run()
        return order

    async def complete(self, order_id: int, customer_id: int) -> Order:
        """Note that the customer has everything; otherwise the system completes the order after a while."""
        order = await self.orders.complete(order_id, Actor.CUSTOMER, customer_id)
        await self.relay.run()
        return order

    async def track(self, order_id: int) -> OrderView:
        """Return where an order stands: state, driver position, remaining time."""
        return await self.tracking.view(order_id)

    async def rate(
        self,
        order_id: int,
        customer_id: int,
        *,
        restaurant_stars: int | None = None,
        driver_stars: int | None = None,
    ) -> Rating:
        """Rate a delivered order once."""
        return await self.ratings.rate(
            order_id, customer_id, restaurant_stars=restaurant_stars, driver_stars=driver_stars
        )

    # --- restaurants

    async def add_restaurants(self, restaurants: Sequence[Restaurant], items: Sequence[MenuItem]) -> None:
        """Take restaurants and their dishes into the catalog."""
        await self.catalog.add(restaurants, items)

    async def confirm(self, order_id: int, restaurant_id: int, prep_quote_s: float | None = None) -> Order:
        """Promise to cook, with a quote of the preparation time; the order now waits for a driver."""
        order = await self.orders.confirm(order_id, restaurant_id, prep_quote_s)
        await self.relay.run()
        return order

    async def start_prep(self, order_id: int, restaurant_id: int) -> Order:
        """Begin to cook."""
        order = await self.orders.start_prep(order_id, restaurant_id)
        await self.relay.run()
        return order

    async def ready(self, order_id: int, restaurant_id: int) -> Order:
        """Have the food ready for pickup."""
        order = await self.orders.ready(order_id, restaurant_id)
        await self.relay.run()
        return order

    async def set_open(self, restaurant_id: int, is_open: bool) -> None:
        """Open or close a restaurant for new orders."""
        await self.catalog.set_open(restaurant_id, is_open)

    async def update_menu_item(self, item: MenuItem) -> None:
        """Change a dish."""
        await self.catalog.update_menu_item(item)

    # --- time

    def next_due_s(self) -> float:
        """Return when `run_due` has work next; inf if nothing is due."""
        return min(self.match.next_due_s(), self.orders.next_due_s(), self.relay.next_due_s())

    async def run_due(self) -> None:
        """Do what is due now: redeliveries, completions, expiries, give-ups, and a decision."""
        await self.relay.redeliver()
        await self.orders.complete_due()
        await self.match.run_due()
        await self.relay.run()
        await self.location.write_history()

    async def recover(self) -> None:
        """Take over what the stores hold, after a restart: orders, offers, timers, drivers' plans."""
        await self.relay.run()
        await self.orders.recover()
        await self.match.recover()
        carrying = {order.driver_id for order in await self.orders.live() if order.driver_id is not None}
        asked = set(self.match.offers.open_offers.values())
        for driver_id in sorted(carrying | asked):
            await self._restore(driver_id)
        await self.relay.run()

    async def _restore(self, driver_id: int) -> None:
        """Restore a driver in the index, unless the index has lost the driver, who will sign on again."""
        with suppress(NotFound):
            await self.projection.restore(np.array([driver_id], np.int64))

    def take_notifications(self) -> list[Notification]:
        """Return what the apps are told since the last call."""
        return self.mailbox.take()
