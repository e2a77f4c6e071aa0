"""From hand-drawn ways to a junction graph."""

from __future__ import annotations

import numpy as np
import pytest

from domain.errors import CityError
from roads.links import Links, geometric_length_m, impute_speeds
from roads.raw import RawOsm, RawWay
from roads.simplify import junction_links, largest_strong_component, simplify, without_parallels
from roads.ways import links_of_ways

STEP = 0.001  # degrees


def draw(ways: list[tuple[list[int], dict[str, str]]], missing: tuple[int, ...] = ()) -> RawOsm:
    """Nodes are numbered ten per row of a small lattice near the equator."""
    ids = np.array([i for i in range(100) if i not in missing])
    raw = [RawWay(tags={"highway": "residential", **tags}, refs=np.array(refs)) for refs, tags in ways]
    return RawOsm(node_id=ids, node_lat=(ids // 10) * STEP, node_lon=(ids % 10) * STEP, ways=raw)


def known_links(raw: RawOsm) -> Links:
    return impute_speeds(links_of_ways(raw)[0])[0]


def edge_set(links: Links) -> set[tuple[float, float, float, float]]:
    lat, lon = np.round(links.node_lat / STEP), np.round(links.node_lon / STEP)
    rows = (lat[links.start], lon[links.start], lat[links.end], lon[links.end])
    return {tuple(map(float, row)) for row in zip(*rows, strict=True)}


def test_a_two_way_street_has_a_link_each_way_per_segment() -> None:
    links, counts = links_of_ways(draw([([0, 1, 2], {})]))
    assert (links.node_count, links.link_count) == (3, 4)
    assert counts == {"ways": 1, "drivable_ways": 1, "ways_with_clipped_nodes": 0}


def test_a_reversed_one_way_runs_against_its_nodes() -> None:
    links, _ = links_of_ways(draw([([0, 1], {"oneway": "-1"})]))
    assert edge_set(links) == {(0, 1, 0, 0)}


def test_a_way_through_clipped_nodes_is_split_there() -> None:
    links, counts = links_of_ways(draw([([0, 1, 2, 3, 4], {"oneway": "yes"})], missing=(2,)))
    assert edge_set(links) == {(0, 0, 0, 1), (0, 3, 0, 4)}
    assert counts["ways_with_clipped_nodes"] == 1


def test_no_drivable_way_is_an_error() -> None:
    with pytest.raises(CityError, match="no drivable road among 1 ways"):
        links_of_ways(draw([([0, 1], {"highway": "footway"})]))


def test_simplify_merges_bends_and_keeps_their_shape() -> None:
    ways = [([0, 1, 11, 12], {}), ([12, 13], {}), ([12, 22], {})]
    links = known_links(draw(ways))
    simple = simplify(links)
    assert edge_set(simple) == {
        (0, 0, 1, 2),
        (1, 2, 0, 0),
        (1, 2, 1, 3),
        (1, 3, 1, 2),
        (1, 2, 2, 2),
        (2, 2, 1, 2),
    }
    assert simple.length_m.sum() == pytest.approx(links.length_m.sum())
    assert simple.seconds.sum() == pytest.approx(links.seconds.sum())
    np.testing.assert_allclose(geometric_length_m(simple), simple.length_m)
    assert sorted(np.diff(simple.geom_offsets)) == [2, 2, 2, 2, 4, 4]


def test_a_merged_link_is_a_bridge_if_a_part_is_and_takes_the_longest_class() -> None:
    ways = [([0, 1], {"bridge": "yes", "name": "B"}), ([1, 2, 3], {"highway": "primary", "name": "P"})]
    simple = simplify(known_links(draw(ways)))
    assert simple.link_count == 2
    assert simple.is_bridge.all()
    assert {simple.streets[street] for street in simple.street} <= {"B", "P"}
    assert (simple.highway == known_links(draw([([0, 1], {"highway": "primary"})])).highway[0]).all()


def test_where_two_way_becomes_one_way_a_node_stays() -> None:
    ways = [([0, 1, 2], {"oneway": "yes"}), ([2, 3], {}), ([3, 13, 12, 11, 10, 0], {"oneway": "yes"})]
    simple = simplify(known_links(draw(ways)))
    assert edge_set(simple) == {(0, 3, 0, 2), (0, 2, 0, 3), (0, 3, 0, 2)} | {(0, 3, 0, 2)}


def test_a_ring_without_any_junction_does_not_break_the_import() -> None:
    ring = known_links(draw([([0, 1, 11, 10, 0], {"oneway": "yes"})]))
    assert simplify(ring).link_count == ring.link_count


def test_only_the_strongly_connected_part_stays() -> None:
    ways = [([0, 1, 11, 10, 0], {}), ([1, 2], {"oneway": "yes"}), ([50, 51], {})]
    links, share = largest_strong_component(known_links(draw(ways)))
    assert links.node_count == 4
    assert share == pytest.approx(4 / 7)


def test_of_parallel_edges_the_fastest_stays_and_loops_go() -> None:
    ways = [
        ([0, 1], {"maxspeed": "20"}),
        ([0, 10, 11, 1], {"maxspeed": "100"}),
        ([1, 2, 12, 1], {}),
        ([0, 20], {}),
        ([1, 31], {}),
    ]
    simple = simplify(known_links(draw(ways)))
    final, dropped = without_parallels(simple)
    assert dropped["parallel_edges_dropped"] == 2
    assert dropped["self_loops_dropped"] >= 1
    pair = (final.start == 0) & (final.end == 1)
    assert final.speed_kph[pair] == pytest.approx([100.0])
    assert (np.lexsort((final.end, final.start)) == np.arange(final.link_count)).all()


def test_zero_length_links_keep_a_speed() -> None:
    raw = draw([([0, 1, 2], {}), ([2, 12], {}), ([2, 3], {}), ([3, 2], {})])
    raw.node_lat[1:3], raw.node_lon[1:3] = raw.node_lat[0], raw.node_lon[0]
    simple = simplify(known_links(raw))
    assert np.isfinite(simple.speed_kph).all()
    assert (simple.speed_kph > 0.0).all()


def test_counts_say_what_happened() -> None:
    ways = [([0, 1, 11, 10, 0], {}), ([1, 21], {}), ([50, 51], {})]
    _, counts = junction_links(known_links(draw(ways)))
    assert counts["nodes_before"] == 7
    assert 0.0 < counts["share_in_largest_component"] < 1.0


def test_speeds_come_from_the_extract_where_it_says_enough() -> None:
    tagged = [([10 * row, 10 * row + 1, 10 * row + 2, 10 * row + 3], {"maxspeed": "20"}) for row in range(9)]
    raw = draw([*tagged, ([90, 91], {}), ([95, 96], {"highway": "primary"})])
    links, counts = impute_speeds(links_of_ways(raw)[0])
    assert counts["links_with_tagged_speed"] == 54
    assert counts["links_with_speed_of_their_class_in_the_extract"] == 2
    assert counts["links_with_default_speed"] == 2
    assert sorted(set(np.round(links.speed_kph, 6))) == [20.0, 60.0]
