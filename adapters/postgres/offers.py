"""The offer store in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.postgres import offer_sql
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.orders import ATTEMPTS, PostgresOrderStore
from adapters.postgres.rows import to_offer, to_order
from domain.errors import Conflict, NotFound, ServiceError, Unavailable
from domain.offers import NewOffer, Offer
from domain.order_rules import check_answer, check_terms
from domain.order_state import DISPATCHABLE_STATES, Assignment
from domain.orders import Order
from domain.units import IntArray

_UNASSIGNED, _ASSIGNED = Assignment.UNASSIGNED, Assignment.ASSIGNED


class PostgresOfferStore:
    """Offers in PostgreSQL (implements domain.ports.OfferStore)."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._db = database
        self._orders = PostgresOrderStore(database)

    async def open(self, offers: Sequence[NewOffer]) -> list[Offer | ServiceError]:
        """Open each offer whose orders all wait and whose driver has none pending, in the order given."""
        results: list[Offer | ServiceError] = []
        for group in _independent(offers):
            try:
                opened = await self._open(group)
            except Unavailable:
                raise
            except ServiceError as refusal:  # a value that the database refuses: whose is it?
                opened = [refusal] if len(group) == 1 else [(await self.open([new]))[0] for new in group]
            results += opened
        return results

    async def get(self, offer_id: int) -> Offer:
        """Return an offer, or raise NotFound."""
        row = await self._db.row(offer_sql.GET, offer_id, is_repeatable=True)
        if row is None:
            raise NotFound(f"no offer {offer_id}")
        return to_offer(row)

    async def pending(self, driver_ids: IntArray | None = None) -> list[Offer]:
        """Return every pending offer, or those to these drivers, by id."""
        if driver_ids is None:
            rows = await self._db.rows(offer_sql.PENDING, is_repeatable=True)
        else:
            rows = await self._db.rows(offer_sql.PENDING_OF, driver_ids.tolist(), is_repeatable=True)
        return [to_offer(row) for row in rows]

    async def refusals(self, order_ids: Sequence[int]) -> list[tuple[int, int]]:
        """Return (order, driver) of every declined or expired offer of these orders, oldest first."""
        rows = await self._db.rows(offer_sql.REFUSALS, order_ids, is_repeatable=True)
        return [tuple(row) for row in rows]

    async def accept(self, offer_id: int, driver_id: int, at_s: float) -> Offer:
        """Bind the offer's orders to the driver, or raise NotFound or Conflict."""
        return await self._answer(offer_sql.ACCEPT, offer_id, driver_id, at_s)

    async def decline(self, offer_id: int, driver_id: int, at_s: float) -> Offer:
        """Close the offer as declined; its orders wait again."""
        return await self._answer(offer_sql.DECLINE, offer_id, driver_id, at_s)

    async def expire(self, now_s: float) -> list[Offer]:
        """Close every pending offer with ``expires_at_s <= now_s``; return them by id.

        Of several processes that do this at once, one returns an offer. The others wait for it, so whoever
        returns knows that none is left.
        """
        return [to_offer(row) for row in await self._db.rows(offer_sql.EXPIRE, now_s)]

    async def release(self, order_ids: Sequence[int], at_s: float, reason: str) -> list[Order | ServiceError]:
        """Unbind assigned orders that are not picked up; they wait for a driver again."""
        results: list[Order | ServiceError] = []
        for order_id in order_ids:
            try:
                results.append(await self._release(order_id, at_s, reason))
            except Unavailable:
                raise
            except ServiceError as refusal:
                results.append(refusal)
        return results

    async def _open(self, offers: Sequence[NewOffer]) -> list[Offer | ServiceError]:
        """Open offers that have no driver and no order in common."""
        results = _ill_formed(offers)
        for _ in range(ATTEMPTS):
            left = [new for new in offers if new.driver_id not in results]
            if not left:
                break
            opened = dict(await self._db.rows(offer_sql.OPEN, *_opening(left)))
            results |= {
                new.driver_id: Offer(id=opened[new.driver_id], terms=new)
                for new in left
                if new.driver_id in opened
            }
            if len(opened) < len(left):
                results |= await self._refusals([new for new in left if new.driver_id not in opened])
        overtaken = Conflict("the orders of this offer are being changed by others")
        return [results.get(new.driver_id, overtaken) for new in offers]

    async def _refusals(self, offers: Sequence[NewOffer]) -> dict[int, Offer | ServiceError]:
        """Return, by driver, why offers cannot be opened; nothing for those that by now can."""
        drivers = [new.driver_id for new in offers]
        asked = {row[0] for row in await self._db.rows(offer_sql.ASKED_DRIVERS, drivers, is_repeatable=True)}
        order_ids = [order_id for new in offers for order_id in new.order_ids]
        orders = await self._orders.find(order_ids)
        refusals: dict[int, Offer | ServiceError] = {}
        for new in offers:
            refusal = _refusal(new, new.driver_id in asked, orders)
            if refusal is not None:
                refusals[new.driver_id] = refusal
        return refusals

    async def _answer(self, statement: str, offer_id: int, driver_id: int, at_s: float) -> Offer:
        for _ in range(ATTEMPTS):
            row = await self._db.row(statement, at_s, offer_id, driver_id)
            if row is not None:
                return to_offer(row)
            check_answer(await self.get(offer_id), driver_id, at_s)
        raise Conflict(f"offer {offer_id} is being changed by others")

    async def _release(self, order_id: int, at_s: float, reason: str) -> Order:
        for _ in range(ATTEMPTS):
            row = await self._db.row(offer_sql.RELEASE, order_id, at_s, reason)
            if row is not None:
                return to_order(row)
            (order,) = await self._orders.get([order_id])
            if order.assignment is not _ASSIGNED or order.state not in DISPATCHABLE_STATES:
                raise Conflict(
                    f"order {order_id} is {order.state.name} and {order.assignment.name}: nothing to release"
                )
        raise Conflict(f"order {order_id} is being changed by others")


