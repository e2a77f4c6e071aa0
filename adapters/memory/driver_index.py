"""The driver index in memory: a table, a grid over it, and kernels over whole batches."""

from __future__ import annotations

import numpy as np

from adapters.memory.driver_table import DRIVER, DriverTable
from adapters.memory.grid import Grid
from adapters.memory.id_map import IdMap
from adapters.memory.nearest import nearest_rows
from adapters.quantise import quantise
from domain.drivers import Candidates, DriverProfiles, DriverStates, DriverStatus, Plan
from domain.errors import InvalidRequest
from domain.units import FloatArray, IntArray

FRESH_S = 30.0
"""A driver not heard of for longer vanishes from search."""

_OFFLINE = DriverStatus.OFFLINE
_PROFILE = ("id", "vehicle", "capacity", "rating", "goal_deliveries", "shift_end_s")


class MemoryDriverIndex:
    """Drivers in memory (implements domain.ports.DriverIndex).

    `fresh_s` is the freshness limit; `quantised` rounds positions as Valkey's 52-bit geohash does, so that
    runs on both can be compared.
    """

    def __init__(self, *, fresh_s: float = FRESH_S, quantised: bool = False) -> None:
        self.fresh_s = fresh_s
        self._quantised = quantised
        self._ids = IdMap()
        self._table = DriverTable()
        self._plans: dict[int, Plan] = {}
        self._grid = Grid()
        self._grid.reserve(self._table.rows)

    async def sign_on(self, drivers: DriverProfiles, now_s: float) -> None:
        """Make drivers known, AVAILABLE, with no load, no plan and no deliveries this shift."""
        lat, lon = self._positions(drivers.lat, drivers.lon)
        rows, table = self._ids.add(drivers.id), self._table
        table.reserve(self._ids.count)
        self._grid.reserve(table.rows)
        fresh = np.zeros(len(rows), DRIVER)  # written in one go: each indexed write to the table costs 1 us
        for name in _PROFILE:
            fresh[name] = getattr(drivers, name)
        fresh["status"], fresh["seen_at_s"] = DriverStatus.AVAILABLE, now_s
        fresh["lat"], fresh["lon"], fresh["cos_lat"] = lat, lon, np.cos(np.radians(lat))
        table.drivers[rows] = fresh
        table.stop_count[rows] = 0
        for driver_id in drivers.id.tolist() if self._plans else ():
            self._plans.pop(driver_id, None)
        self._grid.add(table.drivers, rows)

    async def sign_off(self, driver_ids: IntArray) -> None:
        """Make drivers OFFLINE; they vanish from search."""
        await self.set_status(driver_ids, _OFFLINE)

    async def move(self, driver_ids: IntArray, lat: FloatArray, lon: FloatArray, at_s: float) -> None:
        """Write positions seen at `at_s`, except where a later one is known."""
        if not len(driver_ids) == len(lat) == len(lon):
            raise InvalidRequest(f"{len(driver_ids)} drivers, {len(lat)} latitudes, {len(lon)} longitudes")
        rows = self._ids.find(driver_ids)
        self._grid.move(self._table.drivers, rows, *self._positions(lat, lon), float(at_s))

    async def set_status(
        self, driver_ids: IntArray, status: DriverStatus, *, expected: DriverStatus | None = None
    ) -> None:
        """Set the status of drivers, or of those who have the `expected` one."""
        turned = self._table.set_status(self._ids.each(driver_ids), status, expected)
        if not turned:
            return
        rows = np.array(turned, np.int32)
        if status is _OFFLINE:
            self._grid.remove(rows)
        else:
            self._grid.add(self._table.drivers, rows)

    async def set_plan(self, driver_id: int, plan: Plan, *, delivered: int = 0) -> None:
        """Replace a driver's planned stops; add to the deliveries of the shift."""
        row, table = self._ids.one(driver_id), self._table
        table.write_plan(row, plan)
        self._plans[driver_id] = plan
        table.load[row] = len({stop.order_id for stop in plan})
        if delivered:
            table.deliveries[row] += delivered

    async def move_rating(self, driver_id: int, stars: float, weight: float) -> None:
        """Move a driver's rating towards new stars by the share `weight` of the way."""
        ratings, row = self._table.rating, self._ids.one(driver_id)
        ratings[row] += weight * (stars - ratings[row])

    async def nearest(
        self,
        lat: FloatArray,
        lon: FloatArray,
        *,
        k: int,
        radius_m: float,
        now_s: float,
        max_load: int,
    ) -> Candidates:
        """Return up to `k` nearest admissible drivers of each point within `radius_m`."""
        if not len(lat) or k <= 0:
            return Candidates.none(len(lat))
        k = min(k, max(self._ids.count, 1))
        driver_id, metres = np.empty(len(lat) * k, np.int64), np.empty(len(lat) * k, np.float64)
        offsets = nearest_rows(
            np.ascontiguousarray(lat, np.float64),
            np.ascontiguousarray(lon, np.float64),
            k,
            float(radius_m),
            float(now_s - self.fresh_s),
            int(max_load),
            self._grid.frame,
            self._grid.head,
            self._grid.next,
            self._table.drivers,
            driver_id,
            metres,
        )
        found = int(offsets[-1])
        return Candidates(offsets=offsets, driver_id=driver_id[:found], distance_m=metres[:found])

    async def states(self, driver_ids: IntArray) -> DriverStates:
        """Return what is known of drivers, in input order."""
        known, offsets, stops = self._table.read(self._ids.find(driver_ids))
        return DriverStates(
            id=known["id"],
            lat=known["lat"],
            lon=known["lon"],
            seen_at_s=known["seen_at_s"],
            status=known["status"],
            load=known["load"],
            vehicle=known["vehicle"],
            capacity=known["capacity"],
            rating=known["rating"],
            deliveries=known["deliveries"],
            goal_deliveries=known["goal_deliveries"],
            shift_end_s=known["shift_end_s"],
            stop_offsets=offsets,
            stop_kind=stops["kind"],
            stop_order_id=stops["order_id"],
            stop_lat=stops["lat"],
            stop_lon=stops["lon"],
        )

    async def plan(self, driver_id: int) -> Plan:
        """Return one driver's planned stops."""
        self._ids.one(driver_id)
        return self._plans.get(driver_id, ())

    def _positions(self, lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, FloatArray]:
        if self._quantised:
            return quantise(lat, lon)
        return np.ascontiguousarray(lat, np.float64), np.ascontiguousarray(lon, np.float64)
