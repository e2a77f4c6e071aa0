"""A restaurant's kitchen: so many places at the stove, a queue before them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import simpy


class Kitchen:
    """A SimPy resource that cooks orders, first come first served."""

    def __init__(
        self, env: simpy.Environment, *, capacity: int, prep_usual_s: float, prep_mean_s: float
    ) -> None:
        self._env = env
        self._places = simpy.Resource(env, capacity)
        self._prep_usual_s = prep_usual_s
        self._prep_mean_s = prep_mean_s

    def quote_s(self) -> float:
        """Return the preparation time that the restaurant would quote now: the usual one plus the queue's."""
        ahead = len(self._places.queue) + (self._places.count == self._places.capacity)
        return self._prep_usual_s + ahead * self._prep_mean_s / self._places.capacity

    def cook(self, prep_s: float, *, start: Callable[[], bool], done: Callable[[], None]) -> None:
        """Queue an order: `start` is called when a place is free and says whether to cook, then `done`."""
        place = self._places.request()
        place.callbacks.append(partial(self._begin, place, prep_s, start, done))

    def _begin(
        self,
        place: simpy.resources.resource.Request,
        prep_s: float,
        start: Callable[[], bool],
        done: Callable[[], None],
        _event: simpy.Event,
    ) -> None:
        if start():
            self._env.timeout(prep_s).callbacks.append(partial(self._finish, place, done))
        else:
            self._places.release(place)

    def _finish(
        self, place: simpy.resources.resource.Request, done: Callable[[], None], _event: simpy.Event
    ) -> None:
        self._places.release(place)
        done()
