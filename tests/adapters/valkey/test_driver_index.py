"""The driver index on a real Valkey: what is particular to it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from adapters.memory import MemoryDriverIndex
from adapters.quantise import quantise
from adapters.valkey import ValkeyDriverIndex, ValkeyServer
from adapters.valkey.driver_index import BATCH
from domain.drivers import Candidates, DriverStates, DriverStatus
from domain.errors import InvalidRequest, NotFound
from services.drive import drive
from tests.adapters.valkey.conftest import Run, plan, profiles

LAT, LON = 49.25, -123.1


def ids(*drivers: int) -> Any:
    return np.array(drivers, np.int64)


def here(n: int) -> tuple[Any, Any]:
    return np.full(n, LAT), np.full(n, LON)


async def geo_sets(market: ValkeyServer) -> dict[str, list[int]]:
    """Return every geo set, by what follows the prefix, with the drivers in it."""
    found: dict[str, list[int]] = {}
    for shelf in ("idle", "busy"):
        for cell in await market.call("SMEMBERS", market.key("cells")):
            name = f"{shelf}:{cell.decode()}"
            members = await market.call("ZRANGE", market.key(name), 0, -1)
            if members:
                found[name] = [int.from_bytes(one, "little", signed=True) for one in members]
    return found


def near(run: Run, index: ValkeyDriverIndex, now_s: float = 0.0, **options: Any) -> list[int]:
    options = {"k": 5, "radius_m": 5000.0, "max_load": 9, **options}
    return run(index.nearest(*here(1), now_s=now_s, **options)).driver_id.tolist()


class Twins:
    """The same life given to the index in Valkey and to the one in memory."""

    def __init__(self, market: ValkeyServer, run: Run, place: tuple[float, float, float], seed: int) -> None:
        self.run, self.real, self.model = run, ValkeyDriverIndex(market), MemoryDriverIndex(quantised=True)
        self.rng, self.place, self.n = np.random.default_rng(seed), place, 2000
        self.ids = self.rng.choice(10**12, self.n, replace=False).astype(np.int64) - 10**11

    def both(self, name: str, *arguments: Any, **options: Any) -> tuple[Any, Any]:
        real = self.run(getattr(self.real, name)(*arguments, **options))
        return real, drive(getattr(self.model, name)(*arguments, **options))

    def positions(self, n: int) -> tuple[Any, Any]:
        lat, lon, spread = self.place
        lat = lat + spread * self.rng.uniform(-1, 1, n)
        lon = (lon + spread * self.rng.uniform(-1, 1, n) + 180.0) % 360.0 - 180.0
        twins = self.rng.integers(0, n, n // 8)
        lat[: n // 8], lon[: n // 8] = lat[twins], lon[twins]
        return lat, lon

    def live(self) -> None:
        rng, n = self.rng, self.n
        self.both("sign_on", profiles(self.ids, *self.positions(n), capacity=rng.integers(0, 4, n)), 0.0)
        for at_s in (5.0, 30.0, 20.0, 45.0):
            part = rng.permutation(self.ids)[: n // 2]
            self.both("move", part, *self.positions(n // 2), at_s)
        for one in self.ids[: n // 4].tolist():
            self.both("set_plan", one, plan(int(rng.integers(0, 4))), delivered=1)
        self.both("set_status", self.ids[: n // 8], DriverStatus.OFFERED, expected=DriverStatus.AVAILABLE)
        self.both("set_status", self.ids[: n // 16], DriverStatus.AVAILABLE)
        self.both("sign_off", self.ids[-n // 16 :])
        self.both("move_rating", int(self.ids[5]), 3.0, 0.3)
        again = self.ids[: n // 10]
        self.both("sign_on", profiles(again, *self.positions(len(again))), 31.0)

    def assert_same_states(self) -> None:
        real, model = self.both("states", self.rng.permutation(self.ids))
        for name in DriverStates.__struct_fields__:
            ours, theirs = getattr(real, name), getattr(model, name)
            assert ours.dtype == theirs.dtype, name
            np.testing.assert_array_equal(ours, theirs, err_msg=name)

    def assert_same_nearest(self, **options: Any) -> Candidates:
        real, model = self.both("nearest", *self.positions(16), **options)
        np.testing.assert_array_equal(real.offsets, model.offsets)
        np.testing.assert_array_equal(real.driver_id, model.driver_id)
        np.testing.assert_allclose(real.distance_m, model.distance_m, rtol=1e-9, atol=1e-6)
        return real


@pytest.mark.parametrize(
    "place",
    [(49.25, -123.1, 0.15), (-17.7, 180.0, 0.3), (64.1, -21.9, 0.1), (0.0, 0.0, 1.0), (84.5, 10.0, 0.5)],
    ids=["town", "across the 180th meridian", "north", "equator, many cells", "pole"],
)
def test_it_gives_the_answers_of_the_memory_index(
    market: ValkeyServer, run: Run, place: tuple[float, float, float]
) -> None:
    twins = Twins(market, run, place, seed=1)
    twins.live()
    twins.assert_same_states()
    found = 0
    for now_s in (45.0, 60.5, 75.1):
        for max_load in (0, 1, 32_767):
            for k, radius_m in ((1, 5000.0), (20, 700.0), (50, 5000.0), (20, 60_000.0), (700, 2e7)):
                options = {"k": k, "radius_m": radius_m, "now_s": now_s, "max_load": max_load}
                found += len(twins.assert_same_nearest(**options).driver_id)
    assert found > 5_000


def test_positions_are_what_the_server_has(market: ValkeyServer, run: Run) -> None:
    index, rng = ValkeyDriverIndex(market), np.random.default_rng(2)
    lat, lon = rng.uniform(49.0, 49.5, 300), rng.uniform(-123.5, -122.5, 300)
    drivers = np.arange(300)
    run(index.sign_on(profiles(drivers, lat, lon), 0.0))
    states = run(index.states(drivers))
    np.testing.assert_array_equal([states.lat, states.lon], quantise(lat, lon))
    for name, members in run(geo_sets(market)).items():
        packed = [one.to_bytes(8, "little", signed=True) for one in members]
        told = run(market.call("GEOPOS", market.key(name), *packed))
        for one, (told_lon, told_lat) in zip(members, told, strict=True):
            assert (float(told_lat), float(told_lon)) == (states.lat[one], states.lon[one])


def test_a_driver_is_in_one_geo_set_or_none(market: ValkeyServer, run: Run) -> None:
    index, rng, n = ValkeyDriverIndex(market), np.random.default_rng(3), 60
    drivers, lives = np.arange(n), list(DriverStatus)

    def somewhere(count: int) -> tuple[Any, Any]:  # across several cells
        return rng.uniform(-0.4, 0.4, count), rng.uniform(-0.8, 0.8, count)

    run(index.sign_on(profiles(drivers, *somewhere(n)), 0.0))
    for step in range(40):
        some = rng.choice(drivers, 10, replace=False)
        run(index.move(some, *somewhere(10), float(step)))
        run(index.set_status(rng.choice(drivers, 5), lives[rng.integers(0, 4)]))
        run(index.set_plan(int(rng.integers(0, n)), plan(int(rng.integers(0, 3)))))
    run(index.sign_on(profiles(drivers[:9], *somewhere(9)), 50.0))
    states = run(index.states(drivers))
    is_offered = (states.status == DriverStatus.AVAILABLE) & (states.load < states.capacity)
    shelf = np.where(states.load == 0, "idle", "busy")
    where = run(geo_sets(market))
    times = Counter(one for members in where.values() for one in members)
    assert times == Counter(drivers[is_offered].tolist())
    assert all(shelf[one] == name[:4] for name, members in where.items() for one in members)
    assert len({name[5:] for name in where}) > 4
    for one in drivers[is_offered].tolist():  # the cell is the right one: a narrow search finds the driver
        point = states.lat[one : one + 1], states.lon[one : one + 1]
        found = run(index.nearest(*point, k=1, radius_m=1.0, now_s=0.0, max_load=9))
        assert found.driver_id.tolist() == [one]


def test_of_a_driver_twice_in_a_batch_the_last_counts(market: ValkeyServer, run: Run) -> None:
    index = ValkeyDriverIndex(market)
    run(index.sign_on(profiles([5, 5], [0.0, LAT], [0.0, LON]), 0.0))
    assert near(run, index) == [5]
    run(index.move(ids(5, 5), np.array([LAT, 0.0]), np.array([LON, 0.0]), 1.0))
    assert near(run, index) == []
    assert sum(map(len, run(geo_sets(market)).values())) == 1


def test_ghosts_are_swept_out_and_come_back_with_a_ping(market: ValkeyServer, run: Run) -> None:
    index = ValkeyDriverIndex(market)
    drivers = np.arange(3000)
    run(index.sign_on(profiles(drivers, *here(3000)), 0.0))
    run(index.move(drivers[:10], *here(10), 50.0))
    assert run(index.sweep(60.0)) == 0
    assert run(index.sweep(60.1)) == 2990
    assert {one for members in run(geo_sets(market)).values() for one in members} == set(range(10))
    run(index.move(ids(77), *here(1), 61.0))
    assert near(run, index, now_s=61.0, k=20) == [*range(10), 77]
    run(index.set_status(ids(78), DriverStatus.ON_BREAK))
    run(index.sign_off(ids(79)))
    run(index.move(ids(78, 79), *here(2), 62.0))
    assert near(run, index, now_s=62.0, k=20) == [*range(10), 77]


def test_searching_sweeps_by_and_by(market: ValkeyServer, run: Run) -> None:
    index = ValkeyDriverIndex(market)
    run(index.sign_on(profiles(np.arange(5000), *here(5000)), 0.0))
    for now_s in range(61, 161, 10):
        near(run, index, now_s=float(now_s), k=1)
    assert run(geo_sets(market)) == {}


def test_a_crowd_of_silent_drivers_hides_nobody(market: ValkeyServer, run: Run) -> None:
    index = ValkeyDriverIndex(market)
    run(index.sign_on(profiles(np.arange(600), *here(600)), 0.0))
    run(index.sign_on(profiles([1000], [LAT + 0.03], [LON]), 40.0))
    assert near(run, index, now_s=45.0, k=3) == [1000]
    assert near(run, index, now_s=45.0, k=3, radius_m=3000.0) == []


def test_of_many_at_one_spot_the_lowest_ids_are_chosen(market: ValkeyServer, run: Run) -> None:
    index, drivers = ValkeyDriverIndex(market), np.random.default_rng(4).permutation(500)
    run(index.sign_on(profiles(drivers, *here(500)), 0.0))
    assert near(run, index, k=3) == [0, 1, 2]


def test_a_radius_includes_its_end(market: ValkeyServer, run: Run) -> None:
    index = ValkeyDriverIndex(market)
    run(index.sign_on(profiles([1], [LAT + 0.02], [LON]), 0.0))
    (metres,) = run(index.nearest(*here(1), k=1, radius_m=1e4, now_s=0.0, max_load=0)).distance_m.tolist()
    assert near(run, index, radius_m=metres) == [1]
    assert near(run, index, radius_m=np.nextafter(metres, 0.0)) == []


def test_many_points_are_answered_in_order(market: ValkeyServer, run: Run) -> None:
    index, n = ValkeyDriverIndex(market), 700
    lat, lon = LAT + 0.001 * np.arange(n), np.full(n, LON)
    run(index.sign_on(profiles(np.arange(n), lat, lon), 0.0))
    found = run(index.nearest(lat, lon, k=1, radius_m=50.0, now_s=0.0, max_load=0))
    assert found.driver_id.tolist() == list(range(n))
    assert found.offsets.tolist() == list(range(n + 1))


def test_large_calls_are_refused_as_a_whole(market: ValkeyServer, run: Run) -> None:
    index, n = ValkeyDriverIndex(market), BATCH + 10
    drivers = np.arange(n)
    run(index.sign_on(profiles(drivers, *here(n)), 0.0))
    wrong = np.append(drivers, 10**9)
    with pytest.raises(NotFound, match="no driver 1000000000"):
        run(index.move(wrong, *here(n + 1), 5.0))
    with pytest.raises(NotFound, match="no driver 1000000000"):
        run(index.set_status(wrong, DriverStatus.ON_BREAK))
    states = run(index.states(drivers))
    assert set(states.seen_at_s.tolist()) == {0.0}
    assert set(states.status.tolist()) == {DriverStatus.AVAILABLE}
    run(index.move(drivers, *here(n), 5.0))
    assert set(run(index.states(drivers)).seen_at_s.tolist()) == {5.0}


def test_places_that_the_server_refuses_are_refused(market: ValkeyServer, run: Run) -> None:
    index = ValkeyDriverIndex(market)
    run(index.sign_on(profiles([1], [LAT], [LON]), 0.0))
    for lat, lon in ((85.1, 0.0), (0.0, 180.1), (np.nan, 0.0)):
        place = np.array([lat]), np.array([lon])
        with pytest.raises(InvalidRequest):
            run(index.move(ids(1), *place, 1.0))
        with pytest.raises(InvalidRequest):
            run(index.nearest(*place, k=1, radius_m=1.0, now_s=0.0, max_load=0))
    for lat, lon in ((85.05112878, 180.0), (-85.05112878, -180.0)):
        place = np.array([lat]), np.array([lon])
        run(index.move(ids(1), *place, 2.0))
        assert run(index.nearest(*place, k=1, radius_m=1.0, now_s=2.0, max_load=0)).driver_id.tolist() == [1]


def test_who_has_no_record_is_no_candidate(market: ValkeyServer, run: Run) -> None:
    index = ValkeyDriverIndex(market)
    run(index.sign_on(profiles([1, 2], *here(2)), 0.0))
    run(market.call("HDEL", market.key("drivers"), (1).to_bytes(8, "little")))  # as an eviction would
    assert near(run, index) == [2]


def test_every_key_ends_by_itself_within_a_day(market: ValkeyServer, run: Run) -> None:
    index = ValkeyDriverIndex(market)
    run(index.sign_on(profiles([1, 2], *here(2)), 0.0))
    run(index.set_plan(1, plan(1)))
    run(index.move(ids(1, 2), np.array([0.0, 1.0]), np.array([0.0, 1.0]), 1.0))
    near(run, index, now_s=5.0)
    keys = run(market.call("KEYS", market.key("*")))
    names = {key.decode().split(":")[1] for key in keys}
    assert names == {"drivers", "plans", "cells", "sweep", "idle", "busy"}
    assert all(86_000 < run(market.call("TTL", key)) <= 86_400 for key in keys)
    run(market.call("EXPIRE", market.key("drivers"), 1000))
    run(index.move(ids(1), *here(1), 2.0))
    assert run(market.call("TTL", market.key("drivers"))) > 86_000
