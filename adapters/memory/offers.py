"""The offer store in memory."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from operator import itemgetter

from adapters.memory.database import MemoryDatabase
from domain.errors import Conflict, ServiceError
from domain.events import EventKind, Topic
from domain.offers import NewOffer, Offer, OfferState
from domain.order_rules import check_answer, check_terms
from domain.order_state import DISPATCHABLE_STATES, Actor, Assignment, AssignmentAction
from domain.orders import Order
from domain.units import IntArray

# Enum members by their own names: on Python 3.11 looking one up on its class is a Python call.
_OFFER, _ACCEPT = AssignmentAction.OFFER, AssignmentAction.ACCEPT
_PENDING, _ACCEPTED = OfferState.PENDING, OfferState.ACCEPTED
_REFUSED = frozenset({OfferState.DECLINED, OfferState.EXPIRED})
_DRIVER, _SYSTEM = Actor.DRIVER, Actor.SYSTEM
_DISPATCH, _TELL_MADE, _TELL_ACCEPTED = Topic.DISPATCH, EventKind.OFFER_MADE, EventKind.OFFER_ACCEPTED


class MemoryOfferStore:
    """Offers in a `MemoryDatabase` (implements domain.ports.OfferStore)."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._db = database

    async def open(self, offers: Sequence[NewOffer]) -> list[Offer | ServiceError]:
        """Open each offer whose orders all wait and whose driver has none pending."""
        results: list[Offer | ServiceError] = []
        for new in offers:
            try:
                results.append(self._open(new))
            except ServiceError as refusal:
                results.append(refusal)
        return results

    async def get(self, offer_id: int) -> Offer:
        """Return an offer, or raise NotFound."""
        return self._db.offer(offer_id)

    async def pending(self, driver_ids: IntArray | None = None) -> list[Offer]:
        """Return every pending offer, or those to these drivers, by id."""
        asked = self._db.offer_of_driver
        if driver_ids is None:
            ids = sorted(asked.values())
        else:
            ids = sorted(asked[driver] for driver in driver_ids.tolist() if driver in asked)
        return [self._db.offers[offer_id] for offer_id in ids]

    async def refusals(self, order_ids: Sequence[int]) -> list[tuple[int, int]]:
        """Return (order, driver) of every declined or expired offer of these orders, oldest first."""
        wanted = set(order_ids)
        found = [
            (offer.id, order_id, offer.terms.driver_id)
            for offer in self._db.every_offer()
            if offer.state in _REFUSED
            for order_id in offer.terms.order_ids
            if order_id in wanted
        ]
        found.sort(key=itemgetter(0))  # the orders of an offer stay as they stand in it
        return [(order_id, driver_id) for _, order_id, driver_id in found]

    async def accept(self, offer_id: int, driver_id: int, at_s: float) -> Offer:
        """Bind the offer's orders to the driver, or raise NotFound or Conflict."""
        offer = self._pending(offer_id, driver_id, at_s)
        db = self._db
        accepted = db.finish_offer(offer, _ACCEPTED, at_s)
        for order_id, eta_s in zip(offer.terms.order_ids, offer.terms.eta_s, strict=True):
            db.reassign(
                db.orders[order_id],
                _ACCEPT,
                "DRIVER_ASSIGNED",
                actor=_DRIVER,
                actor_id=driver_id,
                at_s=at_s,
                details={"offer_id": offer_id, "driver_id": driver_id},
                driver_id=driver_id,
                assigned_at_s=at_s,
                eta_assignment_s=eta_s,
            )
        db.emit_offer(accepted, _TELL_ACCEPTED, at_s)
        return accepted

    async def decline(self, offer_id: int, driver_id: int, at_s: float) -> Offer:
        """Close the offer as declined; its orders wait again."""
        offer = self._pending(offer_id, driver_id, at_s)
        return self._db.close_offer(offer, OfferState.DECLINED, actor=_DRIVER, at_s=at_s)

    async def expire(self, now_s: float) -> list[Offer]:
        """Close every pending offer with ``expires_at_s <= now_s``; return them by id."""
        db, due = self._db, []
        while db.expiries and db.expiries[0][0] <= now_s:
            offer = db.offer(heappop(db.expiries)[1])
            if offer.state is _PENDING:
                due.append(offer)
        due.sort(key=lambda offer: offer.id)
        return [db.close_offer(one, OfferState.EXPIRED, actor=_SYSTEM, at_s=now_s) for one in due]

    async def release(self, order_ids: Sequence[int], at_s: float, reason: str) -> list[Order | ServiceError]:
        """Unbind assigned orders that are not picked up; they wait for a driver again."""
        results: list[Order | ServiceError] = []
        for order_id in order_ids:
            try:
                results.append(self._release(order_id, at_s, reason))
            except ServiceError as refusal:
                results.append(refusal)
        return results

    def _open(self, new: NewOffer) -> Offer:
        db = self._db
        check_terms(new)
        if new.driver_id in db.offer_of_driver:
            raise Conflict(f"driver {new.driver_id} has a pending offer")
        orders = [db.order(order_id) for order_id in new.order_ids]
        taken = [order.id for order in orders if order.id not in db.waiting]
        if taken:
            raise Conflict(f"orders {taken} do not wait for a driver")
        db.last_offer_id += 1
        offer = Offer(id=db.last_offer_id, terms=new)
        db.offers[offer.id] = offer
        db.offer_of_driver[new.driver_id] = offer.id
        heappush(db.expiries, (new.expires_at_s, offer.id))
        for order in orders:
            db.offer_of_order[order.id] = offer.id
            db.reassign(
                order,
                _OFFER,
                "OFFER_MADE",
                actor=_SYSTEM,
                actor_id=None,
                at_s=new.created_at_s,
                details={"offer_id": offer.id, "driver_id": new.driver_id},
            )
        db.emit_offer(offer, _TELL_MADE, new.created_at_s)
        return offer

    def _pending(self, offer_id: int, driver_id: int, at_s: float) -> Offer:
        offer = self._db.offer(offer_id)
        check_answer(offer, driver_id, at_s)
        return offer

    def _release(self, order_id: int, at_s: float, reason: str) -> Order:
        db = self._db
        order = db.order(order_id)
        if order.assignment is not Assignment.ASSIGNED or order.state not in DISPATCHABLE_STATES:
            raise Conflict(
                f"order {order_id} is {order.state.name} and {order.assignment.name}: nothing to release"
            )
        driver_id = order.driver_id
        after = db.reassign(
            order,
            AssignmentAction.RELEASE,
            "DRIVER_RELEASED",
            actor=_SYSTEM,
            actor_id=None,
            at_s=at_s,
            details={"released_driver_id": driver_id, "reason": reason},
            driver_id=None,
            assigned_at_s=None,
            eta_assignment_s=None,
        )
        data = {"order_ids": [order_id], "driver_id": driver_id, "reason": reason}
        db.emit(_DISPATCH, EventKind.ORDER_RELEASED, int(driver_id or 0), at_s, data)
        return after
