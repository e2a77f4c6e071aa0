"""The statements of the order store; see `statements` for how they lock."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from adapters.postgres.rows import ORDER_COLUMNS
from adapters.postgres.statements import statement
from domain.order_state import CUSTOMER_CANCELS_ONLY_WHEN_LATE, Actor

GET = f"SELECT {ORDER_COLUMNS} FROM orders WHERE id = ANY($1::bigint[])"
LIVE = statement(f"SELECT {ORDER_COLUMNS} FROM orders WHERE state < {{COMPLETED}} ORDER BY id")
CARRIED = statement(
    f"SELECT {ORDER_COLUMNS} FROM orders "
    "WHERE driver_id = ANY($1::bigint[]) AND state < {DELIVERED} ORDER BY id"
)
ITEMS = """
SELECT orders.id, menu_item_id, quantity, price_cents
FROM orders LEFT JOIN order_items ON order_id = orders.id WHERE orders.id = $1 ORDER BY position
"""
AUDIT = """
SELECT event_type, entity_type, entity_id, actor, actor_id, at_s,
    before_state, before_assignment, after_state, after_assignment, details
FROM audit_logs WHERE entity_type = 'order' AND entity_id = $1 ORDER BY id
"""

LOCK_CLAIMS = "SELECT key FROM idempotency_keys WHERE key = ANY($1::text[]) ORDER BY key FOR UPDATE"
ANSWER = "SELECT response FROM idempotency_keys WHERE key = $1"

# One order: $1 claim or NULL, $2-$13 the order, $14-$16 its items, $17 the payment's reference or NULL.
PLACE = statement("""
WITH claimed AS MATERIALIZED (
    SELECT key FROM idempotency_keys WHERE key = $1 AND response IS NULL FOR UPDATE
), placed AS (
    INSERT INTO orders (
        customer_id, restaurant_id, restaurant_lat, restaurant_lon, customer_lat, customer_lon,
        subtotal_cents, delivery_fee_cents, placed_at_s, prep_quote_s, promised_at_s, eta_placement_s
    )
    SELECT $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
    WHERE $1::text IS NULL OR EXISTS (SELECT FROM claimed)
    RETURNING id, customer_id, placed_at_s, subtotal_cents + delivery_fee_cents AS amount_cents
), lines AS (
    INSERT INTO order_items (order_id, position, menu_item_id, quantity, price_cents)
    SELECT placed.id, line.position, line.menu_item_id, line.quantity, line.price_cents
    FROM placed, unnest($14::bigint[], $15::bigint[], $16::bigint[])
        WITH ORDINALITY AS line (menu_item_id, quantity, price_cents, position)
), charged AS (
    INSERT INTO payments (order_id, reference, amount_cents)
    SELECT id, $17, amount_cents FROM placed WHERE $17::text IS NOT NULL
), answered AS (
    UPDATE idempotency_keys SET response = placed.id FROM placed WHERE key = $1
), logged AS (
    INSERT INTO audit_logs (event_type, entity_id, actor, actor_id, at_s, after_state, after_assignment)
    SELECT 'ORDER_CREATED', id, 'customer', customer_id, placed_at_s, {PLACED}, {UNASSIGNED} FROM placed
), told AS (
    INSERT INTO outbox ({EVENT})
    SELECT {TOPIC_ORDERS}, {TELL_ORDER_PLACED}, id, placed_at_s, '{{"version": 0, "driver_id": null}}'
    FROM placed
)
SELECT id FROM placed
""")

# $1 order, $2 new state, $3 time, $4 state before, $5 version or NULL, $6 actor, $7 actor's id, $8 event
# kind, $9 details or NULL, $10... the fields to set.
_TRANSITION = """
WITH changed AS (
    UPDATE orders SET state = $2, version = version + 1, {sets}
    WHERE id = $1 AND state = $4 AND ($5::integer IS NULL OR version = $5) AND {owner}
    RETURNING {columns}
), logged AS (
    INSERT INTO audit_logs ({AUDIT})
    SELECT 'ORDER_STATUS_CHANGED', id, $6, $7::bigint, $3, $4, assignment, state, assignment, $9::jsonb
    FROM changed
), told AS (
    INSERT INTO outbox ({EVENT})
    SELECT {TOPIC_ORDERS}, $8, id, $3, jsonb_build_object('version', version, 'driver_id', driver_id)
    FROM changed
)
SELECT * FROM changed
"""

# The same parameters, but $4 are the states from which this actor may cancel. A pending
# offer of the order is withdrawn first, which frees the other orders of its bundle.
_CANCEL = """
WITH asked AS (
    SELECT offer_id FROM orders WHERE id = $1
), concerned AS (
    SELECT $1::bigint AS order_id UNION SELECT order_id FROM offer_orders JOIN asked USING (offer_id)
), locked AS MATERIALIZED (
    SELECT orders.* FROM orders JOIN concerned ON concerned.order_id = orders.id
    ORDER BY orders.id FOR UPDATE OF orders
), before AS (
    SELECT locked.* FROM locked JOIN asked ON locked.offer_id IS NOT DISTINCT FROM asked.offer_id
    WHERE id = $1 AND state = ANY($4::smallint[]) AND ($5::integer IS NULL OR version = $5) AND {owner}
), withdrawn AS (
    UPDATE offers SET state = {WITHDRAWN}, closed_at_s = $3 FROM before
    WHERE offers.id = before.offer_id AND offers.state = {PENDING}
    RETURNING offers.id, offers.driver_id
), bundle AS (
    SELECT withdrawn.id AS offer_id, withdrawn.driver_id, position, order_id, locked.state
    FROM withdrawn JOIN offer_orders ON offer_id = withdrawn.id JOIN locked ON locked.id = order_id
), freed AS (
    UPDATE orders SET assignment = {UNASSIGNED}, offer_id = NULL, version = version + 1
    FROM bundle WHERE orders.id = bundle.order_id AND orders.id <> $1
), changed AS (
    UPDATE orders SET
        state = $2, assignment = {UNASSIGNED}, driver_id = NULL, offer_id = NULL,
        version = orders.version + CASE WHEN before.offer_id IS NULL THEN 1 ELSE 2 END, {sets}
    FROM before WHERE orders.id = before.id
    RETURNING orders.*, before.state AS state_before, before.driver_id AS driver_before
), logged AS (
    INSERT INTO audit_logs ({AUDIT})
    SELECT {AUDIT} FROM (
        SELECT
            position, 'OFFER_WITHDRAWN' AS event_type, order_id AS entity_id, 'system' AS actor,
            NULL::bigint AS actor_id, $3::double precision AS at_s,
            state AS before_state, {OFFERED} AS before_assignment, state AS after_state,
            {UNASSIGNED} AS after_assignment,
            jsonb_build_object('offer_id', offer_id, 'driver_id', driver_id) AS details
        FROM bundle
        UNION ALL
        SELECT
            NULL, 'ORDER_CANCELLED', id, $6, $7, $3, state_before,
            CASE WHEN driver_before IS NULL THEN {UNASSIGNED} ELSE {ASSIGNED} END, state, assignment,
            CASE WHEN driver_before IS NULL THEN $9::jsonb
                ELSE coalesce($9, '{{}}') || jsonb_build_object('released_driver_id', driver_before)
            END
        FROM changed
    ) AS record
    ORDER BY position NULLS LAST
), told AS (
    INSERT INTO outbox ({EVENT})
    SELECT {EVENT} FROM (
        SELECT
            1 AS turn, {TOPIC_DISPATCH} AS topic, {TELL_OFFER_WITHDRAWN} AS kind, driver_id AS key,
            $3::double precision AS at_s,
            jsonb_build_object(
                'offer_id', offer_id, 'driver_id', driver_id,
                'order_ids', jsonb_agg(order_id ORDER BY position)
            ) AS data
        FROM bundle GROUP BY offer_id, driver_id
        UNION ALL
        SELECT
            2, {TOPIC_ORDERS}, $8, id, $3,
            jsonb_build_object('version', version, 'driver_id', driver_before, 'reason', cancel_reason)
        FROM changed
    ) AS event
    ORDER BY turn
)
SELECT {columns} FROM changed
"""

_OWNER = {
    Actor.CUSTOMER: "customer_id = $7",
    Actor.RESTAURANT: "restaurant_id = $7",
    Actor.DRIVER: "assignment = {ASSIGNED} AND driver_id = $7",
    Actor.ADMIN: "true",
    Actor.SYSTEM: "true",
}
_LATE_STATES = ", ".join(str(int(state)) for state in sorted(CUSTOMER_CANCELS_ONLY_WHEN_LATE))
_LATE = f"(state NOT IN ({_LATE_STATES}) OR promised_at_s < $3)"


@cache
def transition(actor: Actor, time_column: str, updates: Sequence[str], *, is_cancel: bool) -> str:
    """Return the statement by which `actor` changes an order's state.

    `time_column` takes the time; `updates` are the columns that $10... set: the caller has checked them.
    """
    owner = statement(_OWNER[actor])
    if is_cancel and actor is Actor.CUSTOMER:
        owner = f"{owner} AND {_LATE}"
    sets = [f"{time_column} = $3", *(f"{column} = ${10 + i}" for i, column in enumerate(updates))]
    text = _CANCEL if is_cancel else _TRANSITION
    return statement(text, sets=", ".join(sets), owner=owner, columns=ORDER_COLUMNS)
