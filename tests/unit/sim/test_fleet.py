import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.units import FloatArray
from roads.protocols import Path
from sim.fleet import Fleet
from sim.grounds import line_ground

EAST = line_ground(np.array([1.0, 1.0, 1.0]), np.array([7.0, 7.1, 7.4]), 1.0)
LEG = Path(nodes=np.arange(3, dtype=np.int32), edges=np.full(2, -1, np.int32), seconds=np.array([10.0, 30.0]))


def test_drivers_stand_until_they_depart_and_after_they_arrive() -> None:
    fleet = Fleet(np.array([1.0, 2.0]), np.array([7.0, 8.0]), EAST.polyline)
    assert fleet.depart(0, LEG, 100.0) == (40.0, pytest.approx(EAST.length_m(LEG)))
    both = np.array([0, 1])
    for at_s, lon in ((100.0, 7.0), (105.0, 7.05), (110.0, 7.1), (125.0, 7.25), (140.0, 7.4), (900.0, 7.4)):
        lat_now, lon_now = fleet.positions(both, at_s)
        assert lon_now == pytest.approx([lon, 8.0])
        assert lat_now == pytest.approx([1.0, 2.0])


def test_a_leg_can_be_cut_off_at_a_point() -> None:
    fleet = Fleet(np.array([1.0]), np.array([7.0]), EAST.polyline)
    fleet.depart(0, LEG, 0.0)
    fleet.positions(np.array([0]), 4.0)
    fleet.stop_at(0, 10.0)
    assert fleet.positions(np.array([0]), 7.0)[1] == pytest.approx([7.07])
    assert fleet.positions(np.array([0]), 99.0)[1] == pytest.approx([7.1])


@given(st.integers(0, 2**32 - 1))
def test_many_legs_agree_with_plain_interpolation_through_compaction(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drivers = 7
    node_lat, node_lon = rng.random((2, 50))
    fleet = Fleet(np.zeros(drivers), np.zeros(drivers), line_ground(node_lat, node_lon, 1.0).polyline)
    fleet._points = fleet._points[:64].copy()
    legs: dict[int, FloatArray] = {d: np.zeros((3, 1)) for d in range(drivers)}
    now_s = 0.0
    for _ in range(60):
        now_s += float(rng.uniform(0, 20))
        d = int(rng.integers(drivers))
        points = int(rng.integers(1, 12))
        path = Path(
            nodes=rng.integers(0, 50, points).astype(np.int32),
            edges=np.full(points - 1, -1, np.int32),
            seconds=rng.uniform(0.1, 9, points - 1),
        )
        assert fleet.depart(d, path, now_s)[0] == pytest.approx(path.seconds.sum())
        moments_s = now_s + np.concatenate([[0.0], np.cumsum(path.seconds)])
        legs[d] = np.stack([node_lat[path.nodes], node_lon[path.nodes], moments_s])
        now_s += float(rng.uniform(0, 5))
        lat, lon = fleet.positions(np.arange(drivers), now_s)
        for k, (leg_lat, leg_lon, at_s) in legs.items():
            assert lat[k] == pytest.approx(np.interp(now_s, at_s, leg_lat))
            assert lon[k] == pytest.approx(np.interp(now_s, at_s, leg_lon))
