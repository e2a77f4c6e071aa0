"""`dispatchlab worker`: what works beside the services, in processes of its own."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from adapters.connecting import DEFAULT_NAMESPACE, Connected, connect_all, parse_stores, store_urls
from adapters.memory import SharedClock
from adapters.stand_in import StandInProvider
from deploy.stack import Stack
from domain.errors import Unavailable, UserError
from domain.ports import Clock
from lab.console import say
from lab.options import StoresOption
from services.agenda import Agenda
from services.breakers import Breaker, unwitnessed
from services.payment_service import PaymentService
from services.relay import Relay
from services.settings import ResilienceSettings
from services.workers import RETRY_S, run_relay

if TYPE_CHECKING:
    from adapters.kafka import KafkaBus

app = typer.Typer(no_args_is_help=True, help="Run what works beside the services.")

NamespaceOption = Annotated[
    str, typer.Option(help="Schema in PostgreSQL, prefix in Valkey and Kafka: one per market.")
]


@app.command("relay")
def worker_relay(stores: StoresOption = "stack", namespace: NamespaceOption = DEFAULT_NAMESPACE) -> None:
    """Publish the events of the outbox on Kafka and keep the tables tidy, until stopped."""

    async def work(connected: Connected, stop: asyncio.Event) -> None:
        clock = await _shared_clock(connected)
        relay = Relay(connected.stores.outbox, connected.bus, clock, Agenda())
        await run_relay(relay, stop, hourly=lambda: connected.upkeep(clock.now_s()))

    _work(stores, namespace, work)


@app.command("payments")
def worker_payments(stores: StoresOption = "stack", namespace: NamespaceOption = DEFAULT_NAMESPACE) -> None:
    """Capture and void payments as the order events on Kafka say, until stopped."""

    async def work(connected: Connected, stop: asyncio.Event) -> None:
        clock, settings = await _shared_clock(connected), ResilienceSettings()
        breaker = Breaker("payment", settings.payment, clock, unwitnessed)
        PaymentService(StandInProvider(), connected.stores.payments, breaker, connected.bus)
        await cast("KafkaBus", connected.bus).run(stop)

    _work(stores, namespace, work)


def _work(
    stores: str, namespace: str, work: Callable[[Connected, asyncio.Event], Coroutine[Any, Any, None]]
) -> None:
    """Do a worker's work on real servers until SIGTERM or Ctrl-C."""
    urls = store_urls(Stack().urls()) if stores == "stack" else parse_stores(stores)
    if urls.kafka is None:
        raise UserError("a worker needs Kafka: add kafka://host:port to --stores")

    async def until_stopped() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        while not stop.is_set():
            try:
                connected = await connect_all(urls, namespace=namespace, is_lockstep=False)
            except Unavailable as error:
                say(f"{error}; waiting for it")
                await asyncio.sleep(RETRY_S)
                continue
            try:
                say(f"working on {namespace}; Ctrl-C stops")
                await work(connected, stop)
            except Unavailable as error:
                say(f"{error}; connecting anew")
            finally:
                await connected.close()

    asyncio.run(until_stopped())


async def _shared_clock(connected: Connected) -> Clock:
    """Return the clock of all processes of a namespace; the first one decides where it begins."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return SharedClock(await connected.database.set_zero(midnight))
