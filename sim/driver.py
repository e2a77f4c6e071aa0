"""One driver's state."""

from __future__ import annotations

import math

import simpy

from domain.drivers import Plan
from domain.vehicles import Vehicle


class Driver:
    """One driver's state while on shift."""

    __slots__ = (
        "break_due",
        "busy_since",
        "can_divert",
        "id",
        "index",
        "last_door",
        "node",
        "offers",
        "on_break",
        "on_shift",
        "pay_cents",
        "plan",
        "spell",
        "spells",
        "vehicle",
    )

    def __init__(self, index: int, node: int, vehicle: Vehicle) -> None:
        self.index = index
        self.id = index + 1
        self.node = node
        self.vehicle = vehicle
        self.plan: Plan = ()
        self.spell: simpy.Process | None = None
        self.spells = 0
        self.can_divert = False
        self.on_shift = self.on_break = self.break_due = False
        self.offers: dict[int, int] = {}  # pending offer id -> row of the offers table
        self.pay_cents: dict[int, float] = {}  # order id -> pay on delivery
        self.busy_since = math.nan
        self.last_door = math.nan
