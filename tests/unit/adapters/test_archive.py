"""What has ended is archived; whoever asks for it still gets it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adapters.memory import MemoryDatabase, MemoryOfferStore, MemoryOrderStore, MemoryPaymentStore
from adapters.memory import database as database_module
from adapters.memory.archive import Archive
from adapters.memory.marks import Marks
from domain.drivers import Stop
from domain.errors import InvalidTransition, NotFound
from domain.offers import NewOffer, OfferState
from domain.order_state import Action, Actor, OrderState
from domain.orders import NewOrder, Order, OrderItem, OrderRequest, Transition
from domain.payments import PaymentState, Settlement
from domain.stop_kind import StopKind
from services.drive import drive

ORDERS = 600


def new_order(number: int) -> NewOrder:
    item = OrderItem(menu_item_id=100 + number, quantity=2, price_cents=450)
    return NewOrder(
        request=OrderRequest(
            idempotency_key=f"k{number}",
            customer_id=number,
            restaurant_id=7,
            customer_lat=41.0 + number / 1000.0,
            customer_lon=-8.6,
            items=(item,),
        ),
        restaurant_lat=41.1,
        restaurant_lon=-8.5,
        subtotal_cents=900,
        delivery_fee_cents=199,
        placed_at_s=float(number),
        prep_quote_s=600.0,
        promised_at_s=number + 1800.0,
        eta_placement_s=number + 1500.0,
        payment=f"ref{number}",
    )


def act(store: MemoryOrderStore, order_id: int, action: Action, actor: Actor, actor_id: int | None) -> Order:
    change = Transition(order_id=order_id, action=action, actor=actor, actor_id=actor_id, at_s=50.0)
    (result,) = drive(store.transition([change]))
    if not isinstance(result, Order):
        raise result
    return result


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> tuple[MemoryDatabase, list[Order]]:
    """A database in which all orders, all but the last few archived, were declined once and cancelled."""
    monkeypatch.setattr(database_module, "KEPT", 3)
    db = MemoryDatabase()
    orders, offers = MemoryOrderStore(db), MemoryOfferStore(db)
    ended = []
    for number in range(1, ORDERS + 1):
        (order,) = drive(orders.place([new_order(number)]))
        act(orders, order.id, Action.CONFIRM, Actor.RESTAURANT, 7)
        stop = Stop(kind=StopKind.PICKUP, order_id=order.id, lat=41.1, lon=-8.5)
        terms = NewOffer(
            driver_id=number % 5,
            order_ids=(order.id,),
            plan=(stop,),
            created_at_s=20.0,
            expires_at_s=50.0,
            pay_cents=500,
            drive_s_est=300.0,
            pickup_m=900.0,
            eta_s=(1700.0,),
        )
        (offer,) = drive(offers.open([terms]))
        drive(offers.decline(offer.id, number % 5, 30.0))
        ended.append(act(orders, order.id, Action.CANCEL, Actor.SYSTEM, None))
        settlement = Settlement(event_id=number, order_id=order.id, state=PaymentState.VOIDED, at_s=60.0)
        drive(MemoryPaymentStore(db).settle("payments", [settlement]))
    return db, ended


def test_old_orders_offers_items_audits_and_payments_are_still_there(old: Any) -> None:
    db, ended = old
    orders, offers, payments = MemoryOrderStore(db), MemoryOfferStore(db), MemoryPaymentStore(db)
    assert len(db.orders) == len(db.items) == len(db.offers) == 3
    assert len(db.payments) <= 4
    assert drive(orders.get([order.id for order in ended])) == ended
    assert drive(orders.items(5)) == new_order(5).request.items
    offer = drive(offers.get(8))
    assert (offer.state, offer.terms.order_ids, offer.terms.plan[0].kind) == (
        OfferState.DECLINED,
        (8,),
        StopKind.PICKUP,
    )
    assert drive(payments.get(9)).state is PaymentState.VOIDED
    assert drive(payments.get(9)).reference == "ref9"
    rows = drive(orders.audit(4))
    assert [row.event_type for row in rows[:2]] == ["ORDER_CREATED", "ORDER_STATUS_CHANGED"]
    assert rows[2].after["offer_id"] == 4
    assert drive(offers.refusals([2, 300])) == [(2, 2), (300, 0)]


def test_old_orders_stay_as_final_as_new_ones_and_ids_go_on(old: Any) -> None:
    db, _ = old
    orders, payments = MemoryOrderStore(db), MemoryPaymentStore(db)
    with pytest.raises(InvalidTransition):
        act(orders, 4, Action.CONFIRM, Actor.RESTAURANT, 7)
    again = Settlement(event_id=10**6, order_id=4, state=PaymentState.CAPTURED, at_s=99.0)
    assert drive(payments.settle("payments", [again])) == [True]
    assert drive(payments.get(4)).state is PaymentState.VOIDED
    for unknown in (0, ORDERS + 1):
        with pytest.raises(NotFound, match=f"no order {unknown}"):
            drive(orders.get([unknown]))
    (order,) = drive(orders.place([new_order(ORDERS + 1)]))
    assert (order.id, order.state) == (ORDERS + 1, OrderState.PLACED)


def test_a_payment_that_is_not_settled_yet_stays_open_in_the_archive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database_module, "KEPT", 1)
    db = MemoryDatabase()
    orders, payments = MemoryOrderStore(db), MemoryPaymentStore(db)
    for number in range(1, 5):
        drive(orders.place([new_order(number)]))
        act(orders, number, Action.CANCEL, Actor.SYSTEM, None)
    late = Settlement(event_id=1, order_id=1, state=PaymentState.VOIDED, at_s=99.0)
    assert drive(payments.settle("payments", [late])) == [True]
    assert drive(payments.get(1)).state is PaymentState.VOIDED


def test_an_archive_gives_back_what_was_put_whatever_the_block() -> None:
    archive = Archive()
    numbers = [*range(1, 700, 2), *range(2, 700, 2)]
    for number in numbers:
        archive.put(number, (np.int64(number), str(number)))
    assert [archive.get(n) for n in (1, 699, 2, 350, 1)] == [(n, str(n)) for n in (1, 699, 2, 350, 1)]
    assert [record[0] for record in archive.rows()] == numbers
    assert archive.get(0) is None
    assert archive.get(700) is None


def test_marks_are_a_set() -> None:
    marks, numbers = Marks(), [0, 1, 4095, 4096, 10**12]
    for number in numbers:
        assert number not in marks
        marks.add(number)
        marks.add(number)
    assert all(number in marks for number in numbers)
    assert 2 not in marks
