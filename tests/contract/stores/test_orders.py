"""OrderStore, OfferStore and Outbox: one database, changed as one."""

from __future__ import annotations

from itertools import count, pairwise
from typing import Any

import numpy as np
import pytest

from domain.drivers import Stop
from domain.errors import Conflict, InvalidTransition, NotFound
from domain.events import EventKind, Topic
from domain.offers import NewOffer, Offer, OfferState
from domain.order_state import (
    CUSTOMER_CANCELS_ONLY_WHEN_LATE,
    DISPATCHABLE_STATES,
    TRANSITIONS,
    Action,
    Actor,
    Assignment,
    OrderState,
)
from domain.orders import NewOrder, Order, OrderItem, OrderRequest, Transition
from domain.payments import PaymentState, Settlement
from domain.ports import ClaimState
from domain.stop_kind import StopKind

pytestmark = pytest.mark.port("orders")
CUSTOMER, RESTAURANT, DRIVER = 7, 3, 11
OWNER = {Actor.CUSTOMER: CUSTOMER, Actor.RESTAURANT: RESTAURANT, Actor.DRIVER: DRIVER}
PATH = [
    (Action.CONFIRM, Actor.RESTAURANT),
    (Action.START_PREP, Actor.RESTAURANT),
    (Action.READY, Actor.RESTAURANT),
    (Action.PICK_UP, Actor.DRIVER),
    (Action.DELIVER, Actor.DRIVER),
    (Action.COMPLETE, Actor.SYSTEM),
]
_KEYS = count()


def new_order(**changes: Any) -> NewOrder:
    items = (OrderItem(menu_item_id=5, quantity=2, price_cents=900),)
    request = OrderRequest(
        idempotency_key=f"key-{next(_KEYS)}",
        customer_id=CUSTOMER,
        restaurant_id=RESTAURANT,
        customer_lat=49.25,
        customer_lon=-123.1,
        items=items,
    )
    fields: dict[str, Any] = {
        "request": request,
        "restaurant_lat": 49.26,
        "restaurant_lon": -123.12,
        "subtotal_cents": 1800,
        "delivery_fee_cents": 299,
        "placed_at_s": 100.0,
        "prep_quote_s": 600.0,
        "promised_at_s": 2000.0,
        "eta_placement_s": 1700.0,
    }
    return NewOrder(**{**fields, **changes})


def new_offer(*orders: Order, driver_id: int = DRIVER, at_s: float = 200.0, ttl_s: float = 30.0) -> NewOffer:
    plan = tuple(
        Stop(kind=kind, order_id=order.id, lat=49.2, lon=-123.0) for kind in StopKind for order in orders
    )
    return NewOffer(
        driver_id=driver_id,
        order_ids=tuple(order.id for order in orders),
        plan=plan,
        created_at_s=at_s,
        expires_at_s=at_s + ttl_s,
        pay_cents=500,
        drive_s_est=300.0,
        pickup_m=420.0,
        eta_s=tuple(at_s + 1000.0 + i for i in range(len(orders))),
    )


def waiting_ids(desk: Desk) -> list[int]:
    """The orders that wait for a driver."""
    return [
        order.id
        for order in desk.run(desk.stores.orders.live())
        if order.state in DISPATCHABLE_STATES and order.assignment is Assignment.UNASSIGNED
    ]


