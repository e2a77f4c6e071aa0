"""An append-only audit log of orders, packed: 32 bytes a row, plus its details, if any, as MessagePack."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from struct import Struct
from typing import Any

import msgspec

from domain.events import AuditRow
from domain.order_state import Actor, Assignment, OrderState
from domain.orders import Order

_ROW = Struct("<qqdbbbbi")
"""The order's previous row, actor's id, time, event type, actor, state and assignment before and after, and
the size of the details that follow."""

_ACTORS = tuple(Actor)
_ACTOR_CODE = {actor: code for code, actor in enumerate(_ACTORS)}
_NOBODY = -1
_pack_details = msgspec.msgpack.Encoder().encode


def _face(code: int, details: Mapping[str, Any] | None) -> dict[str, Any]:
    """Unpack one side of a row: state, assignment and what was set along with it."""
    face = {"state": OrderState(code >> 2).name, "assignment": Assignment(code & 3).name}
    return {**face, **details} if details else face


class AuditLog:
    """Rows are only ever appended; those of one order are linked backwards from its latest."""

    def __init__(self) -> None:
        self._rows = bytearray()
        self._event_types: list[str] = []
        self._event_code: dict[str, int] = {}
        self._latest = array("q")  # by order id

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
        if after.id >= len(self._latest):
            self._latest.extend([_NOBODY] * (after.id + 1 - len(self._latest)))
        packed = _pack_details(details) if details else b""
        row = len(self._rows)
        self._rows += _ROW.pack(
            self._latest[after.id],
            _NOBODY if actor_id is None else actor_id,
            at_s,
            code,
            _ACTOR_CODE[actor],
            _NOBODY if before is None else before.state << 2 | before.assignment,
            after.state << 2 | after.assignment,
            len(packed),
        )
        self._rows += packed
        self._latest[after.id] = row

    def of(self, order_id: int) -> list[AuditRow]:
        """Return the rows of an order, oldest first; empty for an unknown one."""
        found: list[AuditRow] = []
        row = self._latest[order_id] if 0 <= order_id < len(self._latest) else _NOBODY
        while row != _NOBODY:
            previous, actor_id, at_s, event, actor, before, after, size = _ROW.unpack_from(self._rows, row)
            details = self._rows[row + _ROW.size : row + _ROW.size + size]
            found.append(
                AuditRow(
                    event_type=self._event_types[event],
                    entity_type="order",
                    entity_id=order_id,
                    actor=_ACTORS[actor].value,
                    actor_id=None if actor_id == _NOBODY else actor_id,
                    at_s=at_s,
                    before={} if before == _NOBODY else _face(before, None),
                    after=_face(after, msgspec.msgpack.decode(details) if size else None),
                )
            )
            row = previous
        return found[::-1]
