"""Offers: a driver is asked to carry one or more orders, for a limited time."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from domain.drivers import Plan


class OfferState(IntEnum):
    """PENDING is the only state that can change."""

    PENDING = 0
    ACCEPTED = 1
    DECLINED = 2
    EXPIRED = 3
    WITHDRAWN = 4


class NewOffer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An offer to be opened; the store gives it its id.

    `plan` is the driver's whole plan if it is accepted (stops already planned included); `eta_s` the
    predicted moment of delivery per order; `pay_cents` what the driver earns for it; `drive_s_est` the
    driving time that it adds; `pickup_m` the straight line to the first restaurant.
    """

    driver_id: int
    order_ids: tuple[int, ...]
    plan: Plan
    created_at_s: float
    expires_at_s: float
    pay_cents: int
    drive_s_est: float
    pickup_m: float
    eta_s: tuple[float, ...]


class Offer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An offer as stored."""

    id: int
    terms: NewOffer
    state: OfferState = OfferState.PENDING
    closed_at_s: float | None = None
