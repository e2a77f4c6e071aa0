"""What people and other programs rely on in the tables: grants, views, names, partitions, upkeep."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

import asyncpg
import numpy as np
import pytest

from adapters.postgres import (
    PostgresDatabase,
    PostgresHistory,
    PostgresSettings,
    connect,
    maintain,
    postgres_stores,
)
from domain.errors import Unavailable
from domain.offers import OfferState
from domain.order_state import Action, Actor, Assignment, OrderState
from domain.orders import Transition
from domain.payments import PaymentState, Settlement
from domain.units import DAY_S
from tests.adapters.postgres.commands import Commands
from tests.contract.stores.on_postgres import Home


async def owned(here: Home, *statements: str) -> list[Any]:
    """Run statements as the owner of the schema; return the last one's rows."""
    connection = await asyncpg.connect(here.url, server_settings={"search_path": here.schema})
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        rows: list[Any] = await connection.fetch(statements[-1])
        return rows
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit_logs SET actor = 'nobody'", "DELETE FROM audit_logs", "TRUNCATE audit_logs"],
)
def test_nobody_rewrites_the_audit_log(here: Home, change: str) -> None:
    (order,) = here.runner.run(postgres_stores(here.database).orders.place([Commands(1).new_order(None)]))
    for attempt in (here.database.row(change), owned(here, change)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            here.runner.run(attempt)
    assert len(here.runner.run(postgres_stores(here.database).orders.audit(order.id))) == 1


@pytest.mark.parametrize(
    "change", ["DROP TABLE orders", "DELETE FROM orders", "CREATE TABLE mine (id integer)"]
)
def test_the_program_may_change_no_table_and_delete_no_order(here: Home, change: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        here.runner.run(here.database.row(change))


@pytest.mark.parametrize(
    ("function", "states"),
    [
        ("order_state_name", OrderState),
        ("assignment_name", Assignment),
        ("offer_state_name", OfferState),
        ("payment_state_name", PaymentState),
    ],
)
def test_views_know_the_names_of_all_states(here: Home, function: str, states: type[IntEnum]) -> None:
    rows = here.runner.run(
        owned(here, f"SELECT code, {function}(code::smallint) FROM generate_series(0, 20) AS code")
    )
    assert {code: name for code, name in rows if name is not None} == {int(one): one.name for one in states}


def test_views_show_names_and_moments(here: Home) -> None:
    midnight = datetime(2026, 5, 4, tzinfo=UTC)
    stores = postgres_stores(here.database)

    async def story() -> list[Any]:
        await owned(here, "DELETE FROM clock")
        assert await here.database.zero_at() is None
        assert await here.database.set_zero(midnight) == midnight
        assert await here.database.set_zero(midnight + timedelta(days=1)) == midnight
        (order,) = await stores.orders.place([Commands(1).new_order(None)])
        cancel = Transition(
            order_id=order.id,
            action=Action.CANCEL,
            actor=Actor.ADMIN,
            actor_id=1,
            at_s=3661.5,
            updates={"cancel_reason": "rain"},
        )
        await stores.orders.transition([cancel])
        orders = await here.database.rows("SELECT state, cancelled_at, cancel_reason FROM orders_v")
        audit = await here.database.rows(
            "SELECT event_type, created_at, changes FROM audit_logs_v ORDER BY id"
        )
        return [*orders, audit[-1]]

    order, audit = here.runner.run(story())
    at = midnight + timedelta(seconds=3661.5)
    assert tuple(order) == ("CANCELLED", at, "rain")
    assert tuple(audit) == (
        "ORDER_CANCELLED",
        at,
        {
            "before": {"state": "PLACED", "assignment": "UNASSIGNED"},
            "after": {"state": "CANCELLED", "assignment": "UNASSIGNED", "cancel_reason": "rain"},
        },
    )


def days(here: Home) -> list[int]:
    return [row[0] for row in here.runner.run(owned(here, "SELECT location_days()"))]


def record_day(history: PostgresHistory, day: int, drivers: int = 3) -> None:
    history.record(np.arange(drivers), np.full(drivers, 49.2), np.full(drivers, -123.1), day * DAY_S + 5.0)


def test_partitions_are_made_ahead_and_dropped_by_age(here: Home) -> None:
    history = postgres_stores(here.database).history
    here.runner.run(owned(here, "SELECT drop_location_days(1000000)"))
    record_day(history, 100)
    record_day(history, 140)
    here.runner.run(history.flush())
    assert days(here) == [100, 140]
    done = here.runner.run(maintain(here.database, 140 * DAY_S + 3600.0))
    assert days(here) == [140, 141, 142]
    assert (done.days_made, done.days_dropped) == (2, 1)
    assert here.runner.run(history.track(1, 0.0, 1e9))[:, 0].tolist() == [140 * DAY_S + 5.0]
    again = here.runner.run(maintain(here.database, 140 * DAY_S + 3600.0))
    assert (again.days_made, again.days_dropped) == (0, 0)


def test_processes_may_make_the_same_partitions_at_once(here: Home) -> None:
    here.runner.run(owned(here, "SELECT drop_location_days(1000000)"))

    async def flush_all() -> list[int]:
        histories = [postgres_stores(here.database).history for _ in range(6)]
        for history in histories:
            record_day(history, 200)
        return await asyncio.gather(*(history.flush() for history in histories))

    assert here.runner.run(flush_all()) == [3] * 6
    assert days(here) == [200]


def test_upkeep_forgets_keys_sent_events_and_processed_events_in_their_time(here: Home) -> None:
    stores, settings = postgres_stores(here.database), here.database.settings

    async def story() -> tuple[Any, Any]:
        for number in range(2):
            await stores.idempotency.claim(f"k{number}", "body", now_s=0.0, ttl_s=100.0 + 1e7 * number)
        await stores.orders.place([replace_time(Commands(1), at_s) for at_s in (10.0, 20.0)])
        await stores.outbox.mark_sent([1])
        await stores.payments.settle(
            "g", [Settlement(event_id=1, order_id=1, state=PaymentState.CAPTURED, at_s=10.0)]
        )
        early = await maintain(here.database, 99.0)
        return early, await maintain(here.database, max(settings.seen_kept_s, settings.sent_kept_s) + 50.0)

    early, late = here.runner.run(story())
    assert (early.keys, early.sent_events, early.processed_events) == (0, 0, 0)
    assert (late.keys, late.sent_events, late.processed_events) == (1, 1, 1)
    assert [event.id for event in here.runner.run(stores.outbox.pending(9))] == [2]


def replace_time(commands: Commands, at_s: float) -> Any:
    commands.at_s = at_s
    return commands.new_order(None)


def test_sent_events_stay_as_a_record(here: Home) -> None:
    stores = postgres_stores(here.database)

    async def story() -> list[Any]:
        await stores.orders.place([Commands(1).new_order(None)])
        await stores.outbox.mark_sent([1, 1])
        assert await stores.outbox.pending(9) == []
        return await here.database.rows("SELECT id, sent_at FROM outbox_v")

    (row,) = here.runner.run(story())
    assert row[0] == 1
    assert row[1] is not None


def small(here: Home) -> PostgresDatabase:
    settings = PostgresSettings(connections=1, history_rows_max=10)
    return here.runner.run(connect(here.url, schema=here.schema, settings=settings))


def test_positions_that_nobody_flushes_do_not_fill_the_memory(here: Home) -> None:
    database = small(here)
    try:
        history = postgres_stores(database).history
        for day in range(8):
            record_day(history, day, drivers=3)
        assert history.dropped_rows == 15
        assert here.runner.run(history.flush()) == 9
        assert history.dropped_rows == 15
        assert here.runner.run(history.track(0, 0.0, 1e9))[:, 0].tolist() == [
            d * DAY_S + 5.0 for d in (5, 6, 7)
        ]
    finally:
        here.runner.run(database.close())


def test_positions_that_could_not_be_written_are_written_later(
    here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = postgres_stores(here.database).history
    monkeypatch.setattr("adapters.postgres.history.ROWS_PER_COPY", 4)
    record_day(history, 7, drivers=10)
    run, calls = here.database.run, []

    async def failing(work: Any, **options: Any) -> Any:
        calls.append(work)
        if len(calls) == 3:  # the partition, four rows, and then the server goes away
            raise Unavailable("gone")
        return await run(work, **options)

    monkeypatch.setattr(here.database, "run", failing)
    with pytest.raises(Unavailable):
        here.runner.run(history.flush())
    record_day(history, 8, drivers=1)
    assert here.runner.run(history.flush()) == 7
    assert here.runner.run(here.database.row("SELECT count(*) FROM driver_locations"))[0] == 11


def test_a_track_is_in_the_order_of_time_and_exact(here: Home) -> None:
    history = postgres_stores(here.database).history
    for at_s, lat in ((20.5, 49.1), (10.25, np.nextafter(49.2, 50.0)), (30.0, -0.0)):
        history.record(np.array([5, 6]), np.array([lat, 1.0]), np.array([-123.1, 2.0]), at_s)
    here.runner.run(history.flush())
    track = here.runner.run(history.track(5, 10.25, 30.0))
    assert track.tolist() == [[10.25, np.nextafter(49.2, 50.0), -123.1], [20.5, 49.1, -123.1]]
