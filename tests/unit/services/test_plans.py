from __future__ import annotations

from domain.drivers import Stop
from domain.stop_kind import StopKind
from services.plans import reconciled

P, D = StopKind.PICKUP, StopKind.DROPOFF


def stop(kind, order_id):
    return Stop(kind=kind, order_id=order_id, lat=0.0, lon=0.0)


def test_an_accepted_plan_stands_as_offered_while_nothing_has_changed():
    offered = (stop(P, 1), stop(P, 2), stop(D, 1), stop(D, 2))
    assert reconciled(offered, (stop(P, 1), stop(D, 1)), (2,)) == offered
    assert reconciled(offered, offered, (2,)) == offered


def test_what_was_completed_or_taken_away_since_the_offer_drops_out():
    offered = (stop(P, 1), stop(D, 3), stop(P, 2), stop(D, 1), stop(D, 2))
    assert reconciled(offered, (stop(D, 1),), (2,)) == (stop(P, 2), stop(D, 1), stop(D, 2))


def test_stops_that_the_offer_does_not_know_come_last_in_their_order():
    offered = (stop(P, 2), stop(D, 2))
    current = (stop(D, 9), stop(P, 8), stop(D, 8))
    assert reconciled(offered, current, (2,)) == (*offered, *current)
