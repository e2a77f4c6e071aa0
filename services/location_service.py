"""Drivers' shifts and positions."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from domain.drivers import DriverProfiles, DriverStatus
from domain.errors import Conflict, InvalidRequest, Unavailable
from domain.events import Event, EventKind, Topic
from domain.ports import Clock
from domain.stores import Stores
from domain.units import FloatArray, IntArray
from services.driver_projection import DriverProjection
from services.positions import are_on_the_map, degrees

HISTORY_EVERY_S = 10.0
"""How often recorded positions are written."""


class LocationService:
    """Signs drivers on and off and takes their pings.

    `DRIVERS_MOVED` goes out for watched drivers only: `watched` returns their ids, sorted int64, and a ping
    batch without any of them publishes nothing. The event's data are `driver_ids`, `lat`, `lon` arrays.
    Positions are also recorded in the location history, which is written apart.
    """

    def __init__(
        self,
        stores: Stores,
        projection: DriverProjection,
        clock: Clock,
        *,
        watched: Callable[[], IntArray],
    ) -> None:
        self._drivers = stores.drivers
        self._offers = stores.offers
        self._bus = stores.bus
        self._history = stores.history
        self._projection = projection
        self._clock = clock
        self._watched = watched
        self._write_at_s = -math.inf

    async def sign_on(self, drivers: DriverProfiles) -> None:
        """Begin shifts: drivers become known and available.

        Who still carries orders, or is being asked, gets that back: the index may have lost its memory.
        """
        _check_positions(drivers.id, degrees(drivers.lat), degrees(drivers.lon))
        if (np.asarray(drivers.capacity) < 1).any():
            raise InvalidRequest("a driver must be able to carry at least one order")
        await self._drivers.sign_on(drivers, self._clock.now_s())
        await self._projection.restore(np.asarray(drivers.id, np.int64))

    async def sign_off(self, driver_ids: IntArray) -> None:
        """End shifts: no more offers; plans are finished."""
        await self._drivers.sign_off(np.asarray(driver_ids, np.int64))

    async def pause(self, driver_id: int) -> None:
        """Begin a break: no offers, the plan is finished. Conflict if the driver is offline."""
        await self._switch(driver_id, DriverStatus.ON_BREAK)

    async def resume(self, driver_id: int) -> None:
        """End a break. Conflict if the driver is offline."""
        is_asked = bool(await self._offers.pending(np.array([driver_id], np.int64)))
        await self._switch(driver_id, DriverStatus.OFFERED if is_asked else DriverStatus.AVAILABLE)

    async def ping(self, driver_ids: IntArray, lat: FloatArray, lon: FloatArray, at_s: float) -> None:
        """Take positions [n] seen at `at_s`; later ones already known stay.

        Raises:
            InvalidRequest: lengths differ, a position is not finite or not on the map, `at_s` is not finite.
            NotFound: an unknown driver. Nothing is written then.
        """
        if not math.isfinite(at_s):
            raise InvalidRequest(f"a ping's time must be finite, not {at_s}")
        lat, lon = degrees(lat), degrees(lon)
        _check_positions(driver_ids, lat, lon)
        await self._drivers.move(driver_ids, lat, lon, at_s)
        self._history.record(driver_ids, lat, lon, at_s)
        watched = self._watched()
        if len(watched):
            await self._publish(watched, driver_ids, lat, lon, at_s)

    async def write_history(self) -> None:
        """Write the recorded positions if the last time is `HISTORY_EVERY_S` ago; what fails waits."""
        now_s = self._clock.now_s()
        if now_s >= self._write_at_s:
            self._write_at_s = now_s + HISTORY_EVERY_S
            with suppress(Unavailable):
                await self._history.flush()

    async def _switch(self, driver_id: int, status: DriverStatus) -> None:
        ids = np.array([driver_id], np.int64)
        states = await self._drivers.states(ids)
        if states.status[0] == DriverStatus.OFFLINE:
            raise Conflict(f"driver {driver_id} is offline")
        await self._drivers.set_status(ids, status)

    async def _publish(
        self, watched: IntArray, driver_ids: IntArray, lat: FloatArray, lon: FloatArray, at_s: float
    ) -> None:
        seen = np.isin(driver_ids, watched)
        if not seen.any():
            return
        data = {"driver_ids": driver_ids[seen], "lat": lat[seen], "lon": lon[seen]}
        event = Event(id=0, topic=Topic.LOCATIONS, kind=EventKind.DRIVERS_MOVED, key=0, at_s=at_s, data=data)
        await self._bus.publish([event])


def _check_positions(driver_ids: IntArray, lat: FloatArray, lon: FloatArray) -> None:
    if not len(driver_ids) == len(lat) == len(lon):
        raise InvalidRequest(f"{len(driver_ids)} drivers, {len(lat)} latitudes, {len(lon)} longitudes")
    if not are_on_the_map(lat, lon):
        raise InvalidRequest("a position is not finite or off the map")