class Desk:
    """Short commands on one backend."""

    def __init__(self, backend: Any) -> None:
        self.backend, self.run, self.stores = backend, backend.run, backend.stores

    def place(self, n: int = 1) -> list[Order]:
        return self.run(self.stores.orders.place([new_order() for _ in range(n)]))

    def get(self, order: Order) -> Order:
        return self.run(self.stores.orders.get([order.id]))[0]

    def act(
        self,
        order: Order,
        action: Action,
        actor: Actor,
        *,
        actor_id: Any = ...,
        at_s: float = 300.0,
        **more: Any,
    ) -> Any:
        actor_id = OWNER.get(actor) if actor_id is ... else actor_id
        change = Transition(
            order_id=order.id, action=action, actor=actor, actor_id=actor_id, at_s=at_s, **more
        )
        return self.run(self.stores.orders.transition([change]))[0]

    def open(self, *offers: NewOffer) -> list[Any]:
        return self.run(self.stores.offers.open(offers))

    def confirmed(self, n: int = 1) -> list[Order]:
        return [self.act(order, Action.CONFIRM, Actor.RESTAURANT, at_s=150.0) for order in self.place(n)]

    def assigned(self) -> Order:
        (order,) = self.confirmed()
        (offer,) = self.open(new_offer(order))
        self.run(self.stores.offers.accept(offer.id, DRIVER, 210.0))
        return self.get(order)

    def at(self, state: OrderState) -> Order:
        """An order in a state, assigned from the state on that needs it."""
        (order,) = self.place()
        for action, actor in PATH:
            if order.state == state:
                return order
            if action is Action.PICK_UP:
                (offer,) = self.open(new_offer(order))
                self.run(self.stores.offers.accept(offer.id, DRIVER, 210.0))
            order = self.act(order, action, actor)
        if state is OrderState.CANCELLED:
            (order,) = self.place()
            order = self.act(order, Action.CANCEL, Actor.ADMIN)
        return order

    def events(self) -> list[Any]:
        events = self.run(self.stores.outbox.pending(1000))
        self.run(self.stores.outbox.mark_sent([event.id for event in events]))
        return events


@pytest.fixture
def desk(backend: Any) -> Desk:
    return Desk(backend)


def test_placed_orders_come_back_with_ids_items_audit_and_event(desk: Desk) -> None:
    first, second = desk.place(2)
    assert first.id != second.id
    assert desk.get(first) == first
    assert (first.state, first.assignment, first.driver_id, first.version) == (
        OrderState.PLACED,
        Assignment.UNASSIGNED,
        None,
        0,
    )
    assert desk.run(desk.stores.orders.items(first.id))[0].quantity == 2
    (row,) = desk.run(desk.stores.orders.audit(first.id))
    assert (row.event_type, row.actor, row.actor_id, row.before) == (
        "ORDER_CREATED",
        "customer",
        CUSTOMER,
        {},
    )
    assert [(event.kind, event.key) for event in desk.events()] == [
        (EventKind.ORDER_PLACED, first.id),
        (EventKind.ORDER_PLACED, second.id),
    ]


def test_unknown_orders_and_offers_are_not_found(desk: Desk) -> None:
    stores = desk.stores
    for call in (
        stores.orders.get([999]),
        stores.orders.items(999),
        stores.orders.audit(999),
        stores.offers.get(999),
        stores.offers.accept(999, DRIVER, 1.0),
        stores.offers.decline(999, DRIVER, 1.0),
    ):
        with pytest.raises(NotFound):
            desk.run(call)
    (order,) = desk.place()
    ghost = Order(**{name: getattr(order, name) for name in Order.__slots__} | {"id": 999})
    assert isinstance(desk.act(ghost, Action.CONFIRM, Actor.RESTAURANT), NotFound)


@pytest.mark.parametrize("state", list(OrderState))
def test_exactly_the_transitions_of_the_table_are_possible(desk: Desk, state: OrderState) -> None:
    for action in Action:
        for actor in Actor:
            order = desk.at(state)
            result = desk.act(order, action, actor, at_s=5000.0)
            target = TRANSITIONS.get((state, action, actor))
            if target is None:
                assert isinstance(result, InvalidTransition), (action, actor)
                assert desk.get(order) == order
            elif action is Action.PICK_UP and order.assignment is not Assignment.ASSIGNED:
                assert isinstance(result, Conflict)
            else:
                assert result.state == target
                assert result.version == order.version + 1
                assert desk.get(order) == result


