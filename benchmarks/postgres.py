"""What the PostgreSQL adapters cost: `python -m benchmarks.postgres [--url URL]`.

Order life-cycles (place, confirm, start, ready, offer, accept, pick up, deliver, complete: nine calls) by the
adapters, in turns with bare asyncpg that runs the same statements with the same arguments on connections of
its own: the ratio is what pool, retries, rules and objects cost. Positions written, restaurants searched.
Without a URL a server is started in a scratch folder. Wall time: the server works in other processes.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import asyncpg
import numpy as np

from adapters.postgres import PostgresDatabase, connect, drop, migrate, offer_sql, postgres_stores
from adapters.postgres.order_sql import PLACE
from adapters.postgres.sessions import agree
from deploy.postgres import start_postgres
from domain.catalog import Restaurant
from domain.drivers import Stop
from domain.offers import NewOffer
from domain.order_state import Action, Actor
from domain.orders import NewOrder, OrderItem, OrderRequest, Transition
from domain.stop_kind import StopKind

SCHEMA = "benchmark"
CALLS = 9
ROUNDS = 3


def new_order(client: int) -> NewOrder:
    items = tuple(OrderItem(menu_item_id=i, quantity=1, price_cents=900) for i in range(3))
    request = OrderRequest(
        idempotency_key="k",
        customer_id=client,
        restaurant_id=3,
        customer_lat=49.2,
        customer_lon=-123.1,
        items=items,
    )
    return NewOrder(
        request=request,
        restaurant_lat=49.25,
        restaurant_lon=-123.12,
        subtotal_cents=2700,
        delivery_fee_cents=299,
        placed_at_s=100.0,
        prep_quote_s=600.0,
        promised_at_s=2000.0,
        eta_placement_s=1700.0,
        payment="reference",
    )


def new_offer(order_id: int, driver_id: int) -> NewOffer:
    return NewOffer(
        driver_id=driver_id,
        order_ids=(order_id,),
        plan=tuple(Stop(kind=kind, order_id=order_id, lat=49.2, lon=-123.1) for kind in StopKind),
        created_at_s=200.0,
        expires_at_s=230.0,
        pay_cents=500,
        drive_s_est=300.0,
        pickup_m=420.0,
        eta_s=(1600.0,),
    )


class Recorder:
    """A database that notes the statements that the stores give it."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self.notes: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        run = getattr(self._database, name)

        async def noted(statement: str, *arguments: Any, **options: Any) -> Any:
            self.notes.append((statement, arguments))
            return await run(statement, *arguments, **options)

        return noted


async def live(stores: Any, client: int) -> None:
    """One order's life through the adapters; each client has its own driver."""
    orders, offers, driver_id = stores.orders, stores.offers, 1000 + client

    async def act(action: Action, actor: Actor, actor_id: int | None) -> None:
        change = Transition(order_id=order.id, action=action, actor=actor, actor_id=actor_id, at_s=300.0)
        (after,) = await orders.transition([change])
        if isinstance(after, Exception):
            raise after

    (order,) = await orders.place([new_order(client)])
    await act(Action.CONFIRM, Actor.RESTAURANT, 3)
    await act(Action.START_PREP, Actor.RESTAURANT, 3)
    await act(Action.READY, Actor.RESTAURANT, 3)
    (offer,) = await offers.open([new_offer(order.id, driver_id)])
    await offers.accept(offer.id, driver_id, 210.0)
    await act(Action.PICK_UP, Actor.DRIVER, driver_id)
    await act(Action.DELIVER, Actor.DRIVER, driver_id)
    await act(Action.COMPLETE, Actor.SYSTEM, None)


async def live_bare(connection: Any, notes: list[tuple[str, tuple[Any, ...]]]) -> None:
    """The same statements and arguments, but for the numbers of order and offer."""
    order_id = offer_id = 0
    for statement, arguments in notes:
        if statement == PLACE:
            order_id = (await connection.fetchrow(statement, *arguments))[0]
        elif statement == offer_sql.OPEN:
            rows = await connection.fetch(statement, *arguments[:9], [order_id], *arguments[10:])
            offer_id = rows[0][1]
        elif statement == offer_sql.ACCEPT:
            await connection.fetchrow(statement, arguments[0], offer_id, *arguments[2:])
        else:
            await connection.fetchrow(statement, order_id, *arguments[1:])


async def pace(lives: Sequence[Callable[[], Awaitable[None]]], seconds: float) -> tuple[float, float]:
    """Return lives per second of these clients at once, and the CPU seconds of this process per life."""
    done = 0

    async def go_on(one: Callable[[], Awaitable[None]]) -> None:
        nonlocal done
        while perf_counter() < end:
            await one()
            done += 1

    began, cpu = perf_counter(), process_time()
    end = began + seconds
    await asyncio.gather(*(go_on(one) for one in lives))
    return done / (perf_counter() - began), (process_time() - cpu) / done


