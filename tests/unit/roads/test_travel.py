"""Hierarchy, labels, traffic: what the contract suite does not see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from domain.errors import ContractError
from domain.vehicles import PROFILES, Vehicle
from roads.city import City, RoadClass
from roads.hierarchy import build_hierarchy
from roads.labels import FAR_MS, MAX_EDGE_MS, edge_milliseconds
from roads.perturbed_traffic import PerturbedTraffic, TrafficEvent, bridges, edge_noise
from roads.road_times import RoadTimes
from roads.traffic import (
    BICYCLE_ON_FAST_ROADS_KPH,
    FreeFlow,
    HourlyTraffic,
    default_hourly_factors,
    free_flow_seconds,
)
from roads.warm import is_compiled, warm_up


class Fixed:
    """Traffic with given edge seconds."""

    def __init__(self, seconds: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
        self.seconds = seconds

    def slot(self, at_s: float) -> int:
        return 0

    def edge_seconds(self, slot: int, vehicle: Vehicle) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return self.seconds


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), tiny=st.booleans())
def test_any_weights_agree_with_dijkstra(riverton: City, seed: int, tiny: bool) -> None:
    rng = np.random.default_rng(seed)
    n = riverton.node_count
    seconds = (
        rng.integers(1, 4, riverton.edge_count) / 1000.0 if tiny else rng.pareto(1.0, riverton.edge_count)
    )
    times = RoadTimes(riverton, Fixed(seconds))
    ms = edge_milliseconds(seconds).astype(np.float64)
    sources = rng.choice(n, 20)
    graph = csr_array((ms, riverton.edge_to, riverton.out_offsets), shape=(n, n))
    found = times.matrix(sources, np.arange(n), at_s=0.0) * 1000.0
    np.testing.assert_array_equal(np.rint(found), dijkstra(graph, indices=sources))
    path = times.path(int(sources[0]), int(sources[1]), at_s=0.0)  # ends also with many equal ways
    assert len(set(path.nodes.tolist())) == len(path.nodes)


def test_the_hierarchy_is_an_elimination_tree_in_postorder(riverton: City) -> None:
    city = riverton
    n, parent = city.node_count, city.tree_parent
    assert parent[-1] == -1
    assert (parent[:-1] > np.arange(n - 1)).all()
    np.testing.assert_array_equal(parent[:-1], city.up_to[city.up_offsets[:-2]])
    size = np.ones(n, dtype=np.int64)
    first = np.arange(n)
    for v in range(n - 1):
        size[parent[v]] += size[v]
        first[parent[v]] = min(first[parent[v]], first[v])
    np.testing.assert_array_equal(first, np.arange(n) - size + 1)


def test_the_hierarchy_is_deterministic(riverton: City) -> None:
    a = build_hierarchy(riverton.node_count, riverton.edge_from, riverton.edge_to)
    b = build_hierarchy(riverton.node_count, riverton.edge_from, riverton.edge_to)
    np.testing.assert_array_equal(a.order, b.order)
    np.testing.assert_array_equal(a.up_to, b.up_to)


def test_edge_milliseconds_are_positive_bounded_and_checked() -> None:
    ms = edge_milliseconds(np.array([0.0, 0.0004, 1.0, 1e9]))
    assert ms.tolist() == [1, 1, 1000, MAX_EDGE_MS]
    assert 2 * int(FAR_MS) < 2**31
    for bad in (np.nan, np.inf, -1.0):
        with pytest.raises(ValueError, match="finite and not negative"):
            edge_milliseconds(np.array([1.0, bad]))


def test_traffic_that_breaks_its_contract_is_named(riverton: City) -> None:
    with pytest.raises(ContractError, match="edge times"):
        RoadTimes(riverton, Fixed(np.ones(3))).labels(at_s=0.0)
    blocked = RoadTimes(riverton, Fixed(np.full(riverton.edge_count, 1e9)))
    a, b = 0, riverton.node_count - 1
    assert blocked.path(a, b, at_s=0.0).seconds.sum() == pytest.approx(blocked.times([a], [b], at_s=0.0)[0])  # type: ignore[arg-type]


def test_equal_weights_share_one_label_set(riverton: City) -> None:
    times = RoadTimes(riverton, HourlyTraffic(riverton))
    first = times.labels(at_s=0.0, vehicle=Vehicle.BICYCLE)
    assert times.labels(at_s=8 * 3600.0, vehicle=Vehicle.BICYCLE) is first
    assert times.label_bytes == first.bytes > 0


def test_only_the_last_used_label_sets_are_kept(riverton: City) -> None:
    times = RoadTimes(riverton, HourlyTraffic(riverton), label_sets=2)
    for hour in range(24):
        times.labels(at_s=hour * 3600.0)
        assert times.label_bytes <= 2 * times.labels(at_s=hour * 3600.0).bytes
    assert times.labels(at_s=hour * 3600.0) is times.labels(at_s=hour * 3600.0 + 1.0)
    again = times.labels(at_s=7 * 3600.0)
    np.testing.assert_array_equal(
        again.up, RoadTimes(riverton, HourlyTraffic(riverton)).labels(at_s=7 * 3600.0).up
    )


def test_rush_hour_is_slower_and_most_on_main_roads(riverton: City) -> None:
    traffic = HourlyTraffic(riverton)
    night = traffic.edge_seconds(traffic.slot(2.5 * 3600.0), Vehicle.CAR)
    rush = traffic.edge_seconds(traffic.slot(17.5 * 3600.0), Vehicle.CAR)
    ratio = rush / night
    by_class = [ratio[riverton.edge_class == c].mean() for c in (RoadClass.PRIMARY, RoadClass.RESIDENTIAL)]
    assert by_class[0] > by_class[1] > 1.0
    assert traffic.slot(25.5 * 3600.0) == 1


def test_each_vehicle_suffers_its_share_of_congestion(riverton: City) -> None:
    traffic, hour = HourlyTraffic(riverton, junction_s=0.0), 17
    car, scooter, bicycle = (traffic.edge_seconds(hour, v) - free_flow_seconds(riverton, v) for v in Vehicle)
    np.testing.assert_allclose(scooter, 0.4 * car, rtol=1e-9, atol=1e-9)
    assert (bicycle == 0.0).all()


def test_every_vehicle_loses_time_at_junctions_but_not_on_a_motorway(riverton: City) -> None:
    quick, slow = HourlyTraffic(riverton, junction_s=0.0), HourlyTraffic(riverton, junction_s=5.0)
    is_motorway = riverton.edge_class == RoadClass.MOTORWAY
    for vehicle in Vehicle:
        lost = slow.edge_seconds(12, vehicle) - quick.edge_seconds(12, vehicle)
        np.testing.assert_allclose(lost, np.where(is_motorway, 0.0, 5.0), atol=1e-9)
    with pytest.raises(ValueError, match="junction_s"):
        HourlyTraffic(riverton, junction_s=-1.0)


def test_a_bicycle_walks_beside_a_motorway(riverton: City) -> None:
    fast = riverton.edge_class == RoadClass.MOTORWAY
    assert fast.any()
    seconds = FreeFlow(riverton).edge_seconds(0, Vehicle.BICYCLE)
    kph = riverton.edge_length_m / seconds * 3.6
    assert kph[fast] == pytest.approx(BICYCLE_ON_FAST_ROADS_KPH)
    assert kph[~fast].max() == pytest.approx(18.0)


def test_hourly_factors_are_checked(riverton: City) -> None:
    assert default_hourly_factors().shape == (24, len(RoadClass))
    with pytest.raises(ValueError, match="shape"):
        HourlyTraffic(riverton, np.ones((7, 2)))
    with pytest.raises(ValueError, match="positive"):
        HourlyTraffic(riverton, np.zeros((24, len(RoadClass))))


def test_events_hold_from_their_start_to_before_their_end(riverton: City) -> None:
    rain = TrafficEvent(start_s=100.0, end_s=200.0, factor=1.5)
    flood = TrafficEvent(start_s=150.0, end_s=300.0, factor=4.0, edges=bridges(riverton))
    traffic = PerturbedTraffic(riverton, FreeFlow(riverton), events=[rain, flood])
    free = free_flow_seconds(riverton, Vehicle.CAR)
    on_bridge = bridges(riverton)

    def ratios(at_s: float) -> tuple[float, float]:
        ratio = traffic.edge_seconds(traffic.slot(at_s), Vehicle.CAR) / free
        return float(ratio[~on_bridge].mean()), float(ratio[on_bridge].mean())

    expected = {99.0: (1, 1), 100.0: (1.5, 1.5), 150.0: (1.5, 6), 200.0: (1, 4), 299.0: (1, 4), 300.0: (1, 1)}
    for at_s, values in expected.items():
        assert ratios(at_s) == pytest.approx(values), at_s


def test_slots_of_base_and_events_do_not_collide(riverton: City) -> None:
    events = [
        TrafficEvent(start_s=h * 3600.0, end_s=h * 3600.0 + 1800.0, factor=1.0 + h) for h in range(1, 5)
    ]
    traffic = PerturbedTraffic(riverton, HourlyTraffic(riverton), events=events)
    slots = {traffic.slot(at_s): at_s for at_s in np.arange(0.0, 86400.0, 900.0)}
    assert len(slots) == 24 + 4
    assert traffic.slot(86400.0 + 60.0) != traffic.slot(60.0)  # events are on the clock, hours repeat


def test_a_closed_bridge_sends_drivers_over_another(riverton: City) -> None:
    name = next(s for s in riverton.streets if "Bridge" in s and bridges(riverton, street=s).any())
    closed = bridges(riverton, street=name)
    a = int(riverton.edge_from[closed][0])
    b = int(riverton.edge_to[closed][0])
    event = TrafficEvent(start_s=0.0, end_s=10.0, factor=1000.0, edges=closed)
    times = RoadTimes(riverton, PerturbedTraffic(riverton, FreeFlow(riverton), events=[event]))
    assert closed[times.path(a, b, at_s=20.0).edges].any()
    detour = times.path(a, b, at_s=5.0)
    assert not closed[detour.edges].any()
    assert bridges(riverton)[detour.edges].any()


@pytest.mark.parametrize("vehicle", Vehicle)
def test_noise_makes_no_vehicle_faster_than_itself(riverton: City, vehicle: Vehicle) -> None:
    noise = edge_noise(riverton, sigma=0.5, rng=np.random.default_rng(1))
    holiday = TrafficEvent(start_s=0.0, end_s=100.0, factor=0.1)
    believed = FreeFlow(riverton)
    traffic = PerturbedTraffic(riverton, believed, edge_factor=noise, events=[holiday])
    limit_kph = PROFILES[vehicle].max_speed_kph
    for at_s in (50.0, 150.0):
        seconds = traffic.edge_seconds(traffic.slot(at_s), vehicle)
        assert (riverton.edge_length_m / seconds * 3.6).max() <= limit_kph * (1 + 1e-12)
    slowed = noise > 1.0
    expected = believed.edge_seconds(0, vehicle) * noise
    assert seconds[slowed] == pytest.approx(expected[slowed])  # the clamp leaves delays alone
    path = RoadTimes(riverton, traffic).path(0, riverton.node_count - 1, at_s=50.0, vehicle=vehicle)
    fastest_s = riverton.edge_length_m[path.edges] / limit_kph * 3.6
    assert (path.seconds >= fastest_s - 0.001).all()


def test_perturbations_are_checked(riverton: City) -> None:
    noise = edge_noise(riverton, sigma=0.2, rng=np.random.default_rng(0))
    assert np.median(noise) == pytest.approx(1.0, abs=0.05)
    with pytest.raises(ValueError, match="positive"):
        PerturbedTraffic(riverton, FreeFlow(riverton), edge_factor=-noise)
    never = TrafficEvent(start_s=2.0, end_s=1.0, factor=1.0)
    with pytest.raises(ValueError, match="event"):
        PerturbedTraffic(riverton, FreeFlow(riverton), events=[never])
    with pytest.raises(ValueError, match="no street"):
        bridges(riverton, street="Nowhere Bridge")


def test_after_warming_up_nothing_compiles(riverton: City) -> None:
    from roads import detour_times, geometry, labels, paths, queries, snap

    warm_up(riverton)
    assert is_compiled()
    said: list[str] = []
    warm_up(progress=said.append)
    assert said == []
    kernels = [
        queries.pairs_seconds,
        queries.matrix_seconds,
        paths.descend,
        labels._fill,
        labels._customise,
        snap._nearest,
        geometry._polyline,
        geometry._edges_m,
        geometry._lines_m,
        detour_times._pairs,
        detour_times._leg,
    ]
    before = [len(kernel.signatures) for kernel in kernels]
    times = RoadTimes(riverton, HourlyTraffic(riverton))
    times.times(np.arange(9)[::-1], np.arange(9, dtype=np.int32), at_s=0.0, vehicle=Vehicle.SCOOTER)
    times.matrix([1, 2], [3], at_s=3600.0)  # type: ignore[arg-type]
    detour = detour_times.DetourTimes(riverton.node_lat, riverton.node_lon)
    detour.times(riverton.home_node[::2][:3], np.arange(6)[::2], at_s=0.0)
    for place, path in ((riverton, times.path(1, 50, at_s=0.0)), (detour, detour.path(1, 50, at_s=0.0))):
        geometry.polyline(place, path)
        geometry.path_length_m(place, path)
    snap.Snapper.of(riverton).nearest(riverton.home_lat, riverton.home_lon)
    assert [len(kernel.signatures) for kernel in kernels] == before
