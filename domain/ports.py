"""Ports: what services need of stores, buses and clocks.

All I/O is async and batched; a single call is a batch of one. Every adapter of a port passes the contract
suite in `tests/contract`. Coroutines of the memory adapters never suspend, so a simulator can drive them
with one `send(None)`. Logic (freshness, expiry, TTL) uses the times that callers pass, which come from the
clock port; a server's own TTLs are garbage collection on top.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

from domain.catalog import Menu, MenuItem, Rating, Restaurant
from domain.drivers import Candidates, DriverProfiles, DriverStates, DriverStatus, Plan
from domain.errors import ServiceError
from domain.events import AuditRow, Event, Topic
from domain.offers import NewOffer, Offer
from domain.orders import NewOrder, Order, OrderItem, Transition
from domain.units import FloatArray, IntArray


class Clock(Protocol):
    """Time in seconds; zero is a local midnight."""

    def now_s(self) -> float:
        """Return the time now."""
        ...


class OrderStore(Protocol):
    """Orders, items, audit log, outbox: a change writes all it concerns in one transaction."""

    async def place(self, orders: Sequence[NewOrder]) -> list[Order]:
        """Insert orders with items, audit row and outbox event; return them with ids, in input order."""
        ...

    async def get(self, order_ids: Sequence[int]) -> list[Order]:
        """Return orders in input order.

        Raises:
            NotFound: an id does not exist.
        """
        ...

    async def items(self, order_id: int) -> tuple[OrderItem, ...]:
        """Return an order's items."""
        ...

    async def transition(self, changes: Sequence[Transition]) -> list[Order | ServiceError]:
        """Apply each change by the state table, independently of the others; return the order or the refusal.

        A refusal is NotFound, InvalidTransition, or Conflict (version moved; a driver who is not the order's;
        a customer who is not the order's; a customer cancelling cooking food that is not late). Cancelling
        closes the order's pending offer and assignment in the same transaction.
        """
        ...

    async def dispatchable(self) -> list[Order]:
        """Return every order that waits for a driver (UNASSIGNED, in a dispatchable state), by id."""
        ...

    async def audit(self, order_id: int) -> list[AuditRow]:
        """Return an order's audit rows, oldest first."""
        ...


class OfferStore(Protocol):
    """Offers, with conflict detection against orders in the same transaction."""

    async def open(self, offers: Sequence[NewOffer]) -> list[Offer | ServiceError]:
        """Open each offer whose orders all wait for a driver and whose driver has none pending.

        The orders become OFFERED; otherwise that offer is refused with Conflict.
        """
        ...

    async def get(self, offer_id: int) -> Offer:
        """Return an offer.

        Raises:
            NotFound: the id does not exist.
        """
        ...

    async def accept(self, offer_id: int, driver_id: int, at_s: float) -> Offer:
        """Bind the offer's orders to the driver.

        Raises:
            NotFound: no such offer. Conflict: not this driver's, not pending, or expired at `at_s`.
        """
        ...

    async def decline(self, offer_id: int, driver_id: int, at_s: float) -> Offer:
        """Close the offer as declined; its orders wait again. Raises as `accept`."""
        ...

    async def expire(self, now_s: float) -> list[Offer]:
        """Close every pending offer whose time is over; their orders wait again. Return them by id."""
        ...

    async def release(self, order_ids: Sequence[int], at_s: float, reason: str) -> list[Order | ServiceError]:
        """Unbind assigned orders that are not picked up; they wait for a driver again."""
        ...


class Outbox(Protocol):
    """Events written with the orders and not yet relayed."""

    async def pending(self, limit: int) -> list[Event]:
        """Return up to `limit` unsent events, oldest first."""
        ...

    async def mark_sent(self, event_ids: Sequence[int]) -> None:
        """Note that these events have reached the bus."""
        ...


Handler = Callable[[Sequence[Event]], Awaitable[None]]


class EventBus(Protocol):
    """Publishes events; each subscriber group gets every event of its topic, in order per key."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Publish a batch; returns when the bus has it."""
        ...

    def subscribe(self, topic: Topic, group: str, handler: Handler) -> None:
        """Give `handler` the batches of `topic`."""
        ...