def _independent(offers: Sequence[NewOffer]) -> Iterator[list[NewOffer]]:
    """Split offers, in order, where one asks for a driver or an order of an earlier one in its group."""
    group: list[NewOffer] = []
    drivers: set[int] = set()
    orders: set[int] = set()
    for new in offers:
        if new.driver_id in drivers or not orders.isdisjoint(new.order_ids):
            yield group
            group, drivers, orders = [], set(), set()
        group.append(new)
        drivers.add(new.driver_id)
        orders.update(new.order_ids)
    if group:
        yield group


def _ill_formed(offers: Sequence[NewOffer]) -> dict[int, Offer | ServiceError]:
    """Return, by driver, the refusals of offers that make no sense."""
    refusals: dict[int, Offer | ServiceError] = {}
    for new in offers:
        try:
            check_terms(new)
        except ServiceError as refusal:
            refusals[new.driver_id] = refusal
    return refusals


def _refusal(new: NewOffer, is_asked: bool, orders: Mapping[int, Order]) -> ServiceError | None:
    """Return why an offer cannot be opened, or None if it can."""
    if is_asked:
        return Conflict(f"driver {new.driver_id} has a pending offer")
    unknown = [order_id for order_id in new.order_ids if order_id not in orders]
    if unknown:
        return NotFound(f"no order {unknown[0]}")
    taken = [order_id for order_id in new.order_ids if not _waits(orders[order_id])]
    return Conflict(f"orders {taken} do not wait for a driver") if taken else None


def _waits(order: Order) -> bool:
    return order.assignment is _UNASSIGNED and order.state in DISPATCHABLE_STATES


def _opening(offers: Sequence[NewOffer]) -> tuple[list[Any], ...]:
    """Return the arguments of OPEN."""
    lines = [
        (turn, position, order_id, eta_s)
        for turn, new in enumerate(offers, 1)
        for position, (order_id, eta_s) in enumerate(zip(new.order_ids, new.eta_s, strict=True), 1)
    ]
    return (
        [new.driver_id for new in offers],
        [new.plan for new in offers],
        [new.created_at_s for new in offers],
        [new.expires_at_s for new in offers],
        [new.pay_cents for new in offers],
        [new.drive_s_est for new in offers],
        [new.pickup_m for new in offers],
        *([line[i] for line in lines] for i in range(4)),
    )
