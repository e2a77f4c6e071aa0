import numpy as np
import pytest

from domain.errors import ScenarioError, UnknownNameError
from domain.spec import ShockSpec, TrafficSpec
from domain.units import HOUR_S
from domain.vehicles import PROFILES, Vehicle
from roads.city import City
from sim.grounds import closed_bridge, line_ground, road_ground
from sim.streams import Streams

NOON = 12 * HOUR_S


def ground_of(city: City, *shocks: ShockSpec):  # type: ignore[no-untyped-def]  # numba
    return road_ground(city, TrafficSpec(), shocks, Streams(1))


def pairs(city: City, count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, city.node_count, count), rng.integers(0, city.node_count, count)


def test_the_truth_differs_from_belief_by_noise_only_without_shocks(riverton: City) -> None:
    ground, (a, b) = ground_of(riverton), pairs(riverton)
    true, believed = (t.times(a, b, at_s=NOON) for t in (ground.true, ground.believed))
    assert not np.allclose(true, believed)
    assert np.median(true / np.maximum(believed, 1.0)) == pytest.approx(1.0, abs=0.08)


def test_rain_slows_the_true_roads_while_it_lasts(riverton: City) -> None:
    rain = ShockSpec(kind="rain", start_h=12.0, end_h=13.0, slowdown=1.5)
    dry, wet, (a, b) = ground_of(riverton), ground_of(riverton, rain), pairs(riverton)
    during = wet.true.times(a, b, at_s=NOON) / np.maximum(dry.true.times(a, b, at_s=NOON), 1e-9)
    assert during[a != b] == pytest.approx(1.5, rel=1e-3)
    np.testing.assert_array_equal(
        wet.true.times(a, b, at_s=NOON + 2 * HOUR_S), dry.true.times(a, b, at_s=NOON + 2 * HOUR_S)
    )
    np.testing.assert_array_equal(wet.believed.times(a, b, at_s=NOON), dry.believed.times(a, b, at_s=NOON))


def test_a_closed_bridge_is_not_driven(riverton: City) -> None:
    closed = ShockSpec(kind="closed_bridge", start_h=12.0, end_h=13.0)
    ground, shut = ground_of(riverton, closed), closed_bridge(riverton, None)
    assert shut.any()
    ends = int(riverton.edge_from[shut][0]), int(riverton.edge_to[shut][0])
    during = ground.true.path(*ends, at_s=NOON)
    after = ground.true.path(*ends, at_s=NOON + 2 * HOUR_S)
    assert not shut[during.edges].any()
    assert shut[after.edges].any()


def test_unknown_bridges_and_cities_without_any(riverton: City) -> None:
    with pytest.raises(UnknownNameError, match="bridge 'Tower'"):
        closed_bridge(riverton, "Tower")
    from dataclasses import replace

    flat = replace(riverton, edge_is_bridge=np.zeros(riverton.edge_count, bool))
    with pytest.raises(ScenarioError, match="has no named bridge"):
        closed_bridge(flat, None)


def test_a_stadium_slows_its_neighbourhood_only(riverton: City) -> None:
    shock = ShockSpec(kind="stadium", start_h=12.0, end_h=13.0, slowdown=3.0, radius_m=400.0)
    calm, busy = ground_of(riverton), ground_of(riverton, shock)
    edge = np.arange(riverton.edge_count)
    a, b = riverton.edge_from[edge], riverton.edge_to[edge]
    ratio = busy.true.times(a, b, at_s=NOON) / calm.true.times(a, b, at_s=NOON)
    assert ratio.max() > 1.5
    assert np.median(ratio) == pytest.approx(1.0)


@pytest.mark.parametrize("vehicle", list(Vehicle))
def test_nobody_drives_faster_than_the_vehicle_can(riverton: City, vehicle: Vehicle) -> None:
    ground, (a, b) = ground_of(riverton), pairs(riverton, 60)
    top_mps = PROFILES[vehicle].max_speed_kph / 3.6
    for origin, destination in zip(a, b, strict=True):
        path = ground.true.path(int(origin), int(destination), at_s=3 * HOUR_S, vehicle=vehicle)
        assert ground.length_m(path) <= top_mps * path.seconds.sum() * 1.001 + 0.1


def test_straight_lines_count_their_detour() -> None:
    ground = line_ground(np.array([45.0, 45.01]), np.array([7.0, 7.0]), 1.4)
    path = ground.true.path(0, 1, at_s=NOON)
    assert ground.length_m(path) == pytest.approx(1.4 * 1112.0, rel=0.01)
    points = np.empty((2, 3))
    end, seconds, length_m = ground.polyline(path, points, first=0, at_s=NOON)
    assert (end, length_m) == (2, ground.length_m(path))
    assert points[:, 0].tolist() == [45.0, 45.01]
    assert points[:, 2].tolist() == [NOON, NOON + seconds]
    assert seconds == pytest.approx(float(ground.true.times(np.array([0]), np.array([1]), at_s=NOON)[0]))
    assert not ground.is_road
    assert "no road graph" in ground.notes[0]
