import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.fleet import Fleet

EAST = np.array([[1.0, 1.0, 1.0], [7.0, 7.1, 7.4], [0.0, 10.0, 40.0]])


def test_drivers_stand_until_they_depart_and_after_they_arrive() -> None:
    fleet = Fleet(np.array([1.0, 2.0]), np.array([7.0, 8.0]))
    fleet.depart(0, EAST, 100.0)
    both = np.array([0, 1])
    for at_s, lon in ((100.0, 7.0), (105.0, 7.05), (110.0, 7.1), (125.0, 7.25), (140.0, 7.4), (900.0, 7.4)):
        lat_now, lon_now = fleet.positions(both, at_s)
        assert lon_now == pytest.approx([lon, 8.0])
        assert lat_now == pytest.approx([1.0, 2.0])


def test_a_leg_can_be_cut_off_at_a_point() -> None:
    fleet = Fleet(np.array([1.0]), np.array([7.0]))
    fleet.depart(0, EAST, 0.0)
    fleet.positions(np.array([0]), 4.0)
    fleet.stop_at(0, 10.0)
    assert fleet.positions(np.array([0]), 7.0)[1] == pytest.approx([7.07])
    assert fleet.positions(np.array([0]), 99.0)[1] == pytest.approx([7.1])


@given(st.integers(0, 2**32 - 1))
def test_many_legs_agree_with_plain_interpolation_through_compaction(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drivers = 7
    fleet = Fleet(np.zeros(drivers), np.zeros(drivers))
    fleet._points = fleet._points[:64].copy()
    legs = {d: np.zeros((3, 1)) for d in range(drivers)}
    now_s = 0.0
    for _ in range(60):
        now_s += float(rng.uniform(0, 20))
        d = int(rng.integers(drivers))
        points = int(rng.integers(1, 12))
        seconds = np.concatenate([[0.0], np.cumsum(rng.uniform(0.1, 9, points - 1))])
        line = np.stack([rng.random(points), rng.random(points), seconds])
        fleet.depart(d, line, now_s)
        legs[d] = line + np.array([[0.0], [0.0], [now_s]])
        now_s += float(rng.uniform(0, 5))
        lat, lon = fleet.positions(np.arange(drivers), now_s)
        for k, (leg_lat, leg_lon, at_s) in legs.items():
            assert lat[k] == pytest.approx(np.interp(now_s, at_s, leg_lat))
            assert lon[k] == pytest.approx(np.interp(now_s, at_s, leg_lon))
