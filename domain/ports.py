"""Ports: what services need of stores, buses and clocks.

All I/O is async and batched; a single call is a batch of one. Every adapter of a port passes the contract
suite in `tests/contract`. Coroutines of the memory adapters never suspend, so a simulator can drive them
with one `send(None)`. Logic (freshness, expiry, TTL) uses the times that callers pass, which come from the
clock port; a server's own TTLs are garbage collection on top. An adapter whose server is out of reach, or
does not answer in time, raises `Unavailable`; the outcome of a write is then unknown, and every write may be
repeated.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

from domain.catalog import Menu, MenuItem, Rating, Restaurant
from domain.drivers import Candidates, DriverProfiles, DriverStates, DriverStatus, Plan
from domain.errors import ServiceError
from domain.events import AuditRow, Event, EventKind, Topic
from domain.feed import Subject, Update
from domain.offers import NewOffer, Offer
from domain.order_state import Actor
from domain.orders import NewOrder, Order, OrderItem, Transition
from domain.payments import Payment, Settlement
from domain.sessions import Session
from domain.units import FloatArray, IntArray


class Clock(Protocol):
    """Time in seconds; zero is a local midnight."""

    def now_s(self) -> float:
        """Return the time now."""
        ...


class OrderStore(Protocol):
    """Orders, items, audit log, outbox: a change writes all it concerns in one transaction."""

    async def place(self, orders: Sequence[NewOrder]) -> list[Order]:
        """Insert orders with items, payment, audit row and outbox event; return them, in input order.

        All are placed in one transaction or none. It also completes each order's idempotency `claim` with
        the order's id; where that claim is complete already, the order that it made is returned instead.

        Raises:
            Conflict: a claim does not stand (any more).
        """
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

    async def live(self, driver_ids: IntArray | None = None) -> list[Order]:
        """Return every order that is not COMPLETED or CANCELLED, by id.

        With `driver_ids`, only those that these drivers have accepted and not delivered.
        """
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

    async def pending(self, driver_ids: IntArray | None = None) -> list[Offer]:
        """Return every pending offer, or those to these drivers, by id."""
        ...

    async def refusals(self, order_ids: Sequence[int]) -> list[tuple[int, int]]:
        """Return (order, driver) of each declined or expired offer of these orders, oldest first."""
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
    """Publishes events; each subscriber group gets every event of its topic, in order per key.

    A handler that raises `Unavailable` keeps its group's events waiting, and only its group's; they are
    handed out again, in order and together with what came since, by `deliver`, or by the bus itself where it
    has a loop of its own. So handlers must bear repetition. Any other error is a fault of the handler.
    """

    async def publish(self, events: Sequence[Event]) -> None:
        """Publish a batch; returns when the bus has it."""
        ...

    def subscribe(
        self, topic: Topic, group: str, handler: Handler, *, kinds: Collection[EventKind] | None = None
    ) -> None:
        """Give `handler` the batches of `topic`, or only what is of these `kinds` in them.

        Raises:
            ValueError: the group subscribes to the topic already.
        """
        ...

    async def deliver(self) -> None:
        """Hand out again what waits for a handler that was unavailable."""
        ...

    def backlog(self) -> int:
        """Return how many events wait here for a handler that was unavailable."""
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

    async def move_rating(self, driver_id: int, stars: float, weight: float) -> None:
        """Move a driver's rating towards new stars, 1-5, by the share `weight` of the way; atomic."""
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

    async def plan(self, driver_id: int) -> Plan:
        """Return one driver's planned stops; an unknown id raises NotFound."""
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

    async def amend_restaurant(
        self, restaurant_id: int, *, is_open: bool | None = None, rating: float | None = None
    ) -> Restaurant:
        """Change what is given of a restaurant, keep the rest as it is by then, and return it; atomic.

        Unknown ids raise NotFound.
        """
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
    """The answer to an idempotency claim; `response` is the stored answer, an integer, where DONE."""

    state: ClaimState
    response: int | None = None


class IdempotencyStore(Protocol):
    """Idempotency keys: claimed first, then answered or released."""

    async def claim(
        self, key: str, fingerprint: str, *, now_s: float, ttl_s: float, lease_s: float = math.inf
    ) -> Claim:
        """Claim a key atomically for a request with this fingerprint.

        A claim that is neither completed nor released lapses after `lease_s`: whoever comes next, with the
        same fingerprint, finds it NEW. So a crash in the middle of a request does not block its retry.

        Raises:
            IdempotencyMismatch: the key was used with another fingerprint.
        """
        ...

    async def complete(self, key: str, response: int) -> None:
        """Store the answer for the rest of the key's time; NotFound if the key is not claimed."""
        ...

    async def release(self, key: str) -> None:
        """Forget the claim, so that the client can retry after a refusal."""
        ...


class PaymentStore(Protocol):
    """Orders' payments; they come into being with their orders (see OrderStore.place)."""

    async def get(self, order_id: int) -> Payment:
        """Return an order's payment; NotFound where the order has none."""
        ...

    async def settle(self, group: str, settlements: Sequence[Settlement]) -> list[bool]:
        """Capture or void payments, each once per consumer group and event; tell which were new.

        The payment's state and the record that this group has seen this event are one transaction. A payment
        that is settled already stays as it is.
        """
        ...


class PaymentProvider(Protocol):
    """The company that charges customers: outside, slow at times, and it may be asked twice."""

    async def authorise(self, key: str, customer_id: int, amount_cents: int) -> str:
        """Reserve an amount; return the reference. The same key gives the same reference.

        Raises:
            PaymentDeclined: the customer cannot pay. Unavailable: no answer.
        """
        ...

    async def capture(self, reference: str) -> None:
        """Charge what is reserved; asking again does nothing. Unavailable: no answer."""
        ...

    async def void(self, reference: str) -> None:
        """Give back what is reserved; asking again does nothing. Unavailable: no answer."""
        ...


class LocationHistory(Protocol):
    """Where drivers were: written in batches, off the hot path."""

    def record(self, driver_ids: IntArray, lat: FloatArray, lon: FloatArray, at_s: float) -> None:
        """Take positions [n] to be written soon; returns at once, keeps no reference to the arrays."""
        ...

    async def flush(self) -> int:
        """Write what is recorded and not written; return the number of rows."""
        ...

    async def track(self, driver_id: int, from_s: float, to_s: float) -> FloatArray:
        """Return a driver's written positions in [from_s, to_s) as rows (at_s, lat, lon), float64 [n, 3]."""
        ...


class SessionStore(Protocol):
    """Who is signed in. Tokens are random, 32 bytes, URL-safe."""

    async def open(self, actor: Actor, actor_id: int, now_s: float) -> Session:
        """Begin a session of `SESSION_TTL_S`."""
        ...

    async def get(self, token: str, now_s: float) -> Session | None:
        """Return the session of a token, or None if there is none or its time is over."""
        ...

    async def close(self, token: str) -> None:
        """End a session (logout)."""
        ...


class LiveFeed(Protocol):
    """Passes updates on to those who watch a subject right now, in any process. Nothing is kept."""

    def is_heard(self) -> bool:
        """Tell whether anybody may be watching; false only where nobody can be."""
        ...

    async def publish(self, updates: Sequence[Update]) -> None:
        """Send updates to whoever watches their subjects."""
        ...

    def watch(self, subject: Subject, number: int) -> AsyncIterator[Update]:
        """Yield the updates of one order or driver from now on; closing the iterator ends it."""
        ...
