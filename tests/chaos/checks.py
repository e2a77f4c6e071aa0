"""What must hold in the stores after every crash, in SQL: nothing lost, nothing twice, all told once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg

from tests.chaos.settings import Place

FAULTS = {
    "orders without a key, or a key's second order": """
        SELECT o.id FROM orders o LEFT JOIN idempotency_keys k ON k.response = o.id
        GROUP BY o.id HAVING count(k.key) <> 1
    """,
    "orders of one customer placed twice": """
        SELECT customer_id FROM orders GROUP BY customer_id HAVING count(*) > 1
    """,
    "orders whose audit log has a gap": """
        SELECT o.id FROM orders o JOIN audit_logs a ON a.entity_type = 'order' AND a.entity_id = o.id
        GROUP BY o.id HAVING count(*) <> o.version + 1
    """,
    "audit rows that do not follow on the one before": """
        SELECT id FROM (
            SELECT id, before_state, before_assignment,
                lag(after_state) OVER per_order AS was_state,
                lag(after_assignment) OVER per_order AS was_assignment
            FROM audit_logs WHERE entity_type = 'order'
            WINDOW per_order AS (PARTITION BY entity_id ORDER BY id)
        ) AS steps
        WHERE before_state IS DISTINCT FROM was_state
            OR before_assignment IS DISTINCT FROM was_assignment
    """,
    "transitions without exactly one event": """
        SELECT o.id FROM orders o
        JOIN LATERAL (
            SELECT count(*) AS n FROM audit_logs a WHERE a.entity_type = 'order' AND a.entity_id = o.id
                AND (a.before_state IS NULL OR a.before_state <> a.after_state)
        ) AS changes ON true
        JOIN LATERAL (
            SELECT count(*) AS n FROM outbox e WHERE e.topic = 'order_events' AND e.key = o.id
        ) AS events ON true
        WHERE changes.n <> events.n
    """,
    "offers without their two events": """
        SELECT f.id FROM offers f
        LEFT JOIN outbox e ON e.topic = 'dispatch_events' AND (e.data->>'offer_id')::bigint = f.id
        GROUP BY f.id HAVING count(e.id) <> (CASE WHEN f.state = 0 THEN 1 ELSE 2 END)
    """,
    "settled payments that the event log does not explain": """
        SELECT p.order_id FROM payments p JOIN orders o ON o.id = p.order_id
        WHERE (p.state = 1 AND o.state NOT IN (5, 6)) OR (p.state = 2 AND o.state <> 7)
    """,
}
"""Never true, not even in the middle of things."""

UNFINISHED = {
    "orders that have not ended": "SELECT id FROM orders WHERE state NOT IN (6, 7)",
    "pending offers": "SELECT id FROM offers WHERE state = 0",
    "events that were not sent": "SELECT id FROM outbox WHERE sent_at IS NULL",
    "payments that were not settled": "SELECT order_id FROM payments WHERE state = 0",
    "orders without a payment": """
        SELECT o.id FROM orders o LEFT JOIN payments p ON p.order_id = o.id WHERE p.order_id IS NULL
    """,
    "settling events that were not processed once": """
        SELECT e.id FROM outbox e
        LEFT JOIN processed_events s ON s.event_id = e.id AND s.consumer_group = 'payments'
        WHERE e.kind IN ('order_delivered', 'order_cancelled')
        GROUP BY e.id HAVING count(s.event_id) <> 1
    """,
}
"""True on the way, but not once all has been worked off."""


async def faults(place: Place, *, is_over: bool) -> dict[str, list[int]]:
    """Return what is wrong, with the ids; empty is right."""
    connection = await asyncpg.connect(place.postgres, server_settings={"search_path": place.namespace})
    try:
        found = {}
        for what, query in {**FAULTS, **(UNFINISHED if is_over else {})}.items():
            rows = await connection.fetch(query)
            if rows:
                found[what] = [row[0] for row in rows]
        found.update(await _lost_acknowledgements(connection, Path(place.acks)))
        return found
    finally:
        await connection.close()


async def _lost_acknowledgements(connection: Any, acks: Path) -> dict[str, list[int]]:
    """Every placement that a customer was told of must be there, under that very id."""
    told = [line.split() for line in acks.read_text().splitlines()] if acks.exists() else []
    rows = await connection.fetch("SELECT customer_id - 1000 AS number, id FROM orders")
    stored = {row["number"]: row["id"] for row in rows}
    wrong = [int(n) for n, order_id in told if stored.get(int(n)) != int(order_id)]
    return {"acknowledged orders that are not there": wrong} if wrong else {}


async def tally(place: Place) -> Counter[str]:
    """Return how much happened."""
    connection = await asyncpg.connect(place.postgres, server_settings={"search_path": place.namespace})
    try:
        counts = Counter[str]()
        for name, query in {
            "orders": "SELECT count(*) FROM orders",
            "completed": "SELECT count(*) FROM orders WHERE state = 6",
            "cancelled": "SELECT count(*) FROM orders WHERE state = 7",
            "audit rows": "SELECT count(*) FROM audit_logs",
            "events": "SELECT count(*) FROM outbox",
            "payments settled": "SELECT count(*) FROM payments WHERE state <> 0",
            "events processed": "SELECT count(*) FROM processed_events",
        }.items():
            counts[name] = int(await connection.fetchval(query))
        return counts
    finally:
        await connection.close()
