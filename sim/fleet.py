"""Where every driver is: the fleet's movement in columns, and its pings.

A leg is a polyline with a time per point, kept for all drivers in one growing arena; who has arrived is
parked and needs none of it. A position at any time is an interpolation, done for a whole cohort by one
compiled loop; nothing in Python runs per driver.
"""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from domain.units import BoolArray, FloatArray, IntArray
from roads.protocols import Path
from sim.ground import Polyline
from sim.streams import mixed

_ROOM = 1 << 17
"""Points that a tidied arena has at least room for, 3 MB."""
NOISE_SIZE = 1 << 16


class Fleet:
    """Positions of d drivers over time, who drive along the `polyline` of paths.

    `online` bool [d] says whose positions are sent.
    """

    def __init__(self, lat: FloatArray, lon: FloatArray, polyline: Polyline) -> None:
        count = len(lat)
        self.online: BoolArray = np.zeros(count, bool)
        self._polyline = polyline
        self._is_moving: BoolArray = np.zeros(count, bool)
        self._parked: FloatArray = np.column_stack([lat, lon]).astype(np.float64)
        self._begin, self._end, self._cursor = np.zeros((3, count), np.int64)
        self._points = np.empty((_ROOM, 3))  # of all legs: latitude, longitude, moment
        self._used = 0

    def depart(self, driver: int, path: Path, at_s: float) -> tuple[float, float]:
        """Send a driver along a path, leaving at `at_s`; return how many seconds it takes, and its metres."""
        end, seconds, length_m = self._polyline(path, self._points, first=self._used, at_s=at_s)
        if end > len(self._points):
            self.make_room(end - self._used)
            end, seconds, length_m = self._polyline(path, self._points, first=self._used, at_s=at_s)
        self._begin[driver] = self._cursor[driver] = self._used
        self._end[driver] = self._used = end
        self._is_moving[driver] = True
        return seconds, length_m

    def stop_at(self, driver: int, at_s: float) -> None:
        """Cut a driver's leg off at the last point that is passed by `at_s`."""
        begin, end = self._begin[driver], self._end[driver]
        if self._is_moving[driver]:
            keep = int(np.searchsorted(self._points[begin:end, 2], at_s + 1e-6, side="right"))
            self._end[driver] = begin + max(keep, 1)

    def positions(self, drivers: IntArray, at_s: float) -> tuple[FloatArray, FloatArray]:
        """Return latitude and longitude [deg], float64 [k], of `drivers` int64 [k] at a time.

        Times must not go back between calls.
        """
        lat, lon = np.empty(len(drivers)), np.empty(len(drivers))
        _interpolate(drivers, at_s, *self._legs(), lat, lon)
        return lat, lon

    def sightings(
        self, drivers: IntArray, at_s: float, noise_deg: FloatArray, shrink: float, tick: int
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return those of `drivers` int64 [k] who are online, and their positions with noise.

        `noise_deg` float64 [2**16] are errors to pick from, by a hash of driver and tick; they are added to
        latitude and, divided by `shrink`, to longitude.
        """
        seen: tuple[IntArray, FloatArray, FloatArray] = _sight(
            drivers, at_s, self.online, noise_deg, shrink, tick, *self._legs()
        )
        return seen

    def make_room(self, points: int) -> None:
        """Give the arena room for `points` more points and some, dropping what drivers have passed.

        All in place: two of them would be most of a large fleet's memory, which peaks when a shift begins.
        """
        moving = np.flatnonzero(self._is_moving)
        in_arena = moving[np.argsort(self._begin[moving])]
        self._used = _compact(in_arena, self._begin, self._end, self._cursor, self._points)
        size = self._used + points + max(self._used // 4, _ROOM)
        self._points.resize((size, 3), refcheck=False)  # nobody keeps a view of it between calls

    def _legs(self) -> tuple[BoolArray, FloatArray, IntArray, IntArray, FloatArray]:
        return self._is_moving, self._parked, self._end, self._cursor, self._points


@njit(cache=True, nogil=True, error_model="numpy")
def _interpolate(drivers, at_s, is_moving, parked, end, cursor, points, out_lat, out_lon):  # type: ignore[no-untyped-def]  # numba
    for i in range(len(drivers)):
        d = drivers[i]
        if not is_moving[d]:
            out_lat[i], out_lon[i] = parked[d, 0], parked[d, 1]
            continue
        k, last = cursor[d], end[d] - 1
        while k < last and points[k + 1, 2] <= at_s:
            k += 1
        cursor[d] = k
        out_lat[i], out_lon[i] = points[k, 0], points[k, 1]
        if k >= last:
            is_moving[d] = False
            parked[d] = points[k, :2]
        elif at_s > points[k, 2]:
            share = (at_s - points[k, 2]) / (points[k + 1, 2] - points[k, 2])
            out_lat[i] += share * (points[k + 1, 0] - points[k, 0])
            out_lon[i] += share * (points[k + 1, 1] - points[k, 1])


@njit(cache=True, nogil=True, error_model="numpy")
def _sight(drivers, at_s, online, noise, shrink, tick, is_moving, parked, end, cursor, points):  # type: ignore[no-untyped-def]  # numba
    seen, count = np.empty(len(drivers), np.int64), 0
    for d in drivers:
        if online[d]:
            seen[count] = d
            count += 1
    seen, lat, lon = seen[:count], np.empty(count), np.empty(count)
    _interpolate(seen, at_s, is_moving, parked, end, cursor, points, lat, lon)
    for k in range(count):
        picked = mixed(uint64(tick) * uint64(1 << 32) + uint64(seen[k]))
        lat[k] += noise[picked & uint64(0xFFFF)]
        lon[k] += noise[(picked >> uint64(16)) & uint64(0xFFFF)] / shrink
    return seen, lat, lon


@njit(cache=True, nogil=True)
def _compact(in_arena, begin, end, cursor, points):  # type: ignore[no-untyped-def]  # numba
    """Move what is left of the legs of drivers, by place in the arena, to its front; return its length."""
    used = 0
    for d in in_arena:
        start = used
        for k in range(cursor[d], end[d]):
            points[used] = points[k]
            used += 1
        begin[d] = cursor[d] = start
        end[d] = used
    return used
