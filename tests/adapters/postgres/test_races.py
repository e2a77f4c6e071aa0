"""Eight clients on a handful of orders: whatever they do to each other, the records tell one story."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest

from domain.errors import Conflict
from domain.events import Event, EventKind, Topic
from domain.offers import Offer, OfferState
from domain.order_state import TRANSITIONS, Action, Actor, Assignment, OrderState
from domain.orders import Order, Transition
from domain.stores import Stores
from tests.adapters.postgres.commands import Commands, confirmed, offer_of
from tests.contract.stores.backend import Backend
from tests.contract.stores.on_postgres import Home

CLIENTS, COMMANDS = 8, 80
ARROWS = {(before, after) for (before, _, _), after in TRANSITIONS.items()}
ENDS = {
    EventKind.OFFER_ACCEPTED,
    EventKind.OFFER_DECLINED,
    EventKind.OFFER_EXPIRED,
    EventKind.OFFER_WITHDRAWN,
}


async def client(stores: Stores, seed: int) -> None:
    """Give random commands about the orders that there are; refusals are part of the game."""
    commands = Commands(seed)
    commands.latest = 10
    for _ in range(COMMANDS):
        await commands.one(stores)


async def relay(stores: Stores, is_over: asyncio.Event) -> list[Event]:
    """Take events from the outbox as they come, like the relay."""
    seen: list[Event] = []
    while True:
        was_over = is_over.is_set()
        events = await stores.outbox.pending(50)
        await stores.outbox.mark_sent([event.id for event in events])
        seen += events
        if was_over and not events:
            return seen
        await asyncio.sleep(0.001)


async def rush(stores: Stores, seed: int) -> tuple[list[Event], list[Order]]:
    """Let the clients loose; return the events in the order in which the relay got them, and the orders."""
    await stores.orders.place([Commands(seed).new_order(None) for _ in range(10)])
    is_over = asyncio.Event()
    relaying = asyncio.create_task(relay(stores, is_over))
    await asyncio.gather(*(client(stores, 100 * seed + i) for i in range(CLIENTS)))
    is_over.set()
    events = await relaying
    number = sum(event.kind is EventKind.ORDER_PLACED for event in events)
    return events, await stores.orders.get(range(1, number + 1))


@pytest.mark.parametrize("seed", range(3))
def test_orders_audit_and_events_agree_after_a_rush(backend: Backend, seed: int) -> None:
    events, orders = backend.run(rush(backend.stores, seed))
    of_order: defaultdict[int, list[Event]] = defaultdict(list)
    for event in events:
        if event.topic is Topic.ORDERS:
            of_order[event.key].append(event)
    for order in orders:
        rows = backend.run(backend.stores.orders.audit(order.id))
        assert len(rows) == order.version + 1
        for before, after in pairwise(rows):
            assert after.before == {key: before.after[key] for key in ("state", "assignment")}
            step = OrderState[after.before["state"]], OrderState[after.after["state"]]
            assert step[0] is step[1] or step in ARROWS
        assert (rows[-1].after["state"], rows[-1].after["assignment"]) == (
            order.state.name,
            order.assignment.name,
        )
        entered = [row.after["state"] for row in rows if row.before.get("state") != row.after["state"]]
        told = of_order[order.id]
        assert [event.kind.value.removeprefix("order_").upper() for event in told] == entered
        versions = [event.data["version"] for event in told]
        assert versions == sorted(set(versions))


@pytest.mark.parametrize("seed", range(3, 5))
def test_a_driver_has_one_offer_at_a_time_and_each_ends_once(backend: Backend, seed: int) -> None:
    events, orders = backend.run(rush(backend.stores, seed))
    pending = {offer.terms.driver_id: offer.id for offer in backend.run(backend.stores.offers.pending())}
    asked: dict[int, int] = {}
    for event in events:
        if event.kind is EventKind.OFFER_MADE:
            assert event.key not in asked
            asked[event.key] = event.data["offer_id"]
        elif event.kind in ENDS:
            assert asked.pop(event.key) == event.data["offer_id"]
    assert asked == pending
    offered = {order.id for order in orders if order.assignment is Assignment.OFFERED}
    offers = backend.run(backend.stores.offers.pending())
    assert offered == {order_id for offer in offers for order_id in offer.terms.order_ids}


def test_overlapping_bundles_never_share_an_order(backend: Backend) -> None:
    """Eight match services offer overlapping bundles, given in both directions, at the same moment."""
    offers = backend.stores.offers

    async def race() -> list[Any]:
        ids = [order.id for order in await confirmed(backend.stores, 8)]
        bundles = [(ids[i], ids[(i + 1) % 8], ids[(i + 2) % 8]) for i in range(8)]
        asked = [offer_of(bundle if i % 2 else bundle[::-1], 20 + i) for i, bundle in enumerate(bundles)]
        return await asyncio.gather(*(offers.open([one]) for one in asked))

    for _ in range(5):
        opened = [results[0] for results in backend.run(race()) if isinstance(results[0], Offer)]
        taken = [order_id for offer in opened for order_id in offer.terms.order_ids]
        assert 1 <= len(opened) <= 2
        assert len(taken) == len(set(taken))
        backend.run(offers.expire(1e6))


def test_of_eight_processes_that_expire_offers_one_returns_each(backend: Backend) -> None:
    stores = backend.stores
    orders = backend.run(confirmed(stores, 12))
    opened = backend.run(stores.offers.open([offer_of((one.id,), 20 + i) for i, one in enumerate(orders)]))
    batches = backend.together([stores.offers.expire(230.0) for _ in range(8)])
    assert sorted(offer.id for batch in batches for offer in batch) == [offer.id for offer in opened]
    assert all(order.assignment is Assignment.UNASSIGNED for order in backend.run(stores.orders.live()))


def test_an_answer_and_a_cancellation_of_a_bundle_leave_no_order_between(backend: Backend) -> None:
    stores = backend.stores

    async def race() -> tuple[Any, ...]:
        first, second = await confirmed(stores, 2)
        (offer,) = await stores.offers.open([offer_of((first.id, second.id), 11)])
        cancel = Transition(
            order_id=second.id, action=Action.CANCEL, actor=Actor.ADMIN, actor_id=1, at_s=201.0
        )
        answer, cancelled = await asyncio.gather(
            stores.offers.accept(offer.id, 11, 201.0),
            stores.orders.transition([cancel]),
            return_exceptions=True,
        )
        closed = await stores.offers.get(offer.id)
        return answer, cancelled[0], closed, await stores.orders.get([first.id, second.id])

    for _ in range(20):
        answer, cancelled, closed, (first, second) = backend.run(race())
        assert cancelled.state is second.state is OrderState.CANCELLED
        if closed.state is OfferState.ACCEPTED:
            assert first.driver_id == 11
        else:
            assert isinstance(answer, Conflict)
            assert closed.state is OfferState.WITHDRAWN
            assert first.assignment is Assignment.UNASSIGNED


def test_of_twins_that_place_under_one_claim_both_get_the_one_order(backend: Backend) -> None:
    stores = backend.stores
    backend.run(stores.idempotency.claim("twins", "body", now_s=0.0, ttl_s=100.0))
    placed = backend.together([stores.orders.place([Commands(1).new_order("twins")]) for _ in range(8)])
    assert {orders[0].id for orders in placed} == {1}
    assert len(backend.run(stores.orders.live())) == 1


def test_refusals_leave_no_gap_in_the_numbers(backend: Backend, here: Home) -> None:
    stores = backend.stores
    backend.together([stores.orders.place([Commands(1).new_order("nobody's")]) for _ in range(3)])
    first, second = backend.run(confirmed(stores, 2))
    refused = [offer_of((999,), 11), offer_of((first.id,), 12), offer_of((first.id,), 13), offer_of((), 14)]
    results = backend.run(
        stores.offers.open([*refused, offer_of((second.id,), 12), offer_of((second.id,), 15)])
    )
    assert [one.id for one in results if isinstance(one, Offer)] == [1, 2]
    assert [first.id, second.id] == [1, 2]
    events = backend.run(stores.outbox.pending(100))
    assert [event.id for event in events] == list(range(1, len(events) + 1))
