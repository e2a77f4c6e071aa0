"""What drivers stop for; apart from the records of drivers, since the library needs nothing else of them."""

from __future__ import annotations

from enum import IntEnum


class StopKind(IntEnum):
    """What happens at a stop; the integer is the column value."""

    PICKUP = 0
    DROPOFF = 1
