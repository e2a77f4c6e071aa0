"""Offers: opened from a decision, answered by drivers, expired by time.

What an answer means for the driver index follows by `DriverProjection`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from domain.drivers import Plan
from domain.errors import Conflict, NotFound, ServiceError, Unavailable
from domain.offers import NewOffer, Offer, OfferState
from domain.ports import Clock
from domain.stores import Stores
from services.agenda import Agenda
from services.driver_projection import DriverProjection
from services.notifications import Mailbox, OfferExpired, OfferMade, OfferWithdrawn, PlanChanged
from services.plans import reconciled


class OfferService:
    """Opens and closes offers, keeps their expiries, tells drivers.

    `open_offers` maps the pending offers known here to their drivers.
    """

    def __init__(
        self, stores: Stores, projection: DriverProjection, clock: Clock, mailbox: Mailbox, agenda: Agenda
    ) -> None:
        self._offers = stores.offers
        self._drivers = stores.drivers
        self._projection = projection
        self._clock = clock
        self._mailbox = mailbox
        self._agenda = agenda
        self.open_offers: dict[int, int] = {}
        self._expiries: deque[tuple[float, int]] = deque()

    async def recover(self) -> None:
        """Take over the pending offers of the store, after a restart."""
        for offer in await self._offers.pending():
            self._keep(offer)
        self._expiries = deque(sorted(self._expiries))

    async def open(self, offers: Sequence[NewOffer]) -> list[Offer | ServiceError]:
        """Open offers; drivers whose offer stands are told."""
        results = await self._offers.open(offers)
        for result in results:
            if isinstance(result, Offer):
                self._keep(result)
        return results

    async def adopt(self, offer_id: int) -> None:
        """Take over an offer that stands in the store but is not known here."""
        if offer_id in self.open_offers:
            return
        offer = await self._offers.get(offer_id)
        if offer.state is OfferState.PENDING:
            self._keep(offer)

    async def accept(self, offer_id: int, driver_id: int) -> Plan:
        """Accept an offer; return the driver's whole plan.

        Stops that the driver completed since the offer was made are not in it. Accepting again what one has
        accepted returns the plan as it stands. While the index is out of reach the plan is the offer's, less
        what the orders say is done.

        Raises:
            NotFound: no such offer. Conflict: not this driver's, no longer open, or expired.
        """
        try:
            offer = await self._offers.accept(offer_id, driver_id, self._clock.now_s())
        except Conflict:
            offer = await self._offers.get(offer_id)
            if offer.state is OfferState.ACCEPTED and offer.terms.driver_id == driver_id:
                return await self.plan(driver_id)
            raise
        self.open_offers.pop(offer_id, None)
        try:
            current = await self.plan(driver_id)
        except (Unavailable, NotFound):
            return await self._projection.plan_from_orders(driver_id, offer.terms.plan)
        return reconciled(offer.terms.plan, current, offer.terms.order_ids)

    async def decline(self, offer_id: int, driver_id: int) -> None:
        """Decline an offer; declining again what one has declined does nothing. Raises as `accept`."""
        try:
            await self._offers.decline(offer_id, driver_id, self._clock.now_s())
        except Conflict:
            offer = await self._offers.get(offer_id)
            if offer.state is not OfferState.DECLINED or offer.terms.driver_id != driver_id:
                raise

    async def expire(self) -> None:
        """Close the offers whose time is over and tell their drivers."""
        if self.next_due_s() > self._clock.now_s():
            return
        for offer in await self._offers.expire(self._clock.now_s()):
            self._mailbox.tell(OfferExpired(driver_id=offer.terms.driver_id, offer_id=offer.id))

    def next_due_s(self) -> float:
        """Return when the next pending offer expires; inf if none."""
        expiries = self._expiries
        while expiries:
            at_s, offer_id = expiries[0]
            if offer_id in self.open_offers:
                return at_s
            expiries.popleft()
        return math.inf

    def closed(self, offer_id: int, driver_id: int, *, is_withdrawn: bool) -> None:
        """Take note that an offer was declined, expired or withdrawn."""
        was_open = self.open_offers.pop(offer_id, None) is not None
        if is_withdrawn and was_open:
            self._mailbox.tell(OfferWithdrawn(driver_id=driver_id, offer_id=offer_id))

    async def release(self, order_ids: Sequence[int], reason: str) -> list[int]:
        """Take accepted orders from their drivers; return those that were taken."""
        results = await self._offers.release(order_ids, self._clock.now_s(), reason)
        pairs = zip(order_ids, results, strict=True)
        return [order_id for order_id, result in pairs if not isinstance(result, ServiceError)]

    async def replan(self, driver_id: int, plan: Plan) -> None:
        """Give a driver another plan and tell."""
        await self._drivers.set_plan(driver_id, plan)
        self._mailbox.tell(PlanChanged(driver_id=driver_id, plan=plan))

    async def plan(self, driver_id: int) -> Plan:
        """Return a driver's planned stops."""
        return await self._drivers.plan(driver_id)

    def _keep(self, offer: Offer) -> None:
        """Keep a pending offer until it is closed, and tell its driver."""
        driver_id = offer.terms.driver_id
        self.open_offers[offer.id] = driver_id
        self._expiries.append((offer.terms.expires_at_s, offer.id))
        self._agenda.note(offer.terms.expires_at_s)
        self._mailbox.tell(OfferMade(driver_id=driver_id, offer=offer))
