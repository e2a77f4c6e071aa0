"""Offers as drivers see them: think, then accept or decline."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from domain.drivers import Plan
from domain.errors import ServiceError, Unavailable
from domain.offers import Offer, OfferState
from sim.driver import Driver
from sim.persistence import persistent

if TYPE_CHECKING:
    from sim.world import World

_TYPICAL_PICKUP_M = 2000.0
_TYPICAL_PAY_CENTS = 500.0


class Offers:
    """How drivers answer. The same driver thinks the same of the same order in every run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows = world.recorder.driver_cells
        self._shifts = world.workload.shifts

    def asked(self, driver_id: int, offer: Offer) -> None:
        """Let a driver think about an offer, and answer."""
        driver = self._world.drivers.by_id(driver_id)
        order = self._world.flow.index_of[offer.terms.order_ids[0]]
        self._rows["offers"][driver.index] += 1
        driver.offers[offer.id] = self._record_offer(offer, order)
        for order_id in offer.terms.order_ids:
            self._world.recorder.order_cells["offers"][self._world.flow.index_of[order_id]] += 1
        think_s = self._world.streams.lognormal(
            "reaction",
            driver.id,
            order,
            median=float(self._shifts.reaction_s[driver.index]),
            sigma=self._world.market.fleet.reaction_sigma,
        )
        self._world.after(think_s, partial(self._answer, driver, offer, order))

    def _record_offer(self, offer: Offer, order: int) -> int:
        terms, recorder = offer.terms, self._world.recorder
        return recorder.offers.append(
            recorder.market,
            offer.id,
            terms.driver_id,
            order,
            len(terms.order_ids),
            terms.created_at_s,
            np.nan,
            OfferState.PENDING,
            terms.pickup_m,
            terms.drive_s_est,
            terms.pay_cents,
        )

    def off(self, driver_id: int, offer_id: int, outcome: OfferState) -> None:
        """Take note that the marketplace has closed an offer."""
        driver = self._world.drivers.by_id(driver_id)
        self._close(driver, offer_id, outcome)
        self._world.drivers.break_if_due(driver)

    def _close(self, driver: Driver, offer_id: int, outcome: OfferState) -> None:
        row = driver.offers.pop(offer_id, None)
        if row is not None:
            self._world.recorder.offers.set(row, closed_s=self._world.env.now, outcome=outcome)

    @persistent
    def _answer(self, driver: Driver, offer: Offer, order: int) -> None:
        if offer.id not in driver.offers:
            return
        world = self._world
        appeal = self._appeal(driver, offer) if driver.on_shift else 0.0
        wants = world.streams.uniform("accept", driver.id, order) < appeal
        try:
            if wants:
                plan = world.call(world.platform.accept(offer.id, driver.id))
            else:
                world.call(world.platform.decline(offer.id, driver.id))
        except Unavailable:
            raise
        except ServiceError:  # expired or withdrawn in the same instant; the notification tells
            return
        if wants:
            self._close(driver, offer.id, OfferState.ACCEPTED)
            self._accepted(driver, offer, plan)
        else:
            self.off(driver.id, offer.id, OfferState.DECLINED)

    def _appeal(self, driver: Driver, offer: Offer) -> float:
        """Return the probability that this driver accepts this offer (logistic)."""
        fleet, terms = self._world.market.fleet, offer.terms
        if fleet.acceptance >= 1.0:
            return 1.0
        if fleet.acceptance <= 0.0:
            return 0.0
        odds = math.log(fleet.acceptance / (1.0 - fleet.acceptance))
        odds += float(self._shifts.choosiness[driver.index])
        odds += fleet.acceptance_per_km * (terms.pickup_m - _TYPICAL_PICKUP_M) / 1000.0
        odds += fleet.acceptance_per_dollar * (terms.pay_cents - _TYPICAL_PAY_CENTS) / 100.0
        return 1.0 / (1.0 + math.exp(-odds))

    def _accepted(self, driver: Driver, offer: Offer, plan: Plan) -> None:
        terms, orders, now_s = offer.terms, self._world.recorder.order_cells, self._world.env.now
        self._rows["accepted"][driver.index] += 1
        for order_id, eta_s in zip(terms.order_ids, terms.eta_s, strict=True):
            i = self._world.flow.index_of[order_id]
            orders["assigned_s"][i] = now_s
            if math.isnan(orders["matched_s"][i]):
                orders["matched_s"][i] = now_s
            orders["at_restaurant_s"][i] = math.nan  # an earlier driver may have been there
            orders["eta_assignment_s"][i] = eta_s
            orders["driver_id"][i] = driver.id
            orders["vehicle"][i] = driver.vehicle
            driver.pay_cents[order_id] = terms.pay_cents / len(terms.order_ids)
        self._world.spells.new_plan(driver.id, plan)
