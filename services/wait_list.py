"""When waiting orders are due: next try, giving up; and who is not to be asked for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heappop, heappush

from services.agenda import Agenda
from services.settings import MatchSettings


class WaitList:
    """Times per waiting order, as heaps whose stale entries are dropped when they come to the top.

    `is_waiting` tells whether an order still waits.
    """

    def __init__(self, is_waiting: Callable[[int], bool], settings: MatchSettings, agenda: Agenda) -> None:
        self._is_waiting = is_waiting
        self._settings = settings
        self._agenda = agenda
        self._tries: list[tuple[float, int]] = []
        self._try_at: dict[int, float] = {}
        self._give_ups: list[tuple[float, int]] = []
        self.excluded: dict[int, set[int]] = {}

    def begin(self, order_id: int, now_s: float, since_s: float) -> None:
        """An order begins to wait, or waits again, since `since_s`."""
        self.retry(order_id, now_s)
        self.give_up_at(order_id, since_s + self._settings.give_up_s)

    def give_up_at(self, order_id: int, at_s: float) -> None:
        """Give an order up at `at_s` if it still waits."""
        heappush(self._give_ups, (at_s, order_id))
        self._agenda.note(at_s)

    def retry(self, order_id: int, at_s: float) -> None:
        """Try an order at `at_s`."""
        self._try_at[order_id] = at_s
        heappush(self._tries, (at_s, order_id))
        self._agenda.note(at_s)

    def exclude(self, order_id: int, driver_id: int) -> None:
        """Do not ask this driver again, until so many have been excluded that all may be asked again."""
        drivers = self.excluded.setdefault(order_id, set())
        drivers.add(driver_id)
        if len(drivers) >= self._settings.max_offers:
            del self.excluded[order_id]

    def forget(self, order_id: int) -> None:
        """The order is assigned for good, or gone."""
        self.excluded.pop(order_id, None)
        self._try_at.pop(order_id, None)

    def next_try_s(self) -> float:
        """Return when the next waiting order is to be tried; inf if none."""
        tries = self._tries
        while tries:
            at_s, order_id = tries[0]
            if self._try_at.get(order_id) == at_s and self._is_waiting(order_id):
                return at_s
            heappop(tries)
        return math.inf

    def next_give_up_s(self) -> float:
        """Return when the next waiting order is given up; inf if none."""
        give_ups = self._give_ups
        while give_ups:
            at_s, order_id = give_ups[0]
            if self._is_waiting(order_id):
                return at_s
            heappop(give_ups)
        return math.inf

    def take_tries(self, now_s: float) -> list[int]:
        """Return the waiting orders that are to be tried by now."""
        due: list[int] = []
        while self.next_try_s() <= now_s:
            order_id = heappop(self._tries)[1]
            del self._try_at[order_id]
            due.append(order_id)
        return due

    def take_given_up(self, now_s: float) -> list[int]:
        """Return the waiting orders that are given up by now."""
        due: list[int] = []
        while self.next_give_up_s() <= now_s:
            due.append(heappop(self._give_ups)[1])
        return list(dict.fromkeys(due))