@pytest.mark.parametrize("actor", [Actor.CUSTOMER, Actor.RESTAURANT])
def test_an_order_belongs_to_its_own_customer_and_restaurant(desk: Desk, actor: Actor) -> None:
    (order,) = desk.place()
    assert isinstance(desk.act(order, Action.CANCEL, actor, actor_id=999), Conflict)
    assert desk.get(order).state is OrderState.PLACED


def test_only_the_orders_own_driver_picks_up_and_delivers(desk: Desk) -> None:
    order = desk.assigned()
    for action in (Action.START_PREP, Action.READY):
        order = desk.act(order, action, Actor.RESTAURANT)
    assert isinstance(desk.act(order, Action.PICK_UP, Actor.DRIVER, actor_id=12), Conflict)
    order = desk.act(order, Action.PICK_UP, Actor.DRIVER, updates={"eta_pickup_s": 900.0})
    assert (order.state, order.eta_pickup_s, order.picked_up_at_s) == (OrderState.PICKED_UP, 900.0, 300.0)
    assert isinstance(desk.act(order, Action.DELIVER, Actor.DRIVER, actor_id=12), Conflict)


@pytest.mark.parametrize("state", sorted(CUSTOMER_CANCELS_ONLY_WHEN_LATE))
def test_customers_cancel_cooking_food_only_when_it_is_late(desk: Desk, state: OrderState) -> None:
    order = desk.at(state)
    on_time = desk.act(order, Action.CANCEL, Actor.CUSTOMER, at_s=order.promised_at_s)
    assert isinstance(on_time, Conflict)
    late = desk.act(order, Action.CANCEL, Actor.CUSTOMER, at_s=order.promised_at_s + 1)
    assert late.state is OrderState.CANCELLED


def test_a_moved_version_is_a_conflict(desk: Desk) -> None:
    (order,) = desk.place()
    confirmed = desk.act(order, Action.CONFIRM, Actor.RESTAURANT, expected_version=0)
    assert isinstance(desk.act(order, Action.START_PREP, Actor.RESTAURANT, expected_version=0), Conflict)
    assert (
        desk.act(order, Action.START_PREP, Actor.RESTAURANT, expected_version=confirmed.version).version == 2
    )


def test_changes_of_one_batch_are_independent(desk: Desk) -> None:
    first, second = desk.place(2)
    changes = [
        Transition(order_id=i, action=Action.CONFIRM, actor=Actor.RESTAURANT, actor_id=RESTAURANT, at_s=1.0)
        for i in (first.id, 999, second.id)
    ]
    results = desk.run(desk.stores.orders.transition(changes))
    assert [type(result) for result in results] == [Order, NotFound, Order]


def test_the_audit_log_is_complete_and_in_order(desk: Desk) -> None:
    order = desk.at(OrderState.COMPLETED)
    rows = desk.run(desk.stores.orders.audit(order.id))
    assert [row.event_type for row in rows] == [
        "ORDER_CREATED",
        *["ORDER_STATUS_CHANGED"] * 3,
        "OFFER_MADE",
        "DRIVER_ASSIGNED",
        *["ORDER_STATUS_CHANGED"] * 3,
    ]
    for before, after in pairwise(rows):
        assert after.before["state"] == before.after["state"]
        assert after.before["assignment"] == before.after["assignment"]
    assert len(rows) == order.version + 1


def test_dispatchable_orders_are_those_that_wait(desk: Desk) -> None:
    desk.place()
    first, second, third = desk.confirmed(3)
    desk.open(new_offer(second))
    desk.act(third, Action.CANCEL, Actor.ADMIN)
    assert waiting_ids(desk) == [first.id]


