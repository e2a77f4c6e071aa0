"""The services with their agents in a process of their own: ``python -m tests.chaos.process PLACE.json``."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from adapters.connecting import connect_all, parse_stores
from adapters.memory import SharedClock
from adapters.stand_in import StandInProvider
from domain.errors import Conflict, Unavailable, UserError
from domain.events import Event, Topic
from domain.ports import Handler
from eta.registry import load_eta_model
from matching.plain_travel import PlainTravel
from matching.registry import load_strategy
from roads.snap import Snapper
from services.building import build_marketplace
from services.marketplace import Marketplace
from services.payment_service import GROUP
from tests.chaos.settings import SETTINGS, Place
from tests.chaos.shop import Shop, restaurants

T = TypeVar("T")


class WithoutWorkers:
    """A bus on which the groups that have workers of their own are not subscribed here."""

    def __init__(self, bus: Any) -> None:
        self._bus = bus
        self.publish, self.deliver, self.backlog = bus.publish, bus.deliver, bus.backlog

    def subscribe(self, topic: Topic, group: str, handler: Handler, **only: Any) -> None:
        if group != GROUP:
            self._bus.subscribe(topic, group, handler, **only)


class RelayedElsewhere:
    """An outbox that looks empty: the relay's process empties it."""

    async def pending(self, limit: int) -> list[Event]:
        return []

    async def mark_sent(self, event_ids: Sequence[int]) -> None: ...


async def serve(place: Place) -> None:
    """Run the services until the work is done or SIGTERM comes."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    connected = await _at_last(
        lambda: connect_all(parse_stores(place.stores), namespace=place.namespace, is_lockstep=False)
    )
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    clock = SharedClock(await _at_last(lambda: connected.database.set_zero(midnight)))
    bus: Any = connected.bus
    travel = PlainTravel()
    lat, lon = travel.position(np.arange(travel.node_count))
    app = build_marketplace(
        stores=replace(connected.stores, bus=WithoutWorkers(bus), outbox=RelayedElsewhere()),
        strategy=load_strategy("nearest"),
        eta_model=load_eta_model("multi_factor"),
        travel=travel,
        snap=Snapper(lat, lon).nearest,
        clock=clock,
        rng=np.random.default_rng(),
        provider=StandInProvider(),
        settings=SETTINGS,
        pause=lambda: asyncio.sleep(0.005),
    )
    await _at_last(lambda: _open_shop(app))
    await _at_last(app.recover)
    consuming = asyncio.create_task(bus.run(stop))
    shop = Shop(app, connected.stores, clock, orders=place.orders, acks=Path(place.acks))
    print("serving", flush=True)
    try:
        await shop.run(stop)
    finally:
        stop.set()
        await consuming
        await connected.close()


async def _open_shop(app: Marketplace) -> None:
    with suppress(Conflict):  # an earlier process has, or a simulation its own
        await app.add_restaurants(*restaurants())


async def _at_last(attempt: Callable[[], Awaitable[T]]) -> T:
    """Try until the servers are there: they may be down just now."""
    while True:
        try:
            return await attempt()
        except Unavailable as error:
            print(error, flush=True)
            await asyncio.sleep(0.2)


if __name__ == "__main__":
    for library in ("stamina", "asyncpg"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        asyncio.run(serve(Place.load(Path(sys.argv[1]))))
    except UserError as error:
        print(error, flush=True)
        sys.exit(2)