class DriverIndex(Protocol):
    """Where drivers are, whether they can be offered work, and what they plan: the hot store."""

    async def sign_on(self, drivers: DriverProfiles, now_s: float) -> None:
        """Make drivers known, AVAILABLE, with no load, no plan and no deliveries this shift."""
        ...

    async def sign_off(self, driver_ids: IntArray) -> None:
        """Make drivers OFFLINE; they vanish from search. Their plan stays until it is cleared."""
        ...

    async def move(self, driver_ids: IntArray, lat: FloatArray, lon: FloatArray, at_s: float) -> None:
        """Write a batch of positions seen at `at_s`; ids [n] int64, degrees [n] float64.

        Where a position seen later than `at_s` is known, it stays (pings overtake each other).
        Unknown drivers are refused with NotFound and nothing is written.
        """
        ...

    async def set_status(
        self, driver_ids: IntArray, status: DriverStatus, *, expected: DriverStatus | None = None
    ) -> None:
        """Set the status of drivers; with `expected`, only of those who have that one (compare-and-set)."""
        ...

    async def set_plan(self, driver_id: int, plan: Plan, *, delivered: int = 0) -> None:
        """Replace a driver's planned stops (load = distinct orders in it); add to deliveries of the shift."""
        ...

    async def set_rating(self, driver_id: int, rating: float) -> None:
        """Set a driver's rating, 1-5."""
        ...

    async def nearest(
        self,
        lat: FloatArray,
        lon: FloatArray,
        *,
        k: int,
        radius_m: float,
        now_s: float,
        max_load: int,
    ) -> Candidates:
        """Return up to `k` nearest drivers of each point within `radius_m`.

        Only drivers who are AVAILABLE, heard of within the freshness limit of the index (30 s), and whose
        load is at most `max_load` and below their capacity.
        """
        ...

    async def states(self, driver_ids: IntArray) -> DriverStates:
        """Return what is known of drivers, in input order; unknown ids raise NotFound."""
        ...


class CatalogStore(Protocol):
    """Restaurants and menus: the source of truth behind the cache."""

    async def add(self, restaurants: Sequence[Restaurant], items: Sequence[MenuItem]) -> None:
        """Insert restaurants and dishes with the ids they carry."""
        ...

    async def menu(self, restaurant_id: int) -> Menu:
        """Return a restaurant with its available dishes; unknown ids raise NotFound."""
        ...

    async def nearby(self, lat: float, lon: float, *, radius_m: float, limit: int) -> list[Restaurant]:
        """Return open restaurants within `radius_m`, nearest first, ties by id."""
        ...

    async def cuisines(self) -> list[str]:
        """Return the cuisines on offer, sorted."""
        ...

    async def update_restaurant(self, restaurant: Restaurant) -> None:
        """Replace a restaurant; unknown ids raise NotFound."""
        ...

    async def update_item(self, item: MenuItem) -> None:
        """Replace a dish; unknown ids raise NotFound."""
        ...


class RatingStore(Protocol):
    """Customers' stars."""

    async def add(self, rating: Rating) -> tuple[float, float]:
        """Store a rating; return the new mean stars of the restaurant and of the driver, NaN where unrated.

        Raises:
            Conflict: the order has been rated.
        """
        ...


class Cache(Protocol):
    """Values with a time to live and stampede protection.

    A refill that began before an invalidation must not bring the stale value back: `begin_fill` hands out a
    token, `finish_fill` stores only if no `invalidate` of the key came between.
    """

    async def get(self, key: str, now_s: float) -> Any | None:
        """Return the value, or None if missing or past its time."""
        ...

    async def begin_fill(self, key: str, now_s: float) -> int | None:
        """Claim the refill of a key: a token, or None while another claim is in force (5 s)."""
        ...

    async def finish_fill(self, key: str, token: int, value: Any, *, ttl_s: float, now_s: float) -> bool:
        """Store the value unless the key was invalidated since the token was given; tell whether it was."""
        ...

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Drop keys and void refills under way."""
        ...


class ClaimState(IntEnum):
    """What an idempotency claim found."""

    NEW = 0
    IN_PROGRESS = 1
    DONE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """The answer to an idempotency claim; `response` is the stored answer where DONE."""

    state: ClaimState
    response: Any = None


class IdempotencyStore(Protocol):
    """Idempotency keys: claimed first, then answered or released."""

    async def claim(self, key: str, fingerprint: str, *, now_s: float, ttl_s: float) -> Claim:
        """Claim a key atomically for a request with this fingerprint.

        Raises:
            IdempotencyMismatch: the key was used with another fingerprint.
        """
        ...

    async def complete(self, key: str, response: Any) -> None:
        """Store the answer for the rest of the key's time."""
        ...

    async def release(self, key: str) -> None:
        """Forget the claim, so that the client can retry after a refusal."""
        ...
