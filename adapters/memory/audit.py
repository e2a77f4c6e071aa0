"""An append-only audit log of orders in compact columns: 35 bytes a row plus the rare detail."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

from domain.events import AuditRow
from domain.order_state import Actor, Assignment, OrderState
from domain.orders import Order

_ACTORS = tuple(Actor)
_ACTOR_CODE = {actor: code for code, actor in enumerate(_ACTORS)}
_NOBODY = -1


def _face(code: int, details: Mapping[str, Any] | None) -> dict[str, Any]:
    """Unpack one side of a row: state, assignment and what was set along with it."""
    face = {"state": OrderState(code >> 2).name, "assignment": Assignment(code & 3).name}
    return {**face, **details} if details else face


class AuditLog:
    """Rows are only ever appended; those of one order are linked backwards from its latest."""

    def __init__(self) -> None:
        self._event_types: list[str] = []
        self._event_code: dict[str, int] = {}
        self._event = array("b")
        self._actor = array("b")
        self._actor_id = array("q")
        self._at_s = array("d")
        self._before = array("b")
        self._after = array("b")
        self._previous = array("q")
        self._details: dict[int, Mapping[str, Any]] = {}
        self._latest: dict[int, int] = {}

    def append(
        self,
        event_type: str,
        before: Order | None,
        after: Order,
        *,
        actor: Actor,
        actor_id: int | None,
        at_s: float,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Record that `actor` turned `before` into `after` (before is None for a new order)."""
        code = self._event_code.get(event_type)
        if code is None:
            code = self._event_code[event_type] = len(self._event_types)
            self._event_types.append(event_type)
        row = len(self._event)
        self._event.append(code)
        self._actor.append(_ACTOR_CODE[actor])
        self._actor_id.append(_NOBODY if actor_id is None else actor_id)
        self._at_s.append(at_s)
        self._before.append(_NOBODY if before is None else before.state << 2 | before.assignment)
        self._after.append(after.state << 2 | after.assignment)
        self._previous.append(self._latest.get(after.id, _NOBODY))
        self._latest[after.id] = row
        if details:
            self._details[row] = details

    def of(self, order_id: int) -> list[AuditRow]:
        """Return the rows of an order, oldest first; empty for an unknown one."""
        rows: list[int] = []
        row = self._latest.get(order_id, _NOBODY)
        while row != _NOBODY:
            rows.append(row)
            row = self._previous[row]
        return [self._materialise(order_id, row) for row in reversed(rows)]

    def _materialise(self, order_id: int, row: int) -> AuditRow:
        before, actor_id = self._before[row], self._actor_id[row]
        return AuditRow(
            event_type=self._event_types[self._event[row]],
            entity_type="order",
            entity_id=order_id,
            actor=_ACTORS[self._actor[row]].value,
            actor_id=None if actor_id == _NOBODY else actor_id,
            at_s=self._at_s[row],
            before={} if before == _NOBODY else _face(before, None),
            after=_face(self._after[row], self._details.get(row)),
        )
