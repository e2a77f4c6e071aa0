"""Rows as the domain's objects: columns in the order of the fields, enums as their integers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from domain.drivers import Plan
from domain.events import AuditRow, Event, EventKind, Topic
from domain.offers import NewOffer, Offer, OfferState
from domain.order_state import Assignment, OrderState
from domain.orders import Order

ORDER_FIELDS = Order.__struct_fields__
ORDER_COLUMNS = ", ".join(ORDER_FIELDS)
_STATES, _ASSIGNMENTS, _OFFER_STATES = tuple(OrderState), tuple(Assignment), tuple(OfferState)
_TOPICS = {topic.value: topic for topic in Topic}
_KINDS = {kind.value: kind for kind in EventKind}

OFFER_COLUMNS = """
    {0}.id, {0}.driver_id,
    ARRAY(SELECT order_id FROM offer_orders WHERE offer_id = {0}.id ORDER BY position),
    {0}.plan, {0}.created_at_s, {0}.expires_at_s, {0}.pay_cents, {0}.drive_s_est, {0}.pickup_m,
    ARRAY(SELECT eta_s FROM offer_orders WHERE offer_id = {0}.id ORDER BY position),
    {0}.state, {0}.closed_at_s
"""
"""What `to_offer` reads, of the table or query that is put in."""


def to_order(row: Iterable[Any]) -> Order:
    """Return the order of a row of ORDER_COLUMNS; more columns may follow."""
    values = dict(zip(ORDER_FIELDS, row, strict=False))
    values["state"] = _STATES[values["state"]]
    values["assignment"] = _ASSIGNMENTS[values["assignment"]]
    return Order(**values)


def to_offer(row: Any) -> Offer:
    """Return the offer of a row of OFFER_COLUMNS."""
    number, driver_id, order_ids, plan, created, expires, pay, drive, pickup, etas, state, closed = row
    terms = NewOffer(
        driver_id=driver_id,
        order_ids=tuple(order_ids),
        plan=msgspec.convert(plan, Plan),
        created_at_s=created,
        expires_at_s=expires,
        pay_cents=pay,
        drive_s_est=drive,
        pickup_m=pickup,
        eta_s=tuple(etas),
    )
    return Offer(id=number, terms=terms, state=_OFFER_STATES[state], closed_at_s=closed)


def to_event(row: Any) -> Event:
    """Return the event of an outbox row: id, topic, kind, key, at_s, data."""
    number, topic, kind, key, at_s, data = row
    return Event(id=number, topic=_TOPICS[topic], kind=_KINDS[kind], key=key, at_s=at_s, data=data)


def to_audit_row(row: Any) -> AuditRow:
    """Return the audit record of a row: types, entity, actor, time, both sides, details."""
    event_type, entity_type, entity_id, actor, actor_id, at_s, *sides, details = row
    return AuditRow(
        event_type=event_type,
        entity_type=entity_type,
        entity_id=entity_id,
        actor=actor,
        actor_id=actor_id,
        at_s=at_s,
        before={} if sides[0] is None else _side(sides[0], sides[1]),
        after={**_side(sides[2], sides[3]), **(details or {})},
    )


def _side(state: int, assignment: int) -> dict[str, Any]:
    return {"state": _STATES[state].name, "assignment": _ASSIGNMENTS[assignment].name}
