"""Who carried what, and when: a solution of an instance, in columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domain.units import BoolArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """The a assignments of a day, in any order; indices are the instance's, times whole minutes, int64.

    An assignment is one trip of one driver to one restaurant for a bundle of orders. A bundle of no orders
    is a prepositioning move: the driver goes to the restaurant and is free on arrival. Orders that are in
    no bundle are undelivered. When two trips of a driver depart in the same minute, the earlier row comes
    first.

    Per assignment [a]: `driver`, `restaurant`; `assigned_min`, when the bundle was complete;
    `departed_min`, when the driver set out for the restaurant (earlier than `assigned_min` where orders
    joined on the way); `arrived_min`; `picked_up_min`. A move's assigned and picked-up times say nothing:
    they repeat its departure and arrival. `offsets` [a+1] delimits bundles: assignment i carries
    ``order[offsets[i]:offsets[i+1]]``.

    Per delivered order [k], bundle by bundle in route order: `order`; `left_min`, when the driver set out
    for that customer, from the restaurant or from the customer before; `dropped_off_min`.
    """

    driver: IntArray
    restaurant: IntArray
    assigned_min: IntArray
    departed_min: IntArray
    arrived_min: IntArray
    picked_up_min: IntArray
    offsets: IntArray
    order: IntArray
    left_min: IntArray
    dropped_off_min: IntArray

    @property
    def size(self) -> IntArray:
        """Orders per assignment [a]."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> IntArray:
        """Assignment of each delivered order [k]."""
        return np.repeat(np.arange(len(self.driver)), self.size)

    @property
    def is_first(self) -> BoolArray:
        """Whether a delivered order is the first of its bundle [k]."""
        is_first = np.zeros(len(self.order), np.bool_)
        is_first[self.offsets[:-1][self.size > 0]] = True
        return is_first
