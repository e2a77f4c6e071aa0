"""The statements of the offer store; see `statements` for how they lock."""

from __future__ import annotations

from adapters.postgres.rows import OFFER_COLUMNS, ORDER_COLUMNS
from adapters.postgres.statements import statement
from domain.offers import OfferState
from domain.order_rules import CLOSING

_OFFERS = f"SELECT {OFFER_COLUMNS.format('offers')} FROM offers"
GET = f"{_OFFERS} WHERE id = $1"
PENDING = statement(f"{_OFFERS} WHERE state = {{PENDING}} ORDER BY id")
PENDING_OF = statement(f"{_OFFERS} WHERE state = {{PENDING}} AND driver_id = ANY($1::bigint[]) ORDER BY id")
ASKED_DRIVERS = statement(
    "SELECT driver_id FROM offers WHERE state = {PENDING} AND driver_id = ANY($1::bigint[])"
)
REFUSALS = statement("""
SELECT order_id, driver_id FROM offer_orders JOIN offers ON offers.id = offer_id
WHERE order_id = ANY($1::bigint[]) AND offers.state IN ({DECLINED}, {EXPIRED})
ORDER BY offers.id, position
""")

# Offers to different drivers of different orders: $1-$7 a column each of the offers, $8-$11 of their orders:
# the offer (counted from 1), the place in it, the order, the predicted delivery.
OPEN = statement("""
WITH asked AS (
    SELECT * FROM unnest(
        $1::bigint[], $2::jsonb[], $3::double precision[], $4::double precision[], $5::bigint[],
        $6::double precision[], $7::double precision[]
    ) WITH ORDINALITY AS offer (
        driver_id, plan, created_at_s, expires_at_s, pay_cents, drive_s_est, pickup_m, turn
    )
), wanted AS (
    SELECT * FROM unnest($8::bigint[], $9::smallint[], $10::bigint[], $11::double precision[])
        AS line (turn, position, order_id, eta_s)
), waiting AS MATERIALIZED (
    SELECT id, state FROM orders
    WHERE id = ANY($10::bigint[]) AND assignment = {UNASSIGNED} AND state IN ({DISPATCHABLE})
    ORDER BY id FOR UPDATE
), refused AS (
    SELECT turn FROM wanted LEFT JOIN waiting ON waiting.id = order_id WHERE waiting.id IS NULL
    UNION
    SELECT turn FROM asked JOIN offers USING (driver_id) WHERE offers.state = {PENDING}
), opened AS (
    INSERT INTO offers (driver_id, plan, created_at_s, expires_at_s, pay_cents, drive_s_est, pickup_m)
    SELECT driver_id, plan, created_at_s, expires_at_s, pay_cents, drive_s_est, pickup_m
    FROM asked WHERE NOT EXISTS (SELECT FROM refused WHERE refused.turn = asked.turn)
    ORDER BY turn
    ON CONFLICT (driver_id) WHERE state = {PENDING} DO NOTHING
    RETURNING id, driver_id, created_at_s
), bundle AS (
    SELECT
        opened.id AS offer_id, opened.driver_id, opened.created_at_s, position, order_id, eta_s, waiting.state
    FROM opened JOIN asked USING (driver_id) JOIN wanted USING (turn) JOIN waiting ON waiting.id = order_id
), lines AS (
    INSERT INTO offer_orders (offer_id, position, order_id, eta_s)
    SELECT offer_id, position, order_id, eta_s FROM bundle
), changed AS (
    UPDATE orders SET assignment = {OFFERED}, offer_id = bundle.offer_id, version = version + 1
    FROM bundle WHERE orders.id = bundle.order_id
), logged AS (
    INSERT INTO audit_logs ({AUDIT})
    SELECT
        'OFFER_MADE', order_id, 'system', NULL, created_at_s, state, {UNASSIGNED}, state, {OFFERED},
        jsonb_build_object('offer_id', offer_id, 'driver_id', driver_id)
    FROM bundle ORDER BY offer_id, position
), told AS (
    INSERT INTO outbox ({EVENT})
    SELECT
        {TOPIC_DISPATCH}, {TELL_OFFER_MADE}, driver_id, created_at_s, jsonb_build_object(
            'offer_id', offer_id, 'driver_id', driver_id, 'order_ids', jsonb_agg(order_id ORDER BY position)
        )
    FROM bundle GROUP BY offer_id, driver_id, created_at_s ORDER BY offer_id
)
SELECT driver_id, id FROM opened
""")

