"""What comes next, so that who drives the marketplace need not ask after every call."""

from __future__ import annotations

import math


class Agenda:
    """The earliest moment planned since `soonest_s` was last set to infinity; it may be off again by now.

    Every service that plans something notes it here, so `Marketplace.next_due_s`, which looks through all of
    them, needs to be asked only when something sooner has come up.
    """

    __slots__ = ("soonest_s",)

    def __init__(self) -> None:
        self.soonest_s = math.inf

    def note(self, at_s: float) -> None:
        """Something is due at `at_s`."""
        if at_s < self.soonest_s:
            self.soonest_s = at_s
