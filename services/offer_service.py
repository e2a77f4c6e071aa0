"""Offers: opened from a decision, answered by drivers, expired by time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from domain.drivers import DriverStatus, Plan
from domain.errors import Conflict, ServiceError
from domain.offers import NewOffer, Offer, OfferState
from domain.ports import Clock, DriverIndex, OfferStore
from services.notifications import Mailbox, OfferExpired, OfferMade, OfferWithdrawn, PlanChanged
from services.plans import plan_of, reconciled, without_order


class OfferService:
    """Keeps the index's OFFERED status, drivers' plans and the mailbox in step with the offer store.

    `open_offers` maps the pending offers known here to their drivers.
    """

    def __init__(self, offers: OfferStore, drivers: DriverIndex, clock: Clock, mailbox: Mailbox) -> None:
        self._offers = offers
        self._drivers = drivers
        self._clock = clock
        self._mailbox = mailbox
        self.open_offers: dict[int, int] = {}
        self._asked: dict[int, int] = {}
        self._expiries: deque[tuple[float, int]] = deque()

    def has_open_offer(self, driver_id: int) -> bool:
        """Tell whether a driver has a pending offer known here."""
        return driver_id in self._asked

    async def open(self, offers: Sequence[NewOffer]) -> list[Offer | ServiceError]:
        """Open offers; drivers whose offer stands become OFFERED and are told."""
        results = await self._offers.open(offers)
        opened = [result for result in results if isinstance(result, Offer)]
        if opened:
            ids = np.array([offer.terms.driver_id for offer in opened], np.int64)
            await self._drivers.set_status(ids, DriverStatus.OFFERED, expected=DriverStatus.AVAILABLE)
        for offer in opened:
            driver_id = offer.terms.driver_id
            self.open_offers[offer.id] = driver_id
            self._asked[driver_id] = offer.id
            self._expiries.append((offer.terms.expires_at_s, offer.id))
            self._mailbox.tell(OfferMade(driver_id=driver_id, offer=offer))
        return results

    async def accept(self, offer_id: int, driver_id: int) -> Plan:
        """Accept an offer; return the driver's whole plan.

        Stops that the driver completed since the offer was made are not in it. Accepting again what one has
        accepted returns the plan as it stands.

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
        plan = reconciled(offer.terms.plan, await self.plan(driver_id), offer.terms.order_ids)
        await self._drivers.set_plan(driver_id, plan)
        await self._free(offer_id, driver_id)
        return plan

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

    async def closed(self, offer_id: int, driver_id: int, *, is_withdrawn: bool) -> None:
        """Take note that an offer was declined, expired or withdrawn: the driver may be asked again."""
        await self._free(offer_id, driver_id)
        if is_withdrawn:
            self._mailbox.tell(OfferWithdrawn(driver_id=driver_id, offer_id=offer_id))

    async def release(self, order_ids: Sequence[int], driver_ids: Sequence[int], reason: str) -> list[int]:
        """Take accepted orders from their drivers, who are told; return those that were taken."""
        results = await self._offers.release(order_ids, self._clock.now_s(), reason)
        taken: list[int] = []
        for order_id, driver_id, result in zip(order_ids, driver_ids, results, strict=True):
            if not isinstance(result, ServiceError):
                await self.replan(driver_id, without_order(await self.plan(driver_id), order_id))
                taken.append(order_id)
        return taken

    async def replan(self, driver_id: int, plan: Plan) -> None:
        """Give a driver another plan and tell."""
        await self._drivers.set_plan(driver_id, plan)
        self._mailbox.tell(PlanChanged(driver_id=driver_id, plan=plan))

    async def set_plan(self, driver_id: int, plan: Plan) -> None:
        """Replace a driver's planned stops without telling."""
        await self._drivers.set_plan(driver_id, plan)

    async def plan(self, driver_id: int) -> Plan:
        """Return a driver's planned stops."""
        return plan_of(await self._drivers.states(np.array([driver_id], np.int64)))

    async def _free(self, offer_id: int, driver_id: int) -> None:
        """Forget a pending offer; make its driver available unless on a break, off, or asked again."""
        self.open_offers.pop(offer_id, None)
        if self._asked.get(driver_id) == offer_id:
            del self._asked[driver_id]
        if driver_id not in self._asked:
            ids = np.array([driver_id], np.int64)
            await self._drivers.set_status(ids, DriverStatus.AVAILABLE, expected=DriverStatus.OFFERED)