async def lifecycles(database: PostgresDatabase, url: str, clients: int, seconds: float) -> None:
    stores, connections, notes = postgres_stores(database), [], []
    for client in range(clients):
        recorder: Any = Recorder(database)
        await live(postgres_stores(recorder), client)
        notes.append(recorder.notes)
        settings = {"search_path": SCHEMA, "role": "dispatchlab_app", "jit": "off"}
        connections.append(await asyncpg.connect(url, server_settings=settings))
        await agree(connections[-1])
    ways = {
        "adapters": [partial(live, stores, i) for i in range(clients)],
        "asyncpg": [partial(live_bare, *each) for each in zip(connections, notes, strict=True)],
    }
    rates: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for turn in range(ROUNDS + 1):
        for way, lives in ways.items():
            measured = await pace(lives, seconds if turn else 0.3)
            if turn:  # the first only warms up
                rates[way].append(measured)
    for connection in connections:
        await connection.close()
    ours, theirs = (median(one for one, _ in rates[way]) for way in ways)
    cpu = [1e6 * median(cost for _, cost in rates[way]) / CALLS for way in ways]
    print(f"{clients} at once: {ours:,.0f} order life-cycles/s, {CALLS * ours:,.0f} calls/s;", end=" ")
    print(f"bare asyncpg {theirs:,.0f}, ratio {theirs / ours:.2f}")
    print(f"  client's CPU per call: {cpu[0]:.0f} us, bare asyncpg {cpu[1]:.0f} us")


async def window(database: PostgresDatabase, size: int) -> None:
    """A decision's offers in one call."""
    stores = postgres_stores(database)
    placed = await stores.orders.place([new_order(1) for _ in range(size)])
    await stores.orders.transition(
        [
            Transition(order_id=one.id, action=Action.CONFIRM, actor=Actor.RESTAURANT, actor_id=3, at_s=150.0)
            for one in placed
        ]
    )
    for verb in ("opened", "opened again"):
        offers = [new_offer(one.id, 5000 + i) for i, one in enumerate(placed)]
        began = perf_counter()
        await stores.offers.open(offers)
        opened_s = perf_counter() - began
        began = perf_counter()
        await stores.offers.expire(1e9)
        expired_s = perf_counter() - began
        print(
            f"window of {size} offers: {verb} in {1e3 * opened_s:.0f} ms, expired in {1e3 * expired_s:.0f} ms"
        )


async def analyse(url: str) -> None:
    """Gather statistics now; else the server does it within a minute."""
    connection = await asyncpg.connect(url, server_settings={"search_path": SCHEMA})
    await connection.execute("ANALYZE restaurants; ANALYZE driver_locations")
    await connection.close()


async def history(database: PostgresDatabase, url: str, drivers: int, batches: int) -> None:
    past, rng = postgres_stores(database).history, np.random.default_rng(1)
    ids, lat, lon = np.arange(drivers), rng.random(drivers), rng.random(drivers)
    rates = []
    for turn in range(3):
        for batch in range(batches):
            past.record(ids, lat, lon, 86_400.0 * turn + 10.0 * batch)
        began = perf_counter()
        rows = await past.flush()
        rates.append(rows / (perf_counter() - began))
    print(f"{median(rates):,.0f} positions/s written by COPY, {drivers * batches:,} at a time")
    await analyse(url)
    began = perf_counter()
    for driver in range(0, drivers, drivers // 20):
        await past.track(driver, 0.0, 86_400.0)
    print(f"  a driver's track out of {drivers * batches:,} rows: {50 * (perf_counter() - began):.1f} ms")


async def nearby(database: PostgresDatabase, url: str, restaurants: int, queries: int) -> None:
    catalog, rng = postgres_stores(database).catalog, np.random.default_rng(2)
    lat, lon = 49.0 + 0.45 * rng.random(restaurants), -123.3 + 0.68 * rng.random(restaurants)
    await catalog.add(
        [
            Restaurant(id=i, name=f"r{i}", cuisine="thai", lat=lat[i], lon=lon[i], prep_time_s=600.0)
            for i in range(restaurants)
        ],
        [],
    )
    await analyse(url)
    way = "PostGIS" if database.has_postgis else "plain"
    for clients in (1, 8):

        async def browse(client: int, clients: int = clients) -> None:
            for i in range(client, queries, clients):
                await catalog.nearby(lat[i], lon[i], radius_m=5000.0, limit=50)

        await asyncio.gather(*(browse(i) for i in range(clients)))  # warm
        began = perf_counter()
        await asyncio.gather(*(browse(i) for i in range(clients)))
        rate = queries / (perf_counter() - began)
        print(f"{rate:,.0f} searches/s, {clients} at once: 50 of {restaurants:,} within 5 km, {way}")


async def measure(url: str, seconds: float) -> None:
    for is_plain in (False, True):
        await drop(url, schema=SCHEMA)
        try:
            await migrate(url, schema=SCHEMA, is_plain=is_plain)
            database = await connect(url, schema=SCHEMA)
            try:
                if not is_plain:
                    for clients in (1, 8):
                        await lifecycles(database, url, clients, seconds)
                    await window(database, 300)
                    await history(database, url, 100_000, 5)
                await nearby(database, url, 20_000, 1000)
            finally:
                await database.close()
        finally:
            await drop(url, schema=SCHEMA)


@contextmanager
def some_server(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o711)  # for the server's own user, where this one is root
        server = start_postgres(Path(scratch) / "postgres")
        print(f"PostgreSQL {server.version}, {server.note}")
        try:
            yield server.url
        finally:
            server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a database in which a schema may be made and dropped")
    parser.add_argument("--seconds", type=float, default=2.0, help="per round")
    options = parser.parse_args()
    with some_server(options.url) as url:
        asyncio.run(measure(url, options.seconds))


if __name__ == "__main__":
    main()