# How pending offers end: those that `which` names, as {state}. Their orders change by {sets}.
_CLOSE = """
WITH due AS (
    SELECT id FROM offers WHERE state = {PENDING} AND {which}
), locked AS MATERIALIZED (
    SELECT orders.id, orders.state, offer_orders.offer_id, position, eta_s
    FROM due JOIN offer_orders ON offer_orders.offer_id = due.id JOIN orders ON orders.id = order_id
    ORDER BY orders.id FOR UPDATE OF orders
), closed AS (
    UPDATE offers SET state = {state}, closed_at_s = $1
    FROM (SELECT DISTINCT offer_id FROM locked) AS held
    WHERE offers.id = held.offer_id AND offers.state = {PENDING}
    RETURNING offers.*
), bundle AS (
    SELECT offer_id, closed.driver_id, position, locked.id AS order_id, eta_s, locked.state
    FROM closed JOIN locked ON offer_id = closed.id
), changed AS (
    UPDATE orders SET {sets}, offer_id = NULL, version = version + 1
    FROM bundle WHERE orders.id = bundle.order_id
), logged AS (
    INSERT INTO audit_logs ({AUDIT})
    SELECT
        '{event_type}', order_id, '{actor}', {actor_id}, $1, state, {OFFERED}, state, {assignment},
        jsonb_build_object('offer_id', offer_id, 'driver_id', driver_id)
    FROM bundle ORDER BY offer_id, position
), told AS (
    INSERT INTO outbox ({EVENT})
    SELECT
        {TOPIC_DISPATCH}, {kind}, driver_id, $1, jsonb_build_object(
            'offer_id', offer_id, 'driver_id', driver_id, 'order_ids', jsonb_agg(order_id ORDER BY position)
        )
    FROM bundle GROUP BY offer_id, driver_id ORDER BY offer_id
)
SELECT {columns} FROM closed ORDER BY id
"""
_CLOSED_COLUMNS = OFFER_COLUMNS.format("closed")
_ANSWERED = "id = $2 AND driver_id = $3 AND expires_at_s > $1"


def _refused(state: OfferState, *, which: str, actor: str, actor_id: str) -> str:
    """Return the statement by which offers end and their orders wait again."""
    _, kind, event_type = CLOSING[state]
    return statement(
        _CLOSE,
        which=which,
        state=f"{state:d}",
        sets=statement("assignment = {UNASSIGNED}"),
        assignment=statement("{UNASSIGNED}"),
        event_type=event_type,
        kind=f"'{kind.value}'",
        actor=actor,
        actor_id=actor_id,
        columns=_CLOSED_COLUMNS,
    )


# $1 the time, $2 the offer, $3 the driver.
ACCEPT = statement(
    _CLOSE,
    which=_ANSWERED,
    state=f"{OfferState.ACCEPTED:d}",
    sets=statement(
        "assignment = {ASSIGNED}, driver_id = bundle.driver_id, "
        "assigned_at_s = $1, eta_assignment_s = bundle.eta_s"
    ),
    assignment=statement("{ASSIGNED}"),
    event_type="DRIVER_ASSIGNED",
    kind=statement("{TELL_OFFER_ACCEPTED}"),
    actor="driver",
    actor_id="driver_id",
    columns=_CLOSED_COLUMNS,
)
DECLINE = _refused(OfferState.DECLINED, which=_ANSWERED, actor="driver", actor_id="driver_id")
EXPIRE = _refused(OfferState.EXPIRED, which="expires_at_s <= $1", actor="system", actor_id="NULL")

# $1 the order, $2 the time, $3 the reason.
RELEASE = statement(
    """
WITH before AS MATERIALIZED (
    SELECT id, driver_id FROM orders
    WHERE id = $1 AND assignment = {ASSIGNED} AND state IN ({DISPATCHABLE}) FOR UPDATE
), changed AS (
    UPDATE orders SET
        assignment = {UNASSIGNED}, driver_id = NULL, assigned_at_s = NULL, eta_assignment_s = NULL,
        version = version + 1
    FROM before WHERE orders.id = before.id
    RETURNING orders.*, before.driver_id AS driver_before
), logged AS (
    INSERT INTO audit_logs ({AUDIT})
    SELECT
        'DRIVER_RELEASED', id, 'system', NULL, $2, state, {ASSIGNED}, state, assignment,
        jsonb_build_object('released_driver_id', driver_before, 'reason', $3::text)
    FROM changed
), told AS (
    INSERT INTO outbox ({EVENT})
    SELECT
        {TOPIC_DISPATCH}, {TELL_ORDER_RELEASED}, driver_before, $2,
        jsonb_build_object('order_ids', jsonb_build_array(id), 'driver_id', driver_before, 'reason', $3)
    FROM changed
)
SELECT {columns} FROM changed
""",
    columns=ORDER_COLUMNS,
)
