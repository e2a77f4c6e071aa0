"""Waiting, deciding, offering, exclusions, giving up, plans."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from domain.drivers import DriverStatus
from domain.errors import Conflict, ContractError, InvalidTransition, NotFound
from domain.order_state import Actor, Assignment, OrderState
from domain.stop_kind import StopKind
from matching.batch import Batch
from matching.contract import Decision
from services.match_service import NO_DRIVER_FOUND
from services.notifications import OfferExpired, OfferMade, OfferWithdrawn, OrderCancelled, PlanChanged
from services.settings import MarketplaceSettings, MatchSettings

PICKUP, DROPOFF = StopKind.PICKUP, StopKind.DROPOFF


def settings(**match: Any) -> MarketplaceSettings:
    return MarketplaceSettings(match=MatchSettings(**match))


def short(plan: Any) -> list[tuple[StopKind, int]]:
    return [(stop.kind, stop.order_id) for stop in plan]


def nobody(snapshot: Any) -> Decision:
    return Decision(driver=snapshot.order_driver)


def all_to(driver: int) -> Any:
    def decide(snapshot: Any) -> Decision:
        chosen = np.where(snapshot.order_driver < 0, driver, snapshot.order_driver)
        return Decision(driver=chosen.astype(np.int32))

    return decide


def test_a_confirmed_order_is_due_at_once_and_the_nearest_driver_is_asked(market: Any) -> None:
    market.drivers(50, 51)
    market.place()
    assert market.app.next_due_s() == float("inf")
    order = market.confirmed()
    assert market.app.next_due_s() == 1000.0
    market.run(market.app.run_due())
    (told,) = market.app.take_notifications()
    assert market.app.take_notifications() == []
    assert isinstance(told, OfferMade)
    assert told.driver_id == 50
    terms = told.offer.terms
    assert (terms.order_ids, terms.expires_at_s) == ((order.id,), 1030.0)
    assert short(terms.plan) == [(PICKUP, order.id), (DROPOFF, order.id)]
    assert market.states(50, 51).status.tolist() == [DriverStatus.OFFERED, DriverStatus.AVAILABLE]
    assert market.app.next_due_s() == 1030.0


def test_the_terms_hold_distance_pay_and_a_predicted_delivery(market: Any) -> None:
    market.drivers(50)
    _, told = market.offered()
    terms = told.offer.terms
    assert terms.pickup_m == pytest.approx(222.4, abs=1.0)  # 0.002 degrees
    assert terms.pay_cents == round(300 + 20 * terms.drive_s_est / 60)
    assert terms.eta_s[0] > 1000.0 + 600.0  # the food takes ten minutes, then the drive


def test_accepting_binds_the_order_sets_the_plan_and_frees_the_driver_for_more(market: Any) -> None:
    market.drivers(50)
    order, told = market.offered()
    plan = market.run(market.app.accept(told.offer.id, 50))
    assert short(plan) == [(PICKUP, order.id), (DROPOFF, order.id)]
    now = market.get(order)
    assert (now.assignment, now.driver_id, now.eta_assignment_s) == (
        Assignment.ASSIGNED,
        50,
        told.offer.terms.eta_s[0],
    )
    states = market.states(50)
    assert (states.status[0], states.load[0]) == (DriverStatus.AVAILABLE, 1)
    assert market.run(market.app.accept(told.offer.id, 50)) == plan  # a retry
    with pytest.raises(Conflict):
        market.run(market.app.accept(told.offer.id, 51))
    with pytest.raises(NotFound):
        market.run(market.app.accept(99, 50))


def test_who_declines_is_not_asked_again_and_the_next_nearest_is(market: Any) -> None:
    market.drivers(50, 51)
    order, told = market.offered()
    market.run(market.app.decline(told.offer.id, 50))
    market.run(market.app.decline(told.offer.id, 50))  # a retry
    assert market.app.next_due_s() == 1000.0
    market.run(market.app.run_due())
    (second,) = market.app.take_notifications()
    assert second.driver_id == 51
    assert market.states(50).status.tolist() == [DriverStatus.AVAILABLE]
    market.run(market.app.decline(second.offer.id, 51))
    market.run(market.app.run_due())
    assert market.app.take_notifications() == []
    assert market.get(order).assignment is Assignment.UNASSIGNED


def test_after_max_offers_all_may_be_asked_again(make_market: Any) -> None:
    market = make_market(settings=settings(max_offers=2))
    market.drivers(50, 51)
    _, told = market.offered()
    asked = []
    for _ in range(4):
        asked.append(told.driver_id)
        market.run(market.app.decline(told.offer.id, told.driver_id))
        market.run(market.app.run_due())
        (told,) = market.app.take_notifications()
    assert asked == [50, 51, 50, 51]


def test_an_offer_that_runs_out_is_told_and_the_next_driver_is_asked_in_the_same_breath(market: Any) -> None:
    market.drivers(50, 51)
    _, told = market.offered()
    market.clock.set_s(1029.0)
    market.ping(50, 51)
    market.at(1030.0)
    expired, made = market.app.take_notifications()
    assert expired == OfferExpired(driver_id=50, offer_id=told.offer.id)
    assert (type(made), made.driver_id) == (OfferMade, 51)
    with pytest.raises(Conflict):
        market.run(market.app.accept(told.offer.id, 50))
    assert market.states(50).status.tolist() == [DriverStatus.AVAILABLE]


def test_what_is_left_is_tried_again(market: Any) -> None:
    market.confirmed()
    market.run(market.app.run_due())
    assert market.app.next_due_s() == 1010.0
    assert (market.windows[-1].left, market.windows[-1].drivers) == (1, 0)
    market.clock.set_s(1005.0)
    market.drivers(50)
    market.at(1010.0)
    assert len(market.app.take_notifications()) == 1


def test_an_order_nobody_takes_is_given_up(make_market: Any) -> None:
    market = make_market(settings=settings(give_up_s=25.0))
    order = market.confirmed()
    for now_s in (1000.0, 1010.0, 1020.0):
        assert market.app.next_due_s() == now_s
        market.at(now_s)
    assert market.app.next_due_s() == 1025.0
    market.at(1025.0)
    order = market.get(order)
    assert (order.state, order.cancel_reason) == (OrderState.CANCELLED, NO_DRIVER_FOUND)
    assert market.app.next_due_s() == float("inf")


def test_ghosts_and_drivers_on_a_break_or_off_shift_get_no_offers(market: Any) -> None:
    market.drivers(50, 51, 52, 53)
    market.run(market.app.pause(50))
    market.run(market.app.sign_off(np.array([51])))
    market.clock.set_s(1031.0)
    market.ping(50, 51, 53)  # 52 is not heard of
    _, told = market.offered()
    assert told.driver_id == 53
    market.run(market.app.resume(50))
    assert market.offered()[1].driver_id == 50


def test_a_driver_on_a_break_finishes_the_plan(market: Any) -> None:
    market.drivers(50)
    order, _ = market.assigned()
    market.run(market.app.pause(50))
    market.cooked(order)
    market.run(market.app.pick_up(order.id, 50))
    market.run(market.app.sign_off(np.array([50])))
    assert market.run(market.app.deliver(order.id, 50)).state is OrderState.DELIVERED
    states = market.states(50)
    assert (states.load[0], states.deliveries[0], states.status[0]) == (0, 1, DriverStatus.OFFLINE)
    with pytest.raises(Conflict):
        market.run(market.app.resume(50))


def test_a_pause_while_being_asked_outlasts_the_offer(market: Any) -> None:
    market.drivers(50)
    _, told = market.offered()
    market.run(market.app.pause(50))
    market.run(market.app.decline(told.offer.id, 50))
    assert market.states(50).status.tolist() == [DriverStatus.ON_BREAK]


def test_a_driver_who_resumes_while_being_asked_is_not_asked_twice(market: Any) -> None:
    market.drivers(50)
    market.offered()
    market.run(market.app.pause(50))
    market.run(market.app.resume(50))
    assert market.states(50).status.tolist() == [DriverStatus.OFFERED]


def test_cancelling_an_offered_order_tells_the_driver(market: Any) -> None:
    market.drivers(50)
    order, told = market.offered()
    market.run(market.app.cancel(order.id, Actor.CUSTOMER, 7, "x"))
    assert OfferWithdrawn(driver_id=50, offer_id=told.offer.id) in market.app.take_notifications()
    assert market.states(50).status.tolist() == [DriverStatus.AVAILABLE]
    assert market.app.next_due_s() == float("inf")


def test_cancelling_an_accepted_order_takes_its_stops_off_the_plan(market: Any) -> None:
    market.drivers(50)
    order, _ = market.assigned()
    market.run(market.app.cancel(order.id, Actor.ADMIN, None, "x"))
    assert OrderCancelled(driver_id=50, order_id=order.id, plan=()) in market.app.take_notifications()
    assert market.states(50).load.tolist() == [0]
    with pytest.raises(InvalidTransition):
        market.run(market.app.pick_up(order.id, 50))


def test_pickup_and_delivery_take_stops_off_the_plan_and_give_the_last_eta(market: Any) -> None:
    market.drivers(50)
    order, _ = market.assigned()
    with pytest.raises(InvalidTransition):
        market.run(market.app.pick_up(order.id, 50))
    market.cooked(order)
    picked = market.run(market.app.pick_up(order.id, 50))
    assert picked.eta_pickup_s > picked.picked_up_at_s
    assert market.states(50).stop_kind.tolist() == [DROPOFF]
    market.run(market.app.deliver(order.id, 50))
    assert market.states(50).stop_kind.tolist() == []


def test_windowed_strategies_decide_at_multiples_of_their_window(make_market: Any) -> None:
    market = make_market(Batch(window_s=30.0))
    market.drivers(50, 51)
    assert market.app.next_due_s() == float("inf")
    market.clock.set_s(1001.0)
    market.confirmed()
    assert market.app.next_due_s() == 1020.0
    market.clock.set_s(1010.0)
    market.confirmed()
    market.run(market.app.run_due())
    assert market.windows == []
    market.ping(50, 51)
    market.at(1020.0)
    (stats,) = market.windows
    assert (stats.at_s, stats.orders, stats.offered, stats.offers, stats.left) == (1020.0, 2, 2, 2, 0)
    market.confirmed()
    assert market.app.next_due_s() == 1050.0  # the decision of 1020 has been made


def test_a_bundle_is_one_offer_and_its_orders_share_its_fate(make_market: Any, scripted: Any) -> None:
    market = make_market(scripted(decide=all_to(0), window_s=10.0))
    market.drivers(50)
    first, second = market.confirmed(), market.confirmed(restaurant_id=2)
    market.at(1010.0)
    (told,) = market.app.take_notifications()
    assert told.offer.terms.order_ids == (first.id, second.id)
    assert short(told.offer.terms.plan) == [
        (PICKUP, first.id),
        (PICKUP, second.id),
        (DROPOFF, first.id),
        (DROPOFF, second.id),
    ]
    assert told.offer.terms.pay_cents >= 600
    assert len(told.offer.terms.eta_s) == 2
    market.run(market.app.cancel(first.id, Actor.CUSTOMER, 7, "x"))
    assert market.get(second).assignment is Assignment.UNASSIGNED
    assert market.app.match.waiting == 1


def test_stops_done_while_an_offer_is_open_drop_out_of_the_accepted_plan(
    make_market: Any, scripted: Any
) -> None:
    market = make_market(scripted(decide=all_to(0)))
    market.drivers(50)
    first, _ = market.assigned()
    market.cooked(first)
    second, told = market.offered()
    assert short(told.offer.terms.plan)[:2] == [(PICKUP, first.id), (DROPOFF, first.id)]
    market.run(market.app.pick_up(first.id, 50))
    plan = market.run(market.app.accept(told.offer.id, 50))
    assert short(plan) == [(DROPOFF, first.id), (PICKUP, second.id), (DROPOFF, second.id)]


def test_the_snapshot_shows_accepted_orders_and_planned_stops(make_market: Any, scripted: Any) -> None:
    seen: list[Any] = []

    def look(snapshot: Any) -> Decision:
        seen.append(snapshot)
        return all_to(0)(snapshot)

    market = make_market(scripted(decide=look))
    market.drivers(50, 51)
    first, _ = market.assigned()
    market.cooked(first)
    market.run(market.app.pick_up(first.id, 50))
    market.confirmed(restaurant_id=2)
    market.run(market.app.run_due())
    snapshot = seen[-1]
    assert (snapshot.open_orders, snapshot.orders, snapshot.drivers) == (1, 2, 2)
    assert snapshot.order_driver.tolist() == [-1, 0]
    assert snapshot.order_is_picked_up.tolist() == [False, True]
    assert snapshot.order_is_ready.tolist() == [False, True]
    assert snapshot.order_ready_s_est.tolist() == [1600.0, 1000.0]
    assert snapshot.driver_load.tolist() == [1, 0]
    assert snapshot.stop_offsets.tolist() == [0, 1, 1]
    assert (snapshot.stop_order.tolist(), snapshot.stop_kind.tolist()) == ([1], [DROPOFF])
    assert not snapshot.order_driver.flags.writeable


def test_an_overdue_kitchen_is_not_ready(make_market: Any, scripted: Any) -> None:
    seen: list[Any] = []

    def look(snapshot: Any) -> Decision:
        seen.append(snapshot)
        return nobody(snapshot)

    market = make_market(scripted(decide=look, window_s=1000.0))
    market.confirmed()
    market.clock.set_s(2000.0)
    market.drivers(50)
    market.at(2000.0)
    assert seen[-1].order_ready_s_est.tolist() == [2000.0]
    assert seen[-1].order_is_ready.tolist() == [False]


def test_a_strategy_may_move_an_accepted_order(make_market: Any, scripted: Any) -> None:
    decide = {"to": 0}

    def moving(snapshot: Any) -> Decision:
        return Decision(driver=np.full(snapshot.orders, decide["to"], np.int32))

    market = make_market(scripted(decide=moving))
    market.drivers(50, 51)
    first, _ = market.assigned()
    decide["to"] = 1
    second = market.confirmed()
    market.run(market.app.run_due())
    made, changed = market.app.take_notifications()
    assert changed == PlanChanged(driver_id=50, plan=())
    assert (made.driver_id, made.offer.terms.order_ids) == (51, (second.id, first.id))
    assert market.windows[-1].moved == 1
    market.run(market.app.decline(made.offer.id, 51))
    assert market.app.match.waiting == 2


def test_a_route_for_a_driver_without_new_orders_changes_the_plan(make_market: Any, scripted: Any) -> None:
    def reroute(snapshot: Any) -> Decision:
        if snapshot.orders == snapshot.open_orders or snapshot.open_orders == 2:
            return all_to(0)(snapshot)
        return Decision(
            driver=snapshot.order_driver,
            route_driver=np.array([0], np.int32),
            route_offsets=np.array([0, 4]),
            route_order=np.array([1, 1, 2, 2], np.int32),
            route_kind=np.array([0, 1, 0, 1], np.int8),
        )

    market = make_market(scripted(decide=reroute, window_s=10.0))
    market.drivers(50, capacity=3)
    orders = [market.confirmed(), market.confirmed()]
    market.at(1010.0)
    (told,) = market.app.take_notifications()
    market.run(market.app.accept(told.offer.id, 50))
    market.confirmed()
    market.at(1020.0)
    (changed,) = market.app.take_notifications()
    assert isinstance(changed, PlanChanged)
    first, second = (order.id for order in orders)
    assert short(changed.plan) == [(PICKUP, first), (DROPOFF, first), (PICKUP, second), (DROPOFF, second)]


def test_an_infeasible_decision_is_the_strategys_fault(make_market: Any, scripted: Any) -> None:
    market = make_market(scripted(decide=all_to(5)))
    market.drivers(50)
    market.confirmed()
    with pytest.raises(ContractError, match="scripted"):
        market.run(market.app.run_due())


def test_a_restarted_matcher_takes_over_the_waiting_orders(market: Any, make_market: Any) -> None:
    market.drivers(50)
    order = market.confirmed()
    fresh = make_market()
    fresh.app.match._orders = market.stores.orders
    fresh.drivers(60)
    fresh.run(fresh.app.match.recover())
    assert (fresh.app.match.waiting, fresh.app.next_due_s()) == (1, 1000.0)
    assert market.get(order).assignment is Assignment.UNASSIGNED


def test_repeated_and_reordered_events_do_no_harm(market: Any) -> None:
    market.drivers(50)
    publish = market.stores.bus.publish
    log: list[Any] = []

    async def recording(events: Any) -> None:
        log.extend(events)
        await publish(events)

    market.stores.bus.publish = recording
    order, driver_id = market.assigned()
    market.cooked(order)
    market.run(market.app.pick_up(order.id, driver_id))
    market.run(publish(list(reversed(log))))
    assert (market.app.match.waiting, market.app.next_due_s()) == (0, float("inf"))
    assert market.states(50).load.tolist() == [1]


def test_left_over_orders_are_tried_again_together_at_multiples_of_retry_s(make_market: Any) -> None:
    market = make_market(settings=settings(retry_s=10.0))
    for at_s in (1001.0, 1004.0, 1007.0):
        market.confirmed()
        market.at(at_s)
    assert market.app.next_due_s() == 1010.0
    market.at(1010.0)
    assert [one.orders for one in market.windows] == [1, 1, 1, 3]
    assert market.app.next_due_s() == 1020.0
