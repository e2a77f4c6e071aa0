"""What is particular to the memory adapters."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from adapters.memory import (
    MemoryBus,
    MemoryDatabase,
    MemoryDriverIndex,
    MemoryIdempotencyStore,
    SystemClock,
    VirtualClock,
    driver_table,
    grid,
    id_map,
    memory_stores,
    nearest,
)
from adapters.memory.warm import warm_up
from adapters.quantise import quantise
from domain import ports
from domain.drivers import DriverProfiles, DriverStatus, Stop
from domain.errors import InvalidRequest, ServiceError
from domain.events import Event, EventKind, Topic
from domain.order_state import Action, Actor
from domain.orders import Transition
from domain.stop_kind import StopKind
from services.drive import drive

ONE = np.array([1], np.int64)
FLOAT = np.array([49.0])
PROFILE = DriverProfiles(
    id=ONE,
    vehicle=np.zeros(1, np.int8),
    capacity=np.ones(1, np.int16),
    rating=np.full(1, 4.0),
    goal_deliveries=np.zeros(1, np.int32),
    shift_end_s=np.full(1, 9.0),
    lat=FLOAT,
    lon=FLOAT,
)
CONFIRM = Transition(order_id=1, action=Action.CONFIRM, actor=Actor.RESTAURANT, actor_id=1, at_s=1.0)
ARGUMENTS: dict[type, dict[str, tuple[Any, ...] | dict[str, Any]]] = {
    ports.OrderStore: {
        "place": ([],),
        "get": ([1],),
        "items": (1,),
        "transition": ([CONFIRM],),
        "live": (),
        "audit": (1,),
    },
    ports.OfferStore: {
        "open": ([],),
        "get": (1,),
        "pending": (),
        "refusals": ([1],),
        "accept": (1, 1, 0.0),
        "decline": (1, 1, 0.0),
        "expire": (1.0,),
        "release": ([1], 1.0, "x"),
    },
    ports.Outbox: {"pending": (5,), "mark_sent": ([1],)},
    ports.EventBus: {"publish": ([],), "deliver": ()},
    ports.DriverIndex: {
        "sign_on": (PROFILE, 0.0),
        "move": (ONE, FLOAT, FLOAT, 1.0),
        "set_status": (ONE, DriverStatus.AVAILABLE),
        "set_plan": (1, ()),
        "move_rating": (1, 4.0, 0.1),
        "states": (ONE,),
        "plan": (1,),
        "nearest": {
            "lat": FLOAT,
            "lon": FLOAT,
            "k": 1,
            "radius_m": 9.0,
            "now_s": 1.0,
            "max_load": 0,
        },
        "sign_off": (ONE,),
    },
    ports.CatalogStore: {
        "add": ([], []),
        "menu": (1,),
        "cuisines": (),
        "nearby": {"lat": 1.0, "lon": 1.0, "radius_m": 1.0, "limit": 1},
        "update_restaurant": (None,),
        "amend_restaurant": (1,),
        "update_item": (None,),
    },
    ports.RatingStore: {"add": (None,)},
    ports.Cache: {
        "get": ("k", 0.0),
        "begin_fill": ("k", 0.0),
        "finish_fill": {"key": "k", "token": 1, "value": 1, "ttl_s": 1.0, "now_s": 0.0},
        "invalidate": (["k"],),
    },
    ports.IdempotencyStore: {
        "claim": {"key": "k", "fingerprint": "f", "now_s": 0.0, "ttl_s": 1.0},
        "complete": ("k", 1),
        "release": ("k",),
    },
    ports.PaymentStore: {"get": (1,), "settle": ("g", [])},
    ports.LocationHistory: {"flush": (), "track": (1, 0.0, 1.0)},
    ports.SessionStore: {"open": (Actor.DRIVER, 1, 0.0), "get": ("t", 0.0), "close": ("t",)},
    ports.LiveFeed: {"publish": ([],)},
}
FIELDS = {
    ports.OrderStore: "orders",
    ports.OfferStore: "offers",
    ports.Outbox: "outbox",
    ports.EventBus: "bus",
    ports.DriverIndex: "drivers",
    ports.CatalogStore: "catalog",
    ports.RatingStore: "ratings",
    ports.Cache: "cache",
    ports.IdempotencyStore: "idempotency",
    ports.PaymentStore: "payments",
    ports.LocationHistory: "history",
    ports.SessionStore: "sessions",
    ports.LiveFeed: "feed",
}


def _methods(port: type) -> set[str]:
    return {
        name
        for name, member in inspect.getmembers(port, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }


@pytest.mark.parametrize("port", FIELDS, ids=lambda port: port.__name__)
def test_no_coroutine_of_a_memory_store_suspends(port: type) -> None:
    assert set(ARGUMENTS[port]) == _methods(port)
    store = getattr(memory_stores(), FIELDS[port])
    for name, arguments in ARGUMENTS[port].items():
        call = getattr(store, name)
        coroutine = call(**arguments) if isinstance(arguments, dict) else call(*arguments)
        try:
            with pytest.raises(StopIteration):  # the coroutine has finished
                coroutine.send(None)
        except (ServiceError, AttributeError):
            continue  # refused; it has finished too


def test_driving_a_coroutine_that_suspends_is_an_error() -> None:
    class Forever:
        def __await__(self) -> Any:
            yield

    async def wait() -> None:
        await Forever()

    with pytest.raises(RuntimeError, match="suspended"):
        drive(wait())


def test_a_virtual_clock_stands_until_set_and_never_goes_back() -> None:
    clock = VirtualClock(5.0)
    clock.set_s(7.0)
    clock.set_s(7.0)
    assert clock.now_s() == 7.0
    for wrong in (6.9, float("nan")):
        with pytest.raises(ValueError, match="go back"):
            clock.set_s(wrong)


def test_the_system_clock_counts_from_local_midnight() -> None:
    now = datetime.now().astimezone()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    assert SystemClock().now_s() % 86400 == pytest.approx((now - midnight).total_seconds(), abs=5.0)


def _event(number: int) -> Event:
    return Event(id=number, topic=Topic.ORDERS, kind=EventKind.ORDER_PLACED, key=1, at_s=0.0, data={})


def test_what_a_handler_publishes_comes_after_the_batch_in_hand() -> None:
    bus, seen = MemoryBus(), []

    async def first(events: Sequence[Event]) -> None:
        if events[0].id == 1:
            await bus.publish([_event(2)])

    async def second(events: Sequence[Event]) -> None:
        seen.extend(event.id for event in events)

    bus.subscribe(Topic.ORDERS, "first", first)
    bus.subscribe(Topic.ORDERS, "second", second)
    drive(bus.publish([_event(1)]))
    assert seen == [1, 2]
    with pytest.raises(ValueError, match="already"):
        bus.subscribe(Topic.ORDERS, "first", second)


def test_a_handler_that_fails_fails_the_publish_and_the_bus_goes_on() -> None:
    bus, seen = MemoryBus(), []

    async def fragile(events: Sequence[Event]) -> None:
        if events[0].id == 1:
            raise RuntimeError("broken")
        seen.extend(event.id for event in events)

    bus.subscribe(Topic.ORDERS, "fragile", fragile)
    with pytest.raises(RuntimeError):
        drive(bus.publish([_event(1)]))
    drive(bus.publish([_event(2)]))
    assert seen == [2]


def test_idempotency_keys_past_their_time_are_swept() -> None:
    database = MemoryDatabase()
    keys = MemoryIdempotencyStore(database)
    for i in range(10):
        drive(keys.claim(f"k{i}", "f", now_s=float(i), ttl_s=5.0))
    assert len(database.keys) == 5


def test_positions_are_rounded_as_valkey_rounds_them() -> None:
    # GEOADD Sicily 13.361389 38.115556 "Palermo" 15.087269 37.502669 "Catania", then GEOPOS (Valkey's manual)
    lat, lon = quantise(np.array([38.115556, 37.502669]), np.array([13.361389, 15.087269]))
    assert lon.tolist() == pytest.approx([13.36138933897018433, 15.08726745843887329], abs=1e-15)
    assert lat.tolist() == pytest.approx([38.11555639549629859, 37.50266842333162032], abs=1e-15)
    again = quantise(lat, lon)
    assert (again[0] == lat).all()
    assert (again[1] == lon).all()
    for bad_lat, bad_lon in ((85.1, 0.0), (0.0, 180.1), (float("nan"), 0.0)):
        with pytest.raises(InvalidRequest):
            quantise(np.array([bad_lat]), np.array([bad_lon]))


def test_a_quantised_index_keeps_rounded_positions() -> None:
    index = MemoryDriverIndex(quantised=True)
    drive(index.sign_on(PROFILE, 0.0))
    drive(index.move(ONE, np.array([38.115556]), np.array([13.361389]), 1.0))
    states = drive(index.states(ONE))
    assert (states.lat[0], states.lon[0]) == (38.11555639549629859, 13.36138933897018433)


def test_what_is_written_value_by_value_stays_when_the_tables_grow() -> None:
    index = MemoryDriverIndex()
    drive(index.sign_on(PROFILE, 0.0))
    plan = tuple(Stop(kind=StopKind.DROPOFF, order_id=i, lat=i / 8, lon=-i / 8) for i in range(1, 21))
    drive(index.set_plan(1, plan, delivered=2))
    for driver_id in range(2, 200):
        drive(index.sign_on(replace(PROFILE, id=np.array([driver_id])), 0.0))
        drive(index.set_plan(driver_id, plan[:1]))
    drive(index.set_plan(1, plan[3:], delivered=1))
    drive(index.set_status(ONE, DriverStatus.ON_BREAK))
    drive(index.move_rating(1, 1.0, 0.5))
    states = drive(index.states(np.array([1, 199])))
    assert (states.plan(0), states.plan(1)) == (plan[3:], plan[:1])
    assert states.load.tolist() == [17, 1]
    assert states.deliveries.tolist() == [3, 0]
    assert states.status.tolist() == [DriverStatus.ON_BREAK, DriverStatus.AVAILABLE]
    assert states.rating.tolist() == [0.5 * (PROFILE.rating[0] + 1.0), PROFILE.rating[0]]


def test_after_warming_up_nothing_compiles() -> None:
    warm_up()
    kernels = [
        *(driver_table._read, driver_table._read_stops),
        *(grid._move, grid._place, grid._remove),
        *(id_map._find, id_map._insert, nearest.nearest_rows),
    ]
    before = [len(kernel.signatures) for kernel in kernels]
    assert all(before)
    index = MemoryDriverIndex()
    drive(index.sign_on(PROFILE, 0.0))
    drive(index.move([1], FLOAT.astype(np.float32), [8.0], 1))  # type: ignore[arg-type]
    for status in (DriverStatus.OFFLINE, DriverStatus.AVAILABLE):
        drive(index.set_status(ONE.astype(np.int32), status, expected=None))
    drive(index.set_plan(1, (Stop(kind=StopKind.PICKUP, order_id=1, lat=1.0, lon=1.0),)))
    assert drive(index.states([1])).stop_order_id.tolist() == [1]  # type: ignore[arg-type]
    found = drive(index.nearest(FLOAT, [8.0], k=1, radius_m=9, now_s=1, max_load=0))  # type: ignore[arg-type]
    assert found.driver_id.tolist() == []  # the plan's order is a load of one
    assert [len(kernel.signatures) for kernel in kernels] == before
