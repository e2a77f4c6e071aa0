"""A fast `dataclasses.replace` for orders: the hottest write of the memory database."""

from __future__ import annotations

from collections import deque
from dataclasses import fields
from itertools import repeat
from operator import attrgetter, call
from typing import Any

from domain.orders import Order

_NAMES = tuple(field.name for field in fields(Order))
_READ = attrgetter(*_NAMES)
_WRITE = tuple(getattr(Order, name).__set__ for name in _NAMES)
_SETTER = dict(zip(_NAMES, _WRITE, strict=True))


def evolve(order: Order, **changes: Any) -> Order:
    """Return a copy of `order` with `changes`; the slots are copied in C, without running the constructor.

    Raises:
        KeyError: an order has no such field.
    """
    copy = object.__new__(Order)
    deque(map(call, _WRITE, repeat(copy), _READ(order)), maxlen=0)
    for name, value in changes.items():
        _SETTER[name](copy, value)
    return copy
