"""Payments in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.statements import statement
from domain.errors import NotFound
from domain.payments import Payment, PaymentState, Settlement

_STATES = tuple(PaymentState)
_GET = "SELECT order_id, reference, amount_cents, state, settled_at_s FROM payments WHERE order_id = $1"

# $1 the group, then a column each of settlements of different events. Of several that are new and of the same
# order, the first counts.
_SETTLE = statement("""
WITH asked AS (
    SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::double precision[])
        WITH ORDINALITY AS settlement (event_id, order_id, state, at_s, turn)
), new AS (
    INSERT INTO processed_events (consumer_group, event_id, at_s)
    SELECT $1, event_id, at_s FROM asked ORDER BY event_id
    ON CONFLICT DO NOTHING
    RETURNING event_id
), first AS (
    SELECT DISTINCT ON (order_id) order_id, state, at_s FROM asked JOIN new USING (event_id)
    ORDER BY order_id, turn
), settled AS (
    UPDATE payments SET state = first.state, settled_at_s = first.at_s
    FROM first WHERE payments.order_id = first.order_id AND payments.state = {AUTHORISED}
)
SELECT event_id FROM new
""")


class PostgresPaymentStore:
    """Payments in PostgreSQL (implements domain.ports.PaymentStore)."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._db = database

    async def get(self, order_id: int) -> Payment:
        """Return an order's payment, or raise NotFound."""
        row = await self._db.row(_GET, order_id, is_repeatable=True)
        if row is None:
            raise NotFound(f"order {order_id} has no payment")
        number, reference, amount_cents, state, settled_at_s = row
        return Payment(
            order_id=number,
            reference=reference,
            amount_cents=amount_cents,
            state=_STATES[state],
            settled_at_s=settled_at_s,
        )

    async def settle(self, group: str, settlements: Sequence[Settlement]) -> list[bool]:
        """Capture or void payments, each once per group and event; tell which were new."""
        firsts: dict[int, Settlement] = {}
        for one in settlements:
            firsts.setdefault(one.event_id, one)
        asked = firsts.values()
        rows = await self._db.rows(
            _SETTLE,
            group,
            [one.event_id for one in asked],
            [one.order_id for one in asked],
            [one.state for one in asked],
            [one.at_s for one in asked],
        )
        new = {row[0] for row in rows}
        told: list[bool] = []
        for one in settlements:
            told.append(one.event_id in new)
            new.discard(one.event_id)
        return told