def test_an_offer_is_opened_for_waiting_orders_and_a_driver_without_one(desk: Desk) -> None:
    first, second, third = desk.confirmed(3)
    (placed,) = desk.place()
    offer, busy_order, busy_driver, unconfirmed, ghost = desk.open(
        new_offer(first, second),
        new_offer(second, driver_id=12),
        new_offer(third),
        new_offer(placed, driver_id=13),
        NewOffer(
            **{name: getattr(new_offer(third, driver_id=14), name) for name in NewOffer.__slots__}
            | {"order_ids": (999,)}
        ),
    )
    assert isinstance(offer, Offer)
    assert desk.run(desk.stores.offers.get(offer.id)) == offer
    assert [type(one) for one in (busy_order, busy_driver, unconfirmed)] == [Conflict] * 3
    assert isinstance(ghost, NotFound)
    assert [desk.get(one).assignment for one in (first, second, third)] == [
        Assignment.OFFERED,
        Assignment.OFFERED,
        Assignment.UNASSIGNED,
    ]


def test_accepting_binds_all_orders_of_the_offer(desk: Desk) -> None:
    orders = desk.confirmed(2)
    (offer,) = desk.open(new_offer(*orders))
    accepted = desk.run(desk.stores.offers.accept(offer.id, DRIVER, 220.0))
    assert (accepted.state, accepted.closed_at_s) == (OfferState.ACCEPTED, 220.0)
    for order, eta_s in zip(orders, offer.terms.eta_s, strict=True):
        now = desk.get(order)
        assert (now.assignment, now.driver_id, now.assigned_at_s) == (Assignment.ASSIGNED, DRIVER, 220.0)
        assert now.eta_assignment_s == eta_s


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_answers_to_closed_foreign_and_expired_offers_are_conflicts(desk: Desk, answer: str) -> None:
    (order,) = desk.confirmed()
    (offer,) = desk.open(new_offer(order))
    respond = getattr(desk.stores.offers, answer)
    with pytest.raises(Conflict):
        desk.run(respond(offer.id, 12, 210.0))
    with pytest.raises(Conflict):
        desk.run(respond(offer.id, DRIVER, 230.0))
    desk.run(desk.stores.offers.decline(offer.id, DRIVER, 220.0))
    with pytest.raises(Conflict):
        desk.run(respond(offer.id, DRIVER, 221.0))
    assert desk.get(order).assignment is Assignment.UNASSIGNED


def test_a_declined_offer_lets_its_orders_wait_and_its_driver_be_asked(desk: Desk) -> None:
    orders = desk.confirmed(2)
    (offer,) = desk.open(new_offer(*orders))
    declined = desk.run(desk.stores.offers.decline(offer.id, DRIVER, 210.0))
    assert declined.state is OfferState.DECLINED
    assert waiting_ids(desk) == [order.id for order in orders]
    assert isinstance(desk.open(new_offer(orders[0]))[0], Offer)


def test_offers_expire_once_at_their_time(desk: Desk) -> None:
    first, second = desk.confirmed(2)
    early, late = desk.open(new_offer(first), new_offer(second, driver_id=12, ttl_s=60.0))
    assert desk.run(desk.stores.offers.expire(229.9)) == []
    (expired,) = desk.run(desk.stores.offers.expire(230.0))
    assert (expired.id, expired.state) == (early.id, OfferState.EXPIRED)
    assert desk.run(desk.stores.offers.expire(231.0)) == []
    assert desk.run(desk.stores.offers.get(late.id)).state is OfferState.PENDING
    assert desk.get(first).assignment is Assignment.UNASSIGNED


def test_cancelling_withdraws_the_pending_offer_and_frees_its_other_orders(desk: Desk) -> None:
    first, second = desk.confirmed(2)
    (offer,) = desk.open(new_offer(first, second))
    desk.events()
    cancelled = desk.act(first, Action.CANCEL, Actor.CUSTOMER, updates={"cancel_reason": "changed my mind"})
    assert (cancelled.state, cancelled.assignment) == (OrderState.CANCELLED, Assignment.UNASSIGNED)
    assert cancelled.cancel_reason == "changed my mind"
    assert desk.run(desk.stores.offers.get(offer.id)).state is OfferState.WITHDRAWN
    assert waiting_ids(desk) == [second.id]
    assert [event.kind for event in desk.events()] == [EventKind.OFFER_WITHDRAWN, EventKind.ORDER_CANCELLED]
    assert isinstance(desk.open(new_offer(second))[0], Offer)


