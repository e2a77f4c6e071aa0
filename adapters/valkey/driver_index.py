"""The driver index in Valkey: packed records, geo sets of those who can be offered work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from adapters.valkey.nearest import Chosen, Rules, choose, merged
from adapters.valkey.records import (
    DRIVER,
    Records,
    new_pings,
    new_points,
    new_records,
    pack_ids,
    pack_plan,
    read_states,
)
from adapters.valkey.server import Argument, ValkeyServer
from domain.drivers import Candidates, DriverProfiles, DriverStates, DriverStatus, Plan
from domain.errors import InvalidRequest, NotFound, Unavailable
from domain.units import BoolArray, FloatArray, IntArray

FRESH_S = 30.0
"""A driver not heard of for longer vanishes from search."""

BATCH = 5_000
"""Drivers of one call to the server, some 25 ms of its time."""

_ANY = -1
_POINTS_AT_ONCE = 128
_FOUND_AT_ONCE = 8_192
_SWEEP_EVERY_S = 5.0
_SWEEP_STEP = 1_000
_SWEEP_SHARE = 16
_SWEPT_AT_ONCE = 20_000


class ValkeyDriverIndex:
    """Drivers of one market (implements domain.ports.DriverIndex).

    `fresh_s` is the freshness limit. With `publish`, a ping of a driver who carries orders also goes out to
    whoever watches the driver on a `ValkeyFeed`: data `lat` and `lon`; ids up to 2^53.

    A call with more than BATCH drivers is checked as a whole and then written batch by batch; one with fewer
    is atomic. Positions come back rounded as `adapters.quantise` rounds them.
    """

    def __init__(self, server: ValkeyServer, *, fresh_s: float = FRESH_S, publish: bool = False) -> None:
        self.fresh_s = fresh_s
        self._server = server
        self._publishes = int(publish)
        self._next_sweep_s = -np.inf

    async def sign_on(self, drivers: DriverProfiles, now_s: float) -> None:
        """Make drivers known, AVAILABLE, with no load, no plan and no deliveries this shift."""
        for part in _batches(new_records(drivers, now_s)):
            await self._call("sign_on", part.tobytes())

    async def sign_off(self, driver_ids: IntArray) -> None:
        """Make drivers OFFLINE; they vanish from search."""
        await self.set_status(driver_ids, DriverStatus.OFFLINE)

    async def move(self, driver_ids: IntArray, lat: FloatArray, lon: FloatArray, at_s: float) -> None:
        """Write positions seen at `at_s`, except where a later one is known."""
        if not len(driver_ids) == len(lat) == len(lon):
            raise InvalidRequest(f"{len(driver_ids)} drivers, {len(lat)} latitudes, {len(lon)} longitudes")
        pings = new_pings(driver_ids, lat, lon, at_s)
        await self._check_large(pings["id"])
        for part in _batches(pings):
            unknown = await self._call("move", part.tobytes(), self._publishes, is_repeatable=True)
            _refuse(unknown, part["id"])

    async def set_status(
        self, driver_ids: IntArray, status: DriverStatus, *, expected: DriverStatus | None = None
    ) -> None:
        """Set the status of drivers, or of those who have the `expected` one."""
        only = _ANY if expected is None else int(expected)
        ids = np.asarray(driver_ids, np.int64)
        await self._check_large(ids)
        for part in _batches(ids):
            _refuse(await self._call("set_status", pack_ids(part), int(status), only), part)

    async def set_plan(self, driver_id: int, plan: Plan, *, delivered: int = 0) -> None:
        """Replace a driver's planned stops; add to the deliveries of the shift."""
        ids = np.array([driver_id], np.int64)
        load = len({stop.order_id for stop in plan})
        arguments = pack_ids(ids), pack_plan(plan), len(plan), load, int(delivered)
        _refuse(await self._call("set_plan", *arguments), ids)

    async def move_rating(self, driver_id: int, stars: float, weight: float) -> None:
        """Move a driver's rating towards new stars by the share `weight` of the way."""
        ids, packed = np.array([driver_id], np.int64), np.array([stars, weight], "<f8").tobytes()
        _refuse(await self._call("move_rating", pack_ids(ids), packed), ids)

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
        """Return up to `k` nearest admissible drivers of each point within `radius_m`.

        One round trip for up to 128 points; more points take turns with others' calls. It takes another one
        where drivers that may not be chosen (not heard of, too full) crowd a point.

        Raises:
            InvalidRequest: a point that the server refuses: beyond +-85.05112878 degrees of latitude.
        """
        if not len(lat) or k <= 0 or max_load < 0:
            return Candidates.none(len(lat))
        rules = Rules(k=k, radius_m=float(radius_m), since_s=now_s - self.fresh_s, max_load=max_load)
        points, numbers, need = new_points(lat, lon), np.arange(len(lat)), k + max(4, k // 8)
        parts: list[Chosen] = []
        while not (is_complete := await self._choose(points, numbers, need, rules, parts)).all():
            points, numbers, need = points[~is_complete], numbers[~is_complete], 4 * need
        await self._sweep_when_due(now_s)
        return merged(parts, len(lat))

    async def states(self, driver_ids: IntArray) -> DriverStates:
        """Return what is known of drivers, in input order."""
        records, plans = [], []
        for part in _batches(np.asarray(driver_ids, np.int64)):
            unknown, some, stops = await self._call("states", pack_ids(part), is_read=True)
            _refuse(unknown, part)
            records.append(some)
            plans.append(stops)
        return read_states(b"".join(records), b"".join(plans))

    async def plan(self, driver_id: int) -> Plan:
        """Return one driver's planned stops."""
        return (await self.states(np.array([driver_id], np.int64))).plan()

    async def sweep(self, now_s: float) -> int:
        """Take every driver out of the geo sets who has not been heard of for twice `fresh_s`.

        Search does not find them anyhow; this keeps them from piling up where it looks. `nearest` does a
        share of it every few seconds, so nobody needs to call this. Return how many there were.
        """
        ghosts, seen, count = 0, 0, 1
        while seen < 2 * count:  # a round that begins within the table ends with the next one
            found, looked_at, count = await self._sweep_step(now_s)
            ghosts, seen = ghosts + found, seen + looked_at + 1
        return ghosts

    async def _choose(
        self, points: Records, numbers: IntArray, need: int, rules: Rules, parts: list[Chosen]
    ) -> BoolArray:
        """Append what is chosen for points to `parts`; tell for which it is complete."""
        size = min(_POINTS_AT_ONCE, max(1, _FOUND_AT_ONCE // need))
        reach_m = rules.radius_m * (1.0 + 1e-9) + 1e-3  # the radius itself counts as within
        shelves, complete = 2 if rules.max_load > 0 else 1, []
        for first in range(0, len(points), size):
            some = points[first : first + size]
            answer = await self._call("nearest", some.tobytes(), need, reach_m, shelves, is_read=True)
            counts, found = np.frombuffer(answer[0], "<u4"), np.frombuffer(answer[1], DRIVER)
            chosen, is_complete = choose(some, counts, found, need, rules)
            parts.append(chosen.of(is_complete, numbers[first : first + size]))
            complete.append(is_complete)
        return complete[0] if len(complete) == 1 else np.concatenate(complete)

    async def _sweep_when_due(self, now_s: float) -> None:
        """Do a share of a sweep every few seconds; more of it while there are many ghosts."""
        if now_s < self._next_sweep_s:
            return
        self._next_sweep_s, seen = now_s + _SWEEP_EVERY_S, 0
        with suppress(Unavailable):  # what the caller asked for is done
            while seen < _SWEPT_AT_ONCE:
                ghosts, looked_at, count = await self._sweep_step(now_s)
                seen += looked_at + 1
                if seen * _SWEEP_SHARE >= count and ghosts * 10 <= looked_at:
                    return

    async def _sweep_step(self, now_s: float) -> tuple[int, int, int]:
        """Return how many ghosts were taken out, how many drivers looked at, and how many there are."""
        since_s = float(now_s - 2.0 * self.fresh_s)
        ghosts, looked_at, count = await self._call("sweep", since_s, _SWEEP_STEP)
        return ghosts, looked_at, count

    async def _check_large(self, driver_ids: IntArray) -> None:
        """Refuse a call of several batches that names an unknown driver, before anything is written."""
        for part in _batches(driver_ids) if len(driver_ids) > BATCH else ():
            _refuse(await self._call("unknown", pack_ids(part), is_read=True), part)

    async def _call(
        self, name: str, *arguments: Argument, is_repeatable: bool = False, is_read: bool = False
    ) -> Any:
        return await self._server.function(
            name, "drivers", *arguments, of="drivers", is_repeatable=is_repeatable, is_read=is_read
        )


def _batches(rows: Any) -> Iterator[Any]:
    """Cut an array into parts of at most BATCH."""
    for first in range(0, len(rows), BATCH):
        yield rows[first : first + BATCH]


def _refuse(unknown: int, driver_ids: IntArray) -> None:
    """Raise NotFound for the driver whom a function does not know, by place from 1; 0 is none."""
    if unknown:
        raise NotFound(f"no driver {driver_ids[unknown - 1]}")
