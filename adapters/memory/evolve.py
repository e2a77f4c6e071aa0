"""A fast `dataclasses.replace` for orders: the hottest write of the memory database."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from domain.orders import Order

_NAMES = tuple(field.name for field in fields(Order))
_READ = [getattr(Order, name).__get__ for name in _NAMES]
_WRITE = [getattr(Order, name).__set__ for name in _NAMES]
_PAIRS = tuple(zip(_READ, _WRITE, strict=True))
_SETTER = dict(zip(_NAMES, _WRITE, strict=True))


def evolve(order: Order, **changes: Any) -> Order:
    """Return a copy of `order` with `changes`; the slots are copied without running the constructor.

    Raises:
        KeyError: an order has no such field.
    """
    copy = object.__new__(Order)
    for read, write in _PAIRS:
        write(copy, read(order))
    for name, value in changes.items():
        _SETTER[name](copy, value)
    return copy