def test_cancelling_an_assigned_order_unbinds_it_and_the_event_names_the_driver(desk: Desk) -> None:
    order = desk.assigned()
    desk.events()
    cancelled = desk.act(order, Action.CANCEL, Actor.ADMIN)
    assert (cancelled.assignment, cancelled.driver_id) == (Assignment.UNASSIGNED, None)
    (event,) = desk.events()
    assert (event.topic, event.kind, event.data["driver_id"]) == (
        Topic.ORDERS,
        EventKind.ORDER_CANCELLED,
        DRIVER,
    )


def test_released_orders_wait_again_unless_they_are_on_board(desk: Desk) -> None:
    order, on_board = desk.assigned(), desk.at(OrderState.PICKED_UP)
    desk.events()
    released, refused = desk.run(desk.stores.offers.release([order.id, on_board.id], 400.0, "test"))
    assert (released.assignment, released.driver_id, released.assigned_at_s) == (
        Assignment.UNASSIGNED,
        None,
        None,
    )
    assert isinstance(refused, Conflict)
    assert waiting_ids(desk) == [order.id]
    (event,) = desk.events()
    assert (event.kind, event.key, event.data["order_ids"]) == (
        EventKind.ORDER_RELEASED,
        DRIVER,
        [order.id],
    )


def test_the_outbox_keeps_order_and_hands_out_what_is_not_sent(desk: Desk) -> None:
    desk.place(3)
    pending = desk.run(desk.stores.outbox.pending(2))
    assert [event.id for event in desk.run(desk.stores.outbox.pending(2))] == [e.id for e in pending]
    desk.run(desk.stores.outbox.mark_sent([event.id for event in pending]))
    (last,) = desk.run(desk.stores.outbox.pending(10))
    assert last.id > pending[1].id > pending[0].id
    desk.run(desk.stores.outbox.mark_sent([last.id]))
    assert desk.run(desk.stores.outbox.pending(10)) == []


