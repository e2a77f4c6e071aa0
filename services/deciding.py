"""One decision: snapshot, strategy, check, offers, and what each stage cost."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.errors import ContractError
from domain.offers import NewOffer, Offer
from matching.contract import Decision, Strategy
from matching.validate import check_decision
from roads.protocols import TravelTimes
from services.eta_service import EtaService
from services.offer_service import OfferService
from services.proposals import Proposals
from services.settings import MatchSettings
from services.snapshot_builder import Picture, SnapshotBuilder
from services.timed_travel import TimedTravel
from services.window_stats import WindowStats

MOVED = "moved to another driver"
"""The reason given when a strategy takes an order from a driver."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders are now offered, which were released from their drivers, and the statistics."""

    offered: list[int]
    released: list[int]
    stats: WindowStats


class _Tally(msgspec.Struct, kw_only=True):
    """Counts and wall seconds while a decision runs."""

    drivers: int = 0
    pairs: int = 0
    refused: int = 0
    offers: int = 0
    search_s: float = 0.0
    snapshot_s: float = 0.0
    strategy_s: float = 0.0
    offers_s: float = 0.0
    offered: list[int] = msgspec.field(default_factory=list)
    released: list[int] = msgspec.field(default_factory=list)


class Decider:
    """Runs a strategy on waiting orders and opens what it decides on.

    The strategy draws from `rng` only; it sees `travel`, the believed times.
    """

    def __init__(
        self,
        builder: SnapshotBuilder,
        strategy: Strategy,
        offers: OfferService,
        eta: EtaService,
        travel: TravelTimes,
        settings: MatchSettings,
        rng: np.random.Generator,
    ) -> None:
        self._builder = builder
        self._strategy = strategy
        self._offers = offers
        self._eta = eta
        self._travel = TimedTravel(travel)
        self._settings = settings
        self._rng = rng

    async def decide(
        self, rows: NDArray[Any], excluded: dict[int, set[int]], *, now_s: float, next_s: float
    ) -> Outcome:
        """Decide on waiting orders, given as rows of the order book.

        Raises:
            ContractError: the strategy's decision is not feasible.
        """
        tally, self._travel.seconds = _Tally(), 0.0
        began = perf_counter()
        picture = await self._builder.build(rows, excluded, now_s=now_s, next_s=next_s, travel=self._travel)
        built, travel_s = perf_counter(), self._travel.seconds
        tally.snapshot_s = built - began - travel_s
        if picture is not None:
            tally.search_s = picture.search_s
            tally.snapshot_s -= picture.search_s
            tally.drivers = picture.snapshot.drivers
            tally.pairs = len(picture.snapshot.candidate_driver)
            decision = self._strategy(picture.snapshot, self._rng)
            decided = perf_counter()
            tally.strategy_s = decided - built - (self._travel.seconds - travel_s)
            travel_s = self._travel.seconds
            await self._carry_out(picture, decision, tally)
            tally.offers_s = perf_counter() - decided - (self._travel.seconds - travel_s)
        return Outcome(offered=tally.offered, released=tally.released, stats=self._stats(rows, tally, now_s))

    async def _carry_out(self, picture: Picture, decision: Decision, tally: _Tally) -> None:
        faults = check_decision(picture.snapshot, decision, self._strategy)
        if faults:
            raise ContractError(f"strategy {self._strategy.name!r}: {'; '.join(faults[:5])}")
        proposals = Proposals(picture, decision)
        await self._release(picture, proposals, tally)
        asked = proposals.asked()
        if asked:
            terms = proposals.offers(asked, self._travel, self._eta, self._settings)
            await self._open(terms, tally)
        for proposal in proposals.told():
            driver_id, plan = int(picture.states.id[proposal.driver]), proposals.plan(proposal)
            if plan != await self._offers.plan(driver_id):
                await self._offers.replan(driver_id, plan)

    async def _release(self, picture: Picture, proposals: Proposals, tally: _Tally) -> None:
        """Take the orders that the strategy moves from their drivers."""
        if not proposals.moved:
            return
        order_ids = picture.order_id[proposals.moved].tolist()
        tally.released = await self._offers.release(order_ids, MOVED)

    async def _open(self, terms: list[NewOffer], tally: _Tally) -> None:
        for result in await self._offers.open(terms):
            if isinstance(result, Offer):
                tally.offers += 1
                tally.offered.extend(result.terms.order_ids)
            else:
                tally.refused += 1

    def _stats(self, rows: NDArray[Any], tally: _Tally, now_s: float) -> WindowStats:
        offered = set(tally.offered)
        return WindowStats(
            at_s=now_s,
            orders=len(rows),
            drivers=tally.drivers,
            pairs=tally.pairs,
            offered=len(offered),
            offers=tally.offers,
            left=sum(order_id not in offered for order_id in rows["id"].tolist()),
            refused=tally.refused,
            moved=len(tally.released),
            search_s=tally.search_s,
            snapshot_s=tally.snapshot_s,
            travel_s=self._travel.seconds,
            strategy_s=tally.strategy_s,
            offers_s=tally.offers_s,
        )
