"""Where every driver is: the fleet's movement in columns, and its pings.

A leg is a polyline with a time per point, kept for all drivers in one growing arena. A position at any time
is an interpolation, done for a whole cohort by one compiled loop; nothing in Python runs per driver.
"""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from domain.units import BoolArray, FloatArray, IntArray
from sim.ground import Polyline
from sim.streams import mixed

_MIN_ARENA = 1 << 16
NOISE_SIZE = 1 << 16


class Fleet:
    """Positions of d drivers over time.

    `online` bool [d] says whose positions are sent.
    """

    def __init__(self, lat: FloatArray, lon: FloatArray) -> None:
        count = len(lat)
        size = max(_MIN_ARENA, 4 * count)
        self.online: BoolArray = np.zeros(count, bool)
        self._lat, self._lon, self._at = np.empty(size), np.empty(size), np.empty(size)
        self._lat[:count], self._lon[:count], self._at[:count] = lat, lon, -np.inf
        self._begin = np.arange(count, dtype=np.int64)
        self._end = self._begin + 1
        self._cursor = self._begin.copy()
        self._used = count

    def depart(self, driver: int, line: Polyline, at_s: float) -> None:
        """Send a driver along a polyline, leaving at `at_s`."""
        lat, lon, seconds = line
        points = len(lat)
        if self._used + points > len(self._lat):
            self.make_room(points)
        begin, end = self._used, self._used + points
        self._lat[begin:end] = lat
        self._lon[begin:end] = lon
        self._at[begin:end] = seconds
        self._at[begin:end] += at_s
        self._begin[driver] = self._cursor[driver] = begin
        self._end[driver] = self._used = end

    def stop_at(self, driver: int, at_s: float) -> None:
        """Cut a driver's leg off at the last point that is passed by `at_s`."""
        begin, end = self._begin[driver], self._end[driver]
        keep = int(np.searchsorted(self._at[begin:end], at_s + 1e-6, side="right"))
        self._end[driver] = begin + max(keep, 1)

    def positions(self, drivers: IntArray, at_s: float) -> tuple[FloatArray, FloatArray]:
        """Return latitude and longitude [deg], float64 [k], of `drivers` int64 [k] at a time.

        Times must not go back between calls.
        """
        lat, lon = np.empty(len(drivers)), np.empty(len(drivers))
        _interpolate(drivers, at_s, self._end, self._cursor, self._lat, self._lon, self._at, lat, lon)
        return lat, lon

    def sightings(
        self, drivers: IntArray, at_s: float, noise_deg: FloatArray, shrink: float, tick: int
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return those of `drivers` int64 [k] who are online, and their positions with noise.

        `noise_deg` float64 [2**16] are errors to pick from, by a hash of driver and tick; they are added to
        latitude and, divided by `shrink`, to longitude.
        """
        state = self._end, self._cursor, self._lat, self._lon, self._at
        seen: tuple[IntArray, FloatArray, FloatArray] = _sight(
            drivers, at_s, self.online, noise_deg, shrink, tick, *state
        )
        return seen

    def make_room(self, points: int) -> None:
        """Make the arena large enough for `points` more points, dropping what drivers have passed."""
        live = int(np.sum(self._end - self._cursor))
        size = max(len(self._lat), 2 * (live + points))
        lat, lon, at = np.empty(size), np.empty(size), np.empty(size)
        self._used = _compact(
            self._begin, self._end, self._cursor, self._lat, self._lon, self._at, lat, lon, at
        )
        self._lat, self._lon, self._at = lat, lon, at


@njit(cache=True, nogil=True, error_model="numpy")
def _interpolate(drivers, at_s, end, cursor, lat, lon, at, out_lat, out_lon):  # type: ignore[no-untyped-def]  # numba
    for i in range(len(drivers)):
        d = drivers[i]
        k, last = cursor[d], end[d] - 1
        while k < last and at[k + 1] <= at_s:
            k += 1
        cursor[d] = k
        if k >= last or at_s <= at[k]:
            out_lat[i], out_lon[i] = lat[k], lon[k]
        else:
            share = (at_s - at[k]) / (at[k + 1] - at[k])
            out_lat[i] = lat[k] + share * (lat[k + 1] - lat[k])
            out_lon[i] = lon[k] + share * (lon[k + 1] - lon[k])


@njit(cache=True, nogil=True, error_model="numpy")
def _sight(drivers, at_s, online, noise, shrink, tick, end, cursor, lat, lon, at):  # type: ignore[no-untyped-def]  # numba
    count = 0
    for d in drivers:
        count += online[d]
    seen, out_lat, out_lon = np.empty(count, np.int64), np.empty(count), np.empty(count)
    k = 0
    for d in drivers:
        if online[d]:
            seen[k] = d
            k += 1
    _interpolate(seen, at_s, end, cursor, lat, lon, at, out_lat, out_lon)
    for k in range(count):
        picked = mixed(uint64(tick) * uint64(1 << 32) + uint64(seen[k]))
        out_lat[k] += noise[picked & uint64(0xFFFF)]
        out_lon[k] += noise[(picked >> uint64(16)) & uint64(0xFFFF)] / shrink
    return seen, out_lat, out_lon


@njit(cache=True, nogil=True)
def _compact(begin, end, cursor, lat, lon, at, new_lat, new_lon, new_at):  # type: ignore[no-untyped-def]  # numba
    used = 0
    for d in range(len(begin)):
        start = used
        for k in range(cursor[d], end[d]):
            new_lat[used], new_lon[used], new_at[used] = lat[k], lon[k], at[k]
            used += 1
        begin[d] = cursor[d] = start
        end[d] = used
    return used
