"""Chooses the nearest admissible drivers from what the server found around points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.valkey.records import Records
from domain.drivers import Candidates, DriverStatus
from domain.units import BoolArray, FloatArray, IntArray, haversine_m

_SAME_M = 1e-6  # the server's distances may differ from ours by rounding, not by this much


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Who may be chosen: up to `k` within `radius_m`, seen at `since_s` or later, load at most `max_load`."""

    k: int
    radius_m: float
    since_s: float
    max_load: int

    def admit(self, found: Records) -> BoolArray:
        """Tell of records whether their drivers may be chosen."""
        load = found["load"]
        allowed: BoolArray = (
            (found["status"] == DriverStatus.AVAILABLE)
            & (load <= self.max_load)
            & (load < found["capacity"])
            & (found["seen_at_s"] >= self.since_s)
        )
        return allowed


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Chosen drivers [m]: the point's number, the id and the distance, by point, distance, id."""

    point: IntArray
    driver_id: IntArray
    distance_m: FloatArray

    def of(self, points: BoolArray, numbers: IntArray) -> Chosen:
        """Return what was chosen for some of the points, who get other `numbers`."""
        if points.all():
            return replace(self, point=numbers[self.point])
        kept = points[self.point]
        return Chosen(
            point=numbers[self.point[kept]],
            driver_id=self.driver_id[kept],
            distance_m=self.distance_m[kept],
        )


def choose(
    points: Records, counts: NDArray[Any], found: Records, need: int, rules: Rules
) -> tuple[Chosen, BoolArray]:
    """Choose from `found`, `counts` records per point one after the other.

    Of a point with `need` or more records the `need` nearest are all drivers up to that distance, admissible
    or not; of a point with fewer they are all within the radius.

    Return what is chosen, and for which points [n] it is complete; the others need a larger `need`.
    """
    count = len(points)
    if count == 1:
        return _choose_around_one(points[0], found, need, rules)
    point = np.repeat(np.arange(count, dtype=np.uint16), counts)
    metres = haversine_m(points["lat"][point], points["lon"][point], found["lat"], found["lon"])
    good, ids = rules.admit(found), np.array(found["id"])
    order = _by_distance(point, metres, ids)
    metres = metres[order]
    horizon = _horizon(counts, metres, need)
    good = good[order] & (metres <= rules.radius_m) & (metres < horizon[point])
    per_point = np.bincount(point[good], minlength=count)
    rank = np.cumsum(good) - good  # of all good ones; within the point: less those of the points before
    before = np.cumsum(per_point) - per_point
    good &= rank - before[point] < rules.k
    is_complete = (per_point >= rules.k) | (horizon > rules.radius_m)
    return Chosen(point=point[good], driver_id=ids[order][good], distance_m=metres[good]), is_complete


def _choose_around_one(point: np.void, found: Records, need: int, rules: Rules) -> tuple[Chosen, BoolArray]:
    """Choose as `choose` does, for a single point: a third of the array passes."""
    metres = haversine_m(float(point["lat"]), float(point["lon"]), found["lat"], found["lon"])
    ids = np.array(found["id"])
    order = np.lexsort((ids, metres))
    metres = metres[order]
    horizon = metres[need - 1] - _SAME_M if len(found) >= need else np.inf
    good = rules.admit(found)[order] & (metres <= rules.radius_m) & (metres < horizon)
    kept = np.flatnonzero(good)
    is_complete = np.array([len(kept) >= rules.k or horizon > rules.radius_m])
    kept = kept[: rules.k]
    nowhere: IntArray = np.zeros(len(kept), np.int64)
    return Chosen(point=nowhere, driver_id=ids[order[kept]], distance_m=metres[kept]), is_complete


def merged(parts: list[Chosen], points: int) -> Candidates:
    """Return what was chosen for all points, in parts, as candidates."""
    first = parts[0]
    point = first.point if len(parts) == 1 else np.concatenate([part.point for part in parts])
    offsets = np.zeros(points + 1, np.int64)
    np.cumsum(np.bincount(point, minlength=points), out=offsets[1:])
    if len(parts) == 1:
        return Candidates(offsets=offsets, driver_id=first.driver_id, distance_m=first.distance_m)
    order = np.argsort(point, kind="stable")
    return Candidates(
        offsets=offsets,
        driver_id=np.concatenate([part.driver_id for part in parts])[order],
        distance_m=np.concatenate([part.distance_m for part in parts])[order],
    )


def _horizon(counts: NDArray[Any], metres: FloatArray, need: int) -> FloatArray:
    """Return per point up to where its records are known to be complete; `metres` sorted within points."""
    horizon = np.full(len(counts), np.inf)
    full = counts >= need
    last = (np.cumsum(counts) - counts)[full] + need - 1
    horizon[full] = metres[last] - _SAME_M
    return horizon


def _by_distance(point: NDArray[np.uint16], metres: FloatArray, ids: IntArray) -> IntArray:
    """Return the order of records by point (sorted already), distance, id."""
    order = np.argsort(metres)
    order = order[np.argsort(point[order], kind="stable")]  # of small integers: a radix sort
    ordered = metres[order]
    if (ordered[1:] == ordered[:-1]).any():
        return np.lexsort((ids, metres, point))
    return order
