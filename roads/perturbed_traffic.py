"""The traffic that a simulated world drives: the believed one, with noise and events."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.units import BoolArray, FloatArray
from domain.vehicles import Vehicle
from roads.city import City
from roads.traffic import Traffic, fastest_seconds

CLOSED = 1000.0


@dataclass(frozen=True, kw_only=True, eq=False)
class TrafficEvent:
    """Edge times multiplied by `factor` during ``[start_s, end_s)`` on the clock's axis.

    `edges` bool [e]: where, None for everywhere. A closed road has the factor CLOSED (an edge never takes
    more than four hours, see roads.labels).
    """

    start_s: float
    end_s: float
    factor: float
    edges: BoolArray | None = None


class PerturbedTraffic:
    """A city's base traffic, times a factor per edge, times the factors of the events of the moment.

    `edge_factor` float [e], positive: how the true road differs from the believed one. Whatever the factors,
    no vehicle exceeds its own maximum speed. Slots of the base are split where an event begins or ends.
    """

    def __init__(
        self,
        city: City,
        base: Traffic,
        *,
        edge_factor: FloatArray | None = None,
        events: Sequence[TrafficEvent] = (),
    ) -> None:
        _check(edge_factor, events)
        self._city = city
        self._base = base
        self._edge_factor = edge_factor
        self._events = tuple(events)
        bounds = {event.start_s for event in events} | {event.end_s for event in events}
        self._bounds = sorted(bounds)

    def slot(self, at_s: float) -> int:
        """Return the base's slot and the number of event bounds passed, in one integer."""
        passed = bisect.bisect_right(self._bounds, at_s)
        return self._base.slot(at_s) * (len(self._bounds) + 1) + passed

    def edge_seconds(self, slot: int, vehicle: Vehicle) -> FloatArray:
        """Return each edge's true seconds in that slot, float64 [e]."""
        base_slot, passed = divmod(slot, len(self._bounds) + 1)
        seconds = np.array(self._base.edge_seconds(base_slot, vehicle), dtype=np.float64)
        if self._edge_factor is not None:
            seconds *= self._edge_factor
        if 0 < passed < len(self._bounds):
            self._apply_events(seconds, self._bounds[passed - 1])
        return np.maximum(seconds, fastest_seconds(self._city, vehicle))

    def _apply_events(self, seconds: NDArray[np.float64], moment: float) -> None:
        for event in self._events:
            if event.start_s <= moment < event.end_s:
                if event.edges is None:
                    seconds *= event.factor
                else:
                    seconds[event.edges] *= event.factor


def edge_noise(city: City, *, sigma: float, rng: np.random.Generator) -> FloatArray:
    """Return lognormal factors with median 1 and log-deviation `sigma`, float64 [e]."""
    return rng.lognormal(0.0, sigma, size=city.edge_count)


def bridges(city: City, *, street: str | None = None) -> BoolArray:
    """Return which edges are bridges, bool [e]; with `street`, only those of that name."""
    is_bridge = city.edge_is_bridge.copy()
    if street is not None:
        if street not in city.streets:
            raise ValueError(f"{city.name} has no street {street!r}")
        is_bridge &= city.edge_street == city.streets.index(street)
    return is_bridge


def _check(edge_factor: FloatArray | None, events: Sequence[TrafficEvent]) -> None:
    if edge_factor is not None and not (np.isfinite(edge_factor).all() and (edge_factor > 0.0).all()):
        raise ValueError("edge factors must be finite and positive")
    for event in events:
        if not event.start_s < event.end_s or not event.factor > 0.0:
            raise ValueError(
                f"event {event.start_s}..{event.end_s} s x {event.factor}: empty, or factor not positive"
            )
