"""The match service's view of live orders, in columns.

Rows follow the store: any event about an order makes its row be read anew, and older versions than the row's
are ignored, so repeated and reordered events do no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.order_state import DISPATCHABLE_STATES, Assignment, OrderState
from domain.orders import Order
from domain.ports import OrderStore
from domain.units import IntArray
from services.nodes import NodeCache

ROW = np.dtype(
    [
        ("id", np.int64),
        ("driver", np.int64),
        ("restaurant", np.int64),
        ("restaurant_node", np.int32),
        ("customer_node", np.int32),
        ("restaurant_lat", np.float64),
        ("restaurant_lon", np.float64),
        ("customer_lat", np.float64),
        ("customer_lon", np.float64),
        ("placed_s", np.float64),
        ("due_s", np.float64),
        ("ready_s", np.float64),
        ("since_s", np.float64),
        ("is_ready", np.bool_),
        ("is_picked_up", np.bool_),
    ],
    align=True,
)
"""What the book keeps of an order."""
NO_DRIVER = -1
_UNASSIGNED = Assignment.UNASSIGNED
_LIVE = DISPATCHABLE_STATES | {OrderState.PICKED_UP}


class OrderBook:
    """Orders from confirmation to delivery. `waiting` holds id -> row of those that wait for a driver."""

    def __init__(self, store: OrderStore, nodes: NodeCache) -> None:
        self._store = store
        self._nodes = nodes
        self._rows: NDArray[Any] = np.zeros(256, ROW)
        self._columns = _columns(self._rows)
        self._row_of: dict[int, int] = {}
        self._version: dict[int, int] = {}
        self._free = list(range(len(self._rows) - 1, -1, -1))
        self.waiting: dict[int, int] = {}

    def refresh(self, orders: Iterable[Order], now_s: float) -> list[int]:
        """Bring rows up to date with orders; return the ids of orders that began to wait."""
        began: list[int] = []
        for order in orders:
            if self._version.get(order.id, -1) >= order.version:
                continue
            if order.state not in _LIVE:
                self._drop(order.id)
                continue
            row = self._row_of.get(order.id)
            if row is None:
                row = self._add(order)
            self._update(row, order, now_s)
            self._version[order.id] = order.version
            if not (order.assignment is _UNASSIGNED and order.state in DISPATCHABLE_STATES):
                self.waiting.pop(order.id, None)
            elif order.id not in self.waiting:
                self.waiting[order.id] = row
                began.append(order.id)
        return began

    def stop_waiting(self, order_id: int) -> None:
        """Take an order off the waiting list at once; its row follows with the event."""
        self.waiting.pop(order_id, None)

    def since_s(self, order_id: int) -> float:
        """Return since when an order in the book has waited for a driver."""
        return float(self._columns["since_s"][self._row_of[order_id]])

    def take_waiting(self, order_ids: Sequence[int] | None = None) -> NDArray[Any]:
        """Return rows of waiting orders, all or those of `order_ids`, by placement time and id."""
        wanted = self.waiting.values() if order_ids is None else [self.waiting[one] for one in order_ids]
        rows = self._rows.take(np.fromiter(wanted, np.int64, len(wanted)))
        return rows[np.lexsort((rows["id"], rows["placed_s"]))] if len(rows) > 1 else rows

    async def take(self, order_ids: IntArray, now_s: float) -> NDArray[Any]:
        """Return the rows of orders, in input order; unknown ones are read from the store.

        An order that is no longer live gets a row without a driver.
        """
        ids, row_of = order_ids.tolist(), self._row_of
        found = list(map(row_of.get, ids))
        if None in found:
            unknown = [order_id for order_id, row in zip(ids, found, strict=True) if row is None]
            self.refresh(await self._store.get(unknown), now_s)
            found = list(map(row_of.get, ids))
        if None not in found:
            return self._rows.take(np.array(found, np.int64))
        rows = np.zeros(len(ids), ROW)
        rows["id"], rows["driver"] = order_ids, NO_DRIVER
        at = [i for i, row in enumerate(found) if row is not None]
        rows[at] = self._rows[[row for row in found if row is not None]]
        return rows

    def _add(self, order: Order) -> int:
        if not self._free:
            size = len(self._rows)
            self._rows = np.concatenate([self._rows, np.zeros(size, ROW)])
            self._columns = _columns(self._rows)
            self._free = list(range(2 * size - 1, size - 1, -1))
        row = self._row_of[order.id] = self._free.pop()
        restaurant = (order.restaurant_lat, order.restaurant_lon)
        customer = (order.customer_lat, order.customer_lon)
        confirmed_s = order.confirmed_at_s if order.confirmed_at_s is not None else order.placed_at_s
        self._rows[row] = (
            order.id,
            NO_DRIVER,
            order.restaurant_id,
            *self._nodes.of([restaurant, customer]),
            *restaurant,
            *customer,
            order.placed_at_s,
            order.promised_at_s,
            confirmed_s + order.prep_quote_s,
            confirmed_s,
            False,
            False,
        )
        return row

    def _update(self, row: int, order: Order, now_s: float) -> None:
        columns = self._columns
        driver_id = NO_DRIVER if order.driver_id is None else order.driver_id
        if columns["driver"][row] != driver_id:
            if driver_id == NO_DRIVER:  # released: it waits anew
                columns["since_s"][row] = now_s
            columns["driver"][row] = driver_id
        if order.ready_at_s is not None:
            columns["ready_s"][row] = order.ready_at_s
            columns["is_ready"][row] = True
            columns["is_picked_up"][row] = order.state is OrderState.PICKED_UP

    def _drop(self, order_id: int) -> None:
        row = self._row_of.pop(order_id, None)
        if row is not None:
            self._free.append(row)
            del self._version[order_id]
        self.waiting.pop(order_id, None)


def _columns(rows: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return views of the columns: writing one element there is five times as fast as through its row."""
    return {name: rows[name] for name in ROW.names or ()}
