"""What the apps are told."""

from __future__ import annotations

import msgspec

from domain.drivers import Plan
from domain.offers import Offer
from domain.order_state import OrderState


class OfferMade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A driver is asked; `offer.terms.expires_at_s` says until when."""

    driver_id: int
    offer: Offer


class OfferWithdrawn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An offer is off: one of its orders was cancelled."""

    driver_id: int
    offer_id: int


class OfferExpired(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An offer's time is over."""

    driver_id: int
    offer_id: int


class OrderCancelled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An accepted order was cancelled; `plan` is what is left to do."""

    driver_id: int
    order_id: int
    plan: Plan


class PlanChanged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The marketplace moved an order to another driver or changed the stop order; `plan` is the new plan."""

    driver_id: int
    plan: Plan


class OrderClosed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A customer's order has ended, COMPLETED or CANCELLED (then with a `reason`)."""

    order_id: int
    state: OrderState
    at_s: float
    reason: str


Notification = OfferMade | OfferWithdrawn | OfferExpired | OrderCancelled | PlanChanged | OrderClosed


class Mailbox:
    """Collects notifications until they are taken."""

    def __init__(self) -> None:
        self._waiting: list[Notification] = []

    def tell(self, notification: Notification) -> None:
        """Add one."""
        self._waiting.append(notification)

    def take(self) -> list[Notification]:
        """Return those since the last call, oldest first."""
        taken, self._waiting = self._waiting, []
        return taken
