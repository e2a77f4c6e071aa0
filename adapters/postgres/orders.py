"""The order store in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.postgres import order_sql
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.rows import to_audit_row, to_order
from domain.errors import Conflict, NotFound, ServiceError, Unavailable
from domain.events import AuditRow
from domain.order_rules import EVENT_OF, UPDATABLE, check_transition
from domain.order_state import TRANSITIONS, Action, Actor, OrderState
from domain.orders import STATE_TIME_FIELD, NewOrder, Order, OrderItem, Transition
from domain.units import IntArray

ATTEMPTS = 5
"""How often a change is tried again that the rules allow but somebody else's change has overtaken."""


class PostgresOrderStore:
    """Orders in PostgreSQL (implements domain.ports.OrderStore)."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._db = database

    async def place(self, orders: Sequence[NewOrder]) -> list[Order]:
        """Insert orders with items, payment, audit row and outbox event, all or none."""
        if len(orders) == 1:
            return [await self._place_one(orders[0])]
        is_repeatable = all(new.claim is not None for new in orders)
        placed: list[int | None] = await self._db.run(
            lambda connection: _place_all(connection, orders), is_repeatable=is_repeatable
        )
        return [await self._as_placed(new, order_id) for new, order_id in zip(orders, placed, strict=True)]

    async def get(self, order_ids: Sequence[int]) -> list[Order]:
        """Return orders in input order, or raise NotFound."""
        found = await self.find(order_ids)
        for order_id in order_ids:
            if order_id not in found:
                raise NotFound(f"no order {order_id}")
        return [found[order_id] for order_id in order_ids]

    async def find(self, order_ids: Sequence[int]) -> dict[int, Order]:
        """Return by id those orders that exist."""
        rows = await self._db.rows(order_sql.GET, order_ids, is_repeatable=True)
        return {row[0]: to_order(row) for row in rows}

    async def items(self, order_id: int) -> tuple[OrderItem, ...]:
        """Return an order's items, or raise NotFound."""
        rows = await self._db.rows(order_sql.ITEMS, order_id, is_repeatable=True)
        if not rows:
            raise NotFound(f"no order {order_id}")
        return tuple(
            OrderItem(menu_item_id=item, quantity=quantity, price_cents=cents)
            for _, item, quantity, cents in rows
            if item is not None
        )

    async def transition(self, changes: Sequence[Transition]) -> list[Order | ServiceError]:
        """Apply each change by the state table, one after the other; return the order or the refusal."""
        results: list[Order | ServiceError] = []
        for change in changes:
            try:
                results.append(await self._change(change))
            except Unavailable:
                raise
            except ServiceError as refusal:
                results.append(refusal)
        return results

    async def live(self, driver_ids: IntArray | None = None) -> list[Order]:
        """Return every order that has not ended, or those that these drivers carry, by id."""
        if driver_ids is None:
            rows = await self._db.rows(order_sql.LIVE, is_repeatable=True)
        else:
            rows = await self._db.rows(order_sql.CARRIED, driver_ids.tolist(), is_repeatable=True)
        return [to_order(row) for row in rows]

    async def audit(self, order_id: int) -> list[AuditRow]:
        """Return an order's audit rows, oldest first, or raise NotFound."""
        rows = await self._db.rows(order_sql.AUDIT, order_id, is_repeatable=True)
        if not rows:  # every order has one, of its making
            raise NotFound(f"no order {order_id}")
        return [to_audit_row(row) for row in rows]

    async def _place_one(self, new: NewOrder) -> Order:
        row = await self._db.row(order_sql.PLACE, *_placing(new), is_repeatable=new.claim is not None)
        return await self._as_placed(new, None if row is None else row[0])

    async def _as_placed(self, new: NewOrder, order_id: int | None) -> Order:
        """Return a new order with its id, or the one that its claim made before."""
        if order_id is not None:
            return new.placed(order_id)
        answer = await self._db.row(order_sql.ANSWER, new.claim, is_repeatable=True)
        if answer is None or answer[0] is None:
            raise Conflict(f"idempotency key {new.claim!r}: its claim does not stand")
        return (await self.get([answer[0]]))[0]

    async def _change(self, change: Transition) -> Order:
        """Make one change, or raise the refusal that the rules give it."""
        states = _SOURCES.get((change.action, change.actor))
        is_possible = states is not None and change.updates.keys() <= UPDATABLE
        for _ in range(ATTEMPTS):
            if is_possible:
                row = await self._db.row(*_changing(change, states))
                if row is not None:
                    return to_order(row)
            check_transition((await self.get([change.order_id]))[0], change)
        raise Conflict(f"order {change.order_id} is being changed by others")


def _sources() -> dict[tuple[Action, Actor], list[OrderState]]:
    """Return the states from which each actor's action leads on."""
    found: dict[tuple[Action, Actor], list[OrderState]] = {}
    for state, action, actor in TRANSITIONS:
        found.setdefault((action, actor), []).append(state)
    return found


_SOURCES = _sources()
_TARGET = {action: state for (_, action, _), state in TRANSITIONS.items()}


def _changing(change: Transition, states: Any) -> tuple[Any, ...]:
    """Return the statement of a transition and its arguments."""
    target, updates = _TARGET[change.action], change.updates
    is_cancel = target is OrderState.CANCELLED
    text = order_sql.transition(change.actor, STATE_TIME_FIELD[target], tuple(updates), is_cancel=is_cancel)
    return (
        text,
        change.order_id,
        target,
        change.at_s,
        states if is_cancel else states[0],
        change.expected_version,
        change.actor,
        change.actor_id,
        EVENT_OF[target],
        dict(updates) or None,
        *updates.values(),
    )


async def _place_all(connection: Any, orders: Sequence[NewOrder]) -> list[int | None]:
    """Place orders in one transaction; None stands for one whose claim was complete."""
    claims = [new.claim for new in orders if new.claim is not None]
    async with connection.transaction():
        standing = {row[0] for row in await connection.fetch(order_sql.LOCK_CLAIMS, claims)}
        for claim in claims:
            if claim not in standing:
                raise Conflict(f"idempotency key {claim!r}: its claim does not stand")
        return [await connection.fetchval(order_sql.PLACE, *_placing(new)) for new in orders]


def _placing(new: NewOrder) -> tuple[Any, ...]:
    """Return the arguments of PLACE."""
    request = new.request
    return (
        new.claim,
        request.customer_id,
        request.restaurant_id,
        new.restaurant_lat,
        new.restaurant_lon,
        request.customer_lat,
        request.customer_lon,
        new.subtotal_cents,
        new.delivery_fee_cents,
        new.placed_at_s,
        new.prep_quote_s,
        new.promised_at_s,
        new.eta_placement_s,
        [item.menu_item_id for item in request.items],
        [item.quantity for item in request.items],
        [item.price_cents for item in request.items],
        new.payment,
    )