def test_of_racing_claims_one_wins(backend: Any) -> None:
    desk = Desk(backend)
    (order,) = desk.confirmed()
    offers = desk.stores.offers
    opened = backend.together([offers.open([new_offer(order, driver_id=20 + i)]) for i in range(8)])
    winners = [results[0] for results in opened if isinstance(results[0], Offer)]
    assert len(winners) == 1
    driver_id = winners[0].terms.driver_id
    answers = backend.together([offers.accept(winners[0].id, driver_id, 210.0) for _ in range(5)])
    assert sum(isinstance(answer, Offer) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 4


def test_a_claimed_order_completes_its_claim(desk: Desk) -> None:
    keys = desk.stores.idempotency
    claim = {"now_s": 0.0, "ttl_s": 100.0}
    desk.run(keys.claim("k", "body", **claim))
    (order,) = desk.run(desk.stores.orders.place([new_order(claim="k")]))
    answer = desk.run(keys.claim("k", "body", **claim))
    assert (answer.state, answer.response) == (ClaimState.DONE, order.id)
    (again,) = desk.run(desk.stores.orders.place([new_order(claim="k")]))
    assert again.id == order.id
    assert len(desk.run(desk.stores.orders.live())) == 1


def test_an_order_without_its_claim_is_not_placed_nor_is_its_batch(desk: Desk) -> None:
    with pytest.raises(Conflict, match="gone"):
        desk.run(desk.stores.orders.place([new_order(), new_order(claim="gone")]))
    assert desk.run(desk.stores.orders.live()) == []
    assert desk.run(desk.stores.outbox.pending(9)) == []


def test_live_orders_are_those_that_have_not_ended(desk: Desk) -> None:
    placed, confirmed, gone = desk.place(3)
    desk.act(confirmed, Action.CONFIRM, Actor.RESTAURANT)
    desk.act(gone, Action.CANCEL, Actor.ADMIN)
    assert [one.id for one in desk.run(desk.stores.orders.live())] == [placed.id, confirmed.id]


def test_a_driver_carries_orders_from_acceptance_to_delivery(desk: Desk) -> None:
    mine, others = desk.confirmed(2)
    orders, offers = desk.stores.orders, desk.stores.offers
    for order, driver in ((mine, DRIVER), (others, 12)):
        (offer,) = desk.open(new_offer(order, driver_id=driver))
        desk.run(offers.accept(offer.id, driver, 205.0))

    def carried(*drivers: int) -> list[int]:
        return [one.id for one in desk.run(orders.live(np.array(drivers, np.int64)))]

    assert (carried(DRIVER), carried(12), carried(13), carried()) == ([mine.id], [others.id], [], [])
    assert carried(DRIVER, 12) == [mine.id, others.id]
    for action, actor in PATH[1:5]:
        desk.act(mine, action, actor)
    assert carried(DRIVER, 12) == [others.id]
    desk.act(others, Action.CANCEL, Actor.ADMIN)
    assert carried(DRIVER, 12) == []
    assert [one.id for one in desk.run(orders.live())] == [mine.id]


def test_pending_offers_and_refusals_can_be_asked_for(desk: Desk) -> None:
    first, second, third = desk.confirmed(3)
    offers = desk.stores.offers
    (one,) = desk.open(new_offer(first, second, driver_id=11))
    (two,) = desk.open(new_offer(third, driver_id=12))
    assert [offer.id for offer in desk.run(offers.pending())] == [one.id, two.id]
    assert desk.run(offers.pending(np.array([12, 13], np.int64))) == [two]
    desk.run(offers.decline(one.id, 11, 205.0))
    desk.run(offers.expire(300.0))
    assert desk.run(offers.pending()) == []
    assert desk.run(offers.refusals([first.id, third.id])) == [(first.id, 11), (third.id, 12)]
    assert desk.run(offers.refusals([])) == []


def test_a_payment_comes_with_its_order_and_is_settled_once(desk: Desk) -> None:
    payments = desk.stores.payments
    (order,) = desk.run(desk.stores.orders.place([new_order(payment="ref-1")]))
    (free,) = desk.place()
    payment = desk.run(payments.get(order.id))
    assert (payment.reference, payment.amount_cents) == ("ref-1", 1800 + 299)
    assert payment.state is PaymentState.AUTHORISED
    with pytest.raises(NotFound):
        desk.run(payments.get(free.id))
    capture = Settlement(event_id=5, order_id=order.id, state=PaymentState.CAPTURED, at_s=9.0)
    void = Settlement(event_id=6, order_id=order.id, state=PaymentState.VOIDED, at_s=9.5)
    assert desk.run(payments.settle("payments", [capture, capture, void])) == [True, False, True]
    assert desk.run(payments.settle("payments", [void, capture])) == [False, False]
    payment = desk.run(payments.get(order.id))
    assert (payment.state, payment.settled_at_s) == (PaymentState.CAPTURED, 9.0)


def test_every_group_has_its_own_record_of_events(desk: Desk) -> None:
    (order,) = desk.run(desk.stores.orders.place([new_order(payment="ref-1")]))
    void = Settlement(event_id=5, order_id=order.id, state=PaymentState.VOIDED, at_s=9.0)
    settle = desk.stores.payments.settle
    assert [desk.run(settle(group, [void])) for group in ("a", "b", "a")] == [[True], [True], [False]]


def test_of_two_drivers_racing_for_an_offer_the_one_asked_wins(desk: Desk) -> None:
    (order,) = desk.confirmed(1)
    (offer,) = desk.open(new_offer(order))
    accept = desk.stores.offers.accept
    answers = desk.backend.together([accept(offer.id, driver, 205.0) for driver in (12, DRIVER, DRIVER)])
    assert sum(isinstance(answer, Offer) for answer in answers) == 1
    assert all(isinstance(answer, Offer | Conflict) for answer in answers)
    assert desk.run(desk.stores.orders.get([order.id]))[0].driver_id == DRIVER
