"""EventBus: every group, in order per key, at least once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from domain.errors import Unavailable
from domain.events import Event, EventKind, Topic

pytestmark = pytest.mark.port("bus")


def event(number: int, key: int, topic: Topic = Topic.ORDERS) -> Event:
    return Event(id=number, topic=topic, kind=EventKind.ORDER_PLACED, key=key, at_s=0.0, data={})


def test_every_group_gets_every_event_of_its_topic_in_order_per_key(backend: Any) -> None:
    run, bus = backend.run, backend.stores.bus
    seen: dict[str, list[int]] = {"a": [], "b": []}

    def handler(group: str) -> Any:
        async def take(events: Any) -> None:
            seen[group].extend(one.id for one in events)

        return take

    for group in seen:
        bus.subscribe(Topic.ORDERS, group, handler(group))
    run(bus.publish([event(1, 1), event(2, 2, Topic.DISPATCH), event(3, 1)]))
    run(bus.publish([event(4, 1)]))
    assert seen == {"a": [1, 3, 4], "b": [1, 3, 4]}


def test_a_group_gets_the_kinds_it_asks_for(backend: Any) -> None:
    run, bus, seen = backend.run, backend.stores.bus, []

    async def take(events: Any) -> None:
        seen.append([one.id for one in events])
        if len(seen) == 1:
            raise Unavailable("not now")

    bus.subscribe(Topic.ORDERS, "a", take, kinds=[EventKind.ORDER_READY])
    ready = [replace(event(number, 1), kind=EventKind.ORDER_READY) for number in (2, 4)]
    run(bus.publish([event(1, 1), ready[0], event(3, 1)]))
    run(bus.publish([ready[1], event(5, 1)]))
    run(bus.deliver())
    assert seen[0] == [2]
    assert [number for numbers in seen[1:] for number in numbers] == [2, 4]


def test_events_come_through_as_they_were(backend: Any) -> None:
    run, bus, seen = backend.run, backend.stores.bus, []

    async def take(events: Any) -> None:
        seen.extend(events)

    bus.subscribe(Topic.DISPATCH, "a", take)
    data = {"offer_id": 3, "driver_id": 2**40, "order_ids": [1, 2], "reason": None, "x": 0.1 + 0.2}
    sent = Event(id=9, topic=Topic.DISPATCH, kind=EventKind.OFFER_MADE, key=2**40, at_s=1e-9, data=data)
    run(bus.publish([sent]))
    assert seen == [sent]


def test_positions_come_through_as_arrays(backend: Any) -> None:
    run, bus, seen = backend.run, backend.stores.bus, []

    async def take(events: Any) -> None:
        seen.extend(events)

    bus.subscribe(Topic.LOCATIONS, "a", take)
    data = {"driver_ids": np.array([5, 2**40]), "lat": np.array([49.1, 0.1]), "lon": np.array([1.0, -2.5])}
    run(
        bus.publish(
            [Event(id=0, topic=Topic.LOCATIONS, kind=EventKind.DRIVERS_MOVED, key=0, at_s=3.0, data=data)]
        )
    )
    (event_,) = seen
    assert {name: column.tolist() for name, column in event_.data.items()} == {
        name: column.tolist() for name, column in data.items()
    }


def test_a_handler_that_was_unavailable_gets_the_events_again(backend: Any) -> None:
    run, bus, seen = backend.run, backend.stores.bus, []

    async def take(events: Any) -> None:
        seen.extend(one.id for one in events)
        if len(seen) == 1:
            raise Unavailable("not now")

    bus.subscribe(Topic.ORDERS, "a", take)
    run(bus.publish([event(1, 1)]))
    run(bus.publish([event(2, 1)]))
    assert (seen, bus.backlog()) == ([1], 2)
    run(bus.deliver())
    assert (seen, bus.backlog()) == ([1, 1, 2], 0)


def test_a_group_that_waits_holds_up_nobody_else(backend: Any) -> None:
    run, bus, seen = backend.run, backend.stores.bus, []

    async def down(events: Any) -> None:
        raise Unavailable("not now")

    async def take(events: Any) -> None:
        seen.extend(one.id for one in events)

    bus.subscribe(Topic.ORDERS, "a", down)
    bus.subscribe(Topic.ORDERS, "b", take)
    run(bus.publish([event(1, 1)]))
    run(bus.publish([event(2, 1)]))
    run(bus.deliver())
    assert (seen, bus.backlog()) == ([1, 2], 2)


@pytest.mark.parametrize("was_down", [False, True])
def test_what_a_handler_publishes_comes_after_the_batch_in_hand(backend: Any, was_down: bool) -> None:
    run, bus, log = backend.run, backend.stores.bus, []
    is_down = was_down

    async def take(events: Any) -> None:
        if is_down:
            raise Unavailable("not now")
        log.append([one.id for one in events])
        if log == [[1, 2]]:
            await bus.publish([event(10, 1)])
            log.append("published")

    bus.subscribe(Topic.ORDERS, "a", take)
    run(bus.publish([event(1, 1), event(2, 1)]))
    is_down = False
    run(bus.deliver())
    assert log == [[1, 2], "published", [10]]


def test_a_group_subscribes_once(backend: Any) -> None:
    async def take(events: Any) -> None: ...

    backend.stores.bus.subscribe(Topic.ORDERS, "a", take)
    with pytest.raises(ValueError, match="'a'"):
        backend.stores.bus.subscribe(Topic.ORDERS, "a", take)
