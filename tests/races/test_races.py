"""Idempotency keys, offers and orders under concurrent clients of two services' processes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from domain.errors import Conflict, IdempotencyMismatch, InvalidTransition
from domain.events import AuditRow
from domain.offers import Offer, OfferState
from domain.order_state import Action, Actor, Assignment, OrderState
from domain.orders import Order, OrderItem, OrderRequest
from tests.races.market import Arena, open_arena

KEYS, CLIENTS, TRIES = 1000, 8, 300


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    yield from open_arena()


async def settled(*attempts: Awaitable[Any]) -> list[Any]:
    """Make attempts at once; return results and refusals."""
    return await asyncio.gather(*attempts, return_exceptions=True)


def check_audit(rows: Sequence[AuditRow], order: Order) -> None:
    """The log has one row per version, each going on where the one before ended."""
    assert len(rows) == order.version + 1
    for before, after in pairwise(rows):
        assert after.before["state"] == before.after["state"]
        assert after.before["assignment"] == before.after["assignment"]
    assert rows[-1].after["state"] == order.state.name


def request(key: int, *, body: int) -> OrderRequest:
    return OrderRequest(
        idempotency_key=f"key-{key}",
        customer_id=key,
        restaurant_id=1,
        customer_lat=49.25,
        customer_lon=-123.1,
        items=(OrderItem(menu_item_id=10, quantity=1 + body, price_cents=0),),
    )


def test_a_thousand_keys_each_sent_by_eight_clients_make_a_thousand_orders(arena: Arena) -> None:
    """Six clients of a key send the same body, two another one; who is told to wait asks again."""
    asked = Counter[str]()

    async def client(key: int, number: int) -> tuple[int, int | str]:
        app = arena.apps[number % len(arena.apps)]
        body = int(number >= 6)
        for _ in range(200):
            asked["requests"] += 1
            try:
                return body, (await app.place(request(key, body=body))).id
            except Conflict:
                asked["told to wait"] += 1
                await asyncio.sleep(0.002)
            except IdempotencyMismatch:
                return body, "mismatch"
        raise AssertionError("never answered")

    async def story() -> dict[int, list[tuple[int, int | str]]]:
        gate, found = asyncio.Semaphore(8), {}

        async def one_key(key: int) -> None:
            async with gate:
                order = np.random.default_rng(key).permutation(CLIENTS).tolist()
                found[key] = await asyncio.gather(*[client(key, number) for number in order])

        await asyncio.gather(*[one_key(key) for key in range(KEYS)])
        return found

    answers = arena.run(story())
    ids = set()
    for found in answers.values():
        winners = {(body, answer) for body, answer in found if answer != "mismatch"}
        assert len(winners) == 1, found
        ((body, order_id),) = winners
        assert all(answer == "mismatch" for other, answer in found if other != body)
        ids.add(order_id)
    assert len(ids) == KEYS
    orders = [one for one in arena.run(arena.stores.orders.live()) if one.id in ids]
    assert len(orders) == KEYS
    assert len({one.customer_id for one in orders}) == KEYS
    for order in orders[::50]:
        check_audit(arena.run(arena.stores.orders.audit(order.id)), order)
    print(f"{KEYS} keys x {CLIENTS} clients: {dict(asked)}, {len(ids)} orders")


def test_of_two_drivers_who_accept_one_offer_the_one_asked_gets_it(arena: Arena) -> None:
    async def attempt(number: int) -> tuple[Order, list[Any]]:
        order, offer = await arena.offered(number, at_s=100.0)
        accept = arena.stores.offers.accept
        mine, other = offer.terms.driver_id, offer.terms.driver_id + 1
        answers = await settled(
            accept(offer.id, other, 101.0), accept(offer.id, mine, 101.0), accept(offer.id, mine, 101.0)
        )
        return (await arena.stores.orders.get([order.id]))[0], answers

    for number in range(TRIES):
        order, answers = arena.run(attempt(number))
        assert sum(isinstance(one, Offer) for one in answers) == 1
        assert sum(isinstance(one, Conflict) for one in answers) == 2
        assert isinstance(answers[0], Conflict)
        assert order.assignment is Assignment.ASSIGNED
        check_audit(arena.run(arena.stores.orders.audit(order.id)), order)
    print(f"{TRIES} offers, each accepted by two drivers, one of them twice")


def test_of_a_restaurant_that_begins_and_a_customer_who_cancels_one_wins(arena: Arena) -> None:
    won = Counter[str]()

    async def attempt(number: int) -> tuple[Order, list[Any]]:
        order = await arena.confirmed(number)
        first, second = arena.apps
        answers = await settled(
            first.start_prep(order.id, 1), second.cancel(order.id, Actor.CUSTOMER, order.customer_id, "no")
        )
        return (await arena.stores.orders.get([order.id]))[0], answers

    for number in range(TRIES):
        order, answers = arena.run(attempt(number))
        assert sorted(isinstance(one, Order) for one in answers) == [False, True]
        refusal = next(one for one in answers if isinstance(one, Exception))
        assert isinstance(refusal, Conflict)
        assert str(order.id) in str(refusal) or isinstance(refusal, InvalidTransition)
        assert order.state is (
            OrderState.PREPARING if isinstance(answers[0], Order) else OrderState.CANCELLED
        )
        won[order.state.name] += 1
        check_audit(arena.run(arena.stores.orders.audit(order.id)), order)
    print(f"{TRIES} orders, restaurant against customer: {dict(won)}")


def test_an_offer_that_expires_while_it_is_accepted_does_one_of_the_two(arena: Arena) -> None:
    ended = Counter[str]()

    async def attempt(number: int) -> tuple[Order, Offer, list[Any]]:
        order, offer = await arena.offered(number, at_s=200.0 + number)
        ends_s = offer.terms.expires_at_s
        accept = arena.stores.offers.accept(offer.id, offer.terms.driver_id, ends_s - 0.001)
        expire = arena.stores.offers.expire(ends_s)
        answers = await settled(*((accept, expire) if number % 2 else (expire, accept)))
        answers = answers if number % 2 else answers[::-1]
        return (
            (await arena.stores.orders.get([order.id]))[0],
            await arena.stores.offers.get(offer.id),
            answers,
        )

    for number in range(TRIES):
        order, offer, (accepted, expired) = arena.run(attempt(number))
        ended[offer.state.name] += 1
        if offer.state is OfferState.ACCEPTED:
            assert isinstance(accepted, Offer)
            assert offer.id not in [one.id for one in expired]
            assert order.assignment is Assignment.ASSIGNED
        else:
            assert offer.state is OfferState.EXPIRED
            assert isinstance(accepted, Conflict)
            assert offer.id in [one.id for one in expired]
            assert order.assignment is Assignment.UNASSIGNED
        check_audit(arena.run(arena.stores.orders.audit(order.id)), order)
    print(f"{TRIES} offers, acceptance against expiry: {dict(ended)}")


def test_of_eight_changes_of_one_version_one_is_made(arena: Arena) -> None:
    async def attempt(number: int) -> tuple[Order, list[Any]]:
        order = await arena.placed(number)
        change = arena.transition(order, Action.CONFIRM, expected_version=order.version)
        found = await settled(*[arena.stores.orders.transition([change]) for _ in range(CLIENTS)])
        return (await arena.stores.orders.get([order.id]))[0], [one[0] for one in found]

    for number in range(TRIES // 3):
        order, answers = arena.run(attempt(number))
        assert sum(isinstance(one, Order) for one in answers) == 1
        assert sum(isinstance(one, Conflict) for one in answers) == CLIENTS - 1
        assert (order.state, order.version) == (OrderState.CONFIRMED, 1)
        check_audit(arena.run(arena.stores.orders.audit(order.id)), order)
    print(f"{TRIES // 3} orders, {CLIENTS} changes of one version at once")


def test_no_star_is_lost_and_a_restaurant_that_closes_stays_closed(arena: Arena) -> None:
    drivers, catalog = arena.stores.drivers, arena.stores.catalog
    weight = 0.1

    async def attempt(stars: float) -> float:
        driver_id = await arena.signed_on()
        moves = [drivers.move_rating(driver_id, stars, weight) for _ in range(CLIENTS)]
        amends = [catalog.amend_restaurant(1, rating=stars) for _ in range(CLIENTS)]
        found = await settled(*moves, *amends, catalog.amend_restaurant(1, is_open=False))
        assert not any(isinstance(one, BaseException) for one in found)
        restaurant = (await catalog.menu(1)).restaurant
        assert (restaurant.is_open, restaurant.rating) == (False, stars)
        await catalog.amend_restaurant(1, is_open=True)
        return float((await drivers.states(np.array([driver_id]))).rating[0])

    for number in range(TRIES // 3):
        after = arena.run(attempt(stars := 1.0 + number % 5))
        assert after == pytest.approx(stars + (1.0 - weight) ** CLIENTS * (4.5 - stars), rel=1e-12)
    print(f"{TRIES // 3} drivers, {CLIENTS} ratings at once; a restaurant closed while it is rated")
