"""Every implementation of roads.protocols.TravelTimes keeps the contract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from domain.units import FloatArray
from domain.vehicles import Vehicle
from roads.city import City
from roads.detour_times import DetourTimes
from roads.geometry import path_length_m, polyline
from roads.perturbed_traffic import CLOSED, PerturbedTraffic, TrafficEvent, bridges, edge_noise
from roads.protocols import TravelTimes
from roads.road_times import RoadTimes
from roads.traffic import FreeFlow, HourlyTraffic, Traffic

MOMENTS_S = (0.0, 8.5 * 3600.0, 32.4 * 3600.0)
VEHICLES = tuple(Vehicle)


@dataclass(frozen=True)
class Case:
    times: TravelTimes
    city: City
    traffic: Traffic | None


def _perturbed(city: City) -> PerturbedTraffic:
    flood = TrafficEvent(start_s=8 * 3600.0, end_s=9 * 3600.0, factor=CLOSED, edges=bridges(city))
    rain = TrafficEvent(start_s=8.25 * 3600.0, end_s=20 * 3600.0, factor=1.15)
    noise = edge_noise(city, sigma=0.3, rng=np.random.default_rng(5))
    return PerturbedTraffic(city, HourlyTraffic(city), edge_factor=noise, events=[flood, rain])


@pytest.fixture(scope="module", params=["free flow", "hourly", "perturbed", "detour"])
def case(request: pytest.FixtureRequest, riverton: City) -> Case:
    if request.param == "detour":
        return Case(DetourTimes(riverton.node_lat, riverton.node_lon), riverton, None)
    traffic: Traffic = {
        "free flow": FreeFlow(riverton),
        "hourly": HourlyTraffic(riverton),
        "perturbed": _perturbed(riverton),
    }[request.param]
    return Case(RoadTimes(riverton, traffic), riverton, traffic)


@pytest.fixture(scope="module")
def sample(riverton: City) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.random.default_rng(1).choice(riverton.node_count, size=60, replace=False)


def _dijkstra_ms(case: Case, at_s: float, vehicle: Vehicle) -> FloatArray:
    assert case.traffic is not None
    city, n = case.city, case.city.node_count
    seconds = case.traffic.edge_seconds(case.traffic.slot(at_s), vehicle)
    ms = np.clip(np.rint(seconds * 1000.0), 1, 4 * 3600 * 1000)
    return np.asarray(dijkstra(csr_array((ms, city.edge_to, city.out_offsets), shape=(n, n))))


@pytest.mark.parametrize("at_s", MOMENTS_S)
@pytest.mark.parametrize("vehicle", VEHICLES)
def test_all_pairs_agree_with_dijkstra_to_the_millisecond(case: Case, at_s: float, vehicle: Vehicle) -> None:
    every = np.arange(case.times.node_count)
    found = case.times.matrix(every, every, at_s=at_s, vehicle=vehicle)
    if case.traffic is None:  # no road graph: a metric on the sphere, checked below
        np.testing.assert_allclose(found, found.T, rtol=1e-9)
        return
    np.testing.assert_array_equal(np.rint(found * 1000.0), _dijkstra_ms(case, at_s, vehicle))


@pytest.mark.parametrize("at_s", MOMENTS_S)
@pytest.mark.parametrize("vehicle", VEHICLES)
def test_matrix_equals_times(case: Case, sample: FloatArray, at_s: float, vehicle: Vehicle) -> None:
    a, b = sample[:25], sample[20:]
    matrix = case.times.matrix(a, b, at_s=at_s, vehicle=vehicle)
    pairs = case.times.times(np.repeat(a, len(b)), np.tile(b, len(a)), at_s=at_s, vehicle=vehicle)
    assert matrix.shape == (len(a), len(b))
    assert matrix.dtype == np.float64
    np.testing.assert_array_equal(matrix.ravel(), pairs)
    assert np.isfinite(matrix).all()
    assert (matrix >= 0.0).all()


def test_nothing_is_nearer_than_here(case: Case, sample: FloatArray) -> None:
    assert (case.times.times(sample, sample, at_s=0.0) == 0.0).all()
    off_diagonal = case.times.matrix(sample, sample, at_s=0.0) + np.eye(len(sample))
    assert (off_diagonal > 0.0).all()


def test_triangle_inequality(case: Case, sample: FloatArray) -> None:
    t = case.times.matrix(sample, sample, at_s=MOMENTS_S[1])
    through = (t[:, :, None] + t[None, :, :]).min(axis=1)
    assert (t <= through + 1e-6).all()


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_a_path_takes_what_times_says(case: Case, sample: FloatArray, vehicle: Vehicle) -> None:
    for a, b in zip(sample[:20], sample[20:40], strict=True):
        path = case.times.path(int(a), int(b), at_s=MOMENTS_S[1], vehicle=vehicle)
        says = case.times.times(np.array([a]), np.array([b]), at_s=MOMENTS_S[1], vehicle=vehicle)[0]
        assert (path.nodes[0], path.nodes[-1]) == (a, b)
        assert len(path.nodes) == len(path.edges) + 1 == len(path.seconds) + 1
        assert path.seconds.sum() == pytest.approx(says, abs=1e-6)
        legs = case.times.times(path.nodes[:-1], path.nodes[1:], at_s=MOMENTS_S[1], vehicle=vehicle)
        np.testing.assert_allclose(path.seconds, legs, atol=1e-6)  # parts of a fastest path are fastest
        if case.traffic is not None:
            np.testing.assert_array_equal(case.city.edge_from[path.edges], path.nodes[:-1])
            np.testing.assert_array_equal(case.city.edge_to[path.edges], path.nodes[1:])
        else:
            assert (path.edges == -1).all()


def test_the_polyline_of_a_path_starts_and_ends_with_it(case: Case, sample: FloatArray) -> None:
    place = case.city if case.traffic is not None else case.times
    assert isinstance(place, City | DetourTimes)
    for a, b in zip(sample[:20], sample[20:40], strict=True):
        path = case.times.path(int(a), int(b), at_s=0.0)
        lat, lon, t_s = polyline(place, path)
        assert (lat[0], lon[0]) == (case.city.node_lat[a], case.city.node_lon[a])
        assert (lat[-1], lon[-1]) == (case.city.node_lat[b], case.city.node_lon[b])
        assert t_s[0] == 0.0
        assert t_s[-1] == pytest.approx(path.seconds.sum())
        assert (np.diff(t_s) >= 0.0).all()
        assert path_length_m(place, path) > 0.0


def test_a_path_to_itself_is_one_node(case: Case) -> None:
    path = case.times.path(3, 3, at_s=0.0)
    assert path.nodes.tolist() == [3]
    assert len(path.edges) == len(path.seconds) == 0


@pytest.mark.parametrize("bad", [-1, "n", 2**40])
def test_unknown_nodes_raise_index_error(case: Case, bad: int | str) -> None:
    node = case.times.node_count if isinstance(bad, str) else bad
    good, wrong = np.array([0]), np.array([node])
    for call in (case.times.times, case.times.matrix):
        with pytest.raises(IndexError, match=str(node)):
            call(wrong, good, at_s=0.0)
        with pytest.raises(IndexError, match=str(node)):
            call(good, wrong, at_s=0.0)
    with pytest.raises(IndexError, match=str(node)):
        case.times.path(0, node, at_s=0.0)
    with pytest.raises(IndexError, match=str(node)):
        case.times.path(node, 0, at_s=0.0)


def test_pairs_of_different_length_are_refused(case: Case) -> None:
    with pytest.raises(ValueError, match="shape"):
        case.times.times(np.array([0, 1]), np.array([1]), at_s=0.0)


def test_empty_questions_have_empty_answers(case: Case) -> None:
    none = np.empty(0, dtype=np.int32)
    assert case.times.times(none, none, at_s=0.0).shape == (0,)
    assert case.times.matrix(none, np.array([1, 2]), at_s=0.0).shape == (0, 2)


def test_inputs_of_any_layout_are_left_alone(case: Case) -> None:
    backwards = np.arange(10)[::-1]
    frozen = np.arange(10, dtype=np.int32)
    frozen.setflags(write=False)
    first = case.times.times(backwards, frozen, at_s=0.0)
    again = case.times.times(backwards.copy(), np.arange(10), at_s=0.0)
    np.testing.assert_array_equal(first, again)
    assert backwards.tolist() == list(range(9, -1, -1))


def test_on_empty_roads_a_car_beats_a_scooter_beats_a_bicycle(case: Case, sample: FloatArray) -> None:
    a, b = sample[:30], sample[30:]
    car, scooter, bicycle = (case.times.times(a, b, at_s=2.5 * 3600.0, vehicle=v) for v in VEHICLES)
    assert (car <= scooter + 1e-6).all()
    assert (scooter <= bicycle + 1e-6).all()
    assert car.mean() < bicycle.mean()


def test_threads_may_share_one_instance(case: Case, sample: FloatArray) -> None:
    from concurrent.futures import ThreadPoolExecutor

    moments = [hour * 3600.0 for hour in range(24)]
    alone = [case.times.times(sample[:30], sample[30:], at_s=at_s) for at_s in moments]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda at_s: case.times.times(sample[:30], sample[30:], at_s=at_s), moments))
    np.testing.assert_array_equal(together, alone)
