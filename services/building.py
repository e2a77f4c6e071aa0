"""Wires the services into a marketplace."""

from __future__ import annotations

import numpy as np

from domain.ports import Clock, PaymentProvider
from domain.stores import Stores
from eta.contract import EtaModel
from matching.contract import Strategy
from roads.protocols import TravelTimes
from services.agenda import Agenda
from services.breakers import Breaker, Witness, unwitnessed
from services.cache_aside import Background, CacheAside, Pause, run_inline
from services.catalog_service import CatalogService
from services.customer_news import CustomerNews
from services.deciding import Decider
from services.driver_projection import DriverProjection
from services.eta_service import EtaService
from services.live_news import LiveNews
from services.location_service import LocationService
from services.marketplace import Marketplace
from services.match_service import MatchService
from services.nodes import NodeCache, Snap
from services.notifications import Mailbox
from services.offer_service import OfferService
from services.order_book import OrderBook
from services.order_service import OrderService
from services.payment_service import PaymentService
from services.rating_service import RatingService
from services.relay import Relay
from services.settings import MarketplaceSettings
from services.snapshot_builder import SnapshotBuilder
from services.tracking_service import TrackingService
from services.trip_service import Progress, TripService
from services.window_stats import WindowObserver, ignore_window


def build_marketplace(
    *,
    stores: Stores,
    strategy: Strategy,
    eta_model: EtaModel,
    travel: TravelTimes,
    snap: Snap,
    clock: Clock,
    rng: np.random.Generator,
    provider: PaymentProvider,
    settings: MarketplaceSettings | None = None,
    on_window: WindowObserver = ignore_window,
    witness: Witness = unwitnessed,
    pause: Pause | None = None,
    background: Background = run_inline,
) -> Marketplace:
    """Return a marketplace of one market on `stores`.

    `travel` are the believed travel times and `snap` the nearest nodes of the same road graph; `rng` is the
    strategy's own generator; `on_window` is called with the statistics of every decision, `witness` with what
    breakers do. `pause` and `background` are given by servers (see `services.cache_aside`); in a simulator
    leave them out. After a restart on stores that hold orders, `recover` the marketplace first.
    """
    settings = settings if settings is not None else MarketplaceSettings()
    guards = settings.resilience
    nodes, mailbox, agenda = NodeCache(snap), Mailbox(), Agenda()
    relay = Relay(stores.outbox, stores.bus, clock, agenda, redeliver_s=guards.redeliver_s)
    eta = EtaService(eta_model, travel, nodes)
    projection = DriverProjection(stores, mailbox)
    CustomerNews(stores.bus, mailbox)
    LiveNews(stores)
    payments = PaymentService(
        provider, stores.payments, Breaker("payment", guards.payment, clock, witness), stores.bus
    )
    orders = OrderService(stores, eta, payments, clock, settings.orders, agenda)
    offers = OfferService(stores, projection, clock, mailbox, agenda)
    book = OrderBook(stores.orders, nodes)
    builder = SnapshotBuilder(stores.drivers, book, snap, strategy, settings.match)
    decider = Decider(builder, strategy, offers, eta, travel, settings.match, rng)
    match = MatchService(
        stores,
        strategy,
        decider,
        book,
        offers,
        Breaker("matching", guards.matching, clock, witness),
        clock,
        relay,
        settings.match,
        agenda,
        on_window,
    )
    progress = Progress(eta, settings.match)
    tracking = TrackingService(stores, eta, progress, clock)
    location = LocationService(stores, projection, clock, watched=tracking.watched)
    through = CacheAside(
        cache=stores.cache,
        clock=clock,
        breaker=Breaker("cache", guards.cache, clock, witness),
        pause=pause,
        background=background,
    )
    return Marketplace(
        orders=orders,
        catalog=CatalogService(stores.catalog, through, settings.catalog),
        location=location,
        match=match,
        trips=TripService(orders, stores.orders, stores.drivers, eta, progress, clock),
        tracking=tracking,
        ratings=RatingService(stores, clock, settings.ratings),
        payments=payments,
        projection=projection,
        relay=relay,
        mailbox=mailbox,
        agenda=agenda,
    )
