"""Every kind of road source, on real data where there is some, and every way that one can be broken."""

from __future__ import annotations

import bz2
import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from domain.errors import CityError, UnknownNameError
from roads.city import City
from roads.importing import import_city
from roads.links import geometric_length_m
from roads.sources.builtin import read_builtin
from roads.ways import links_of_ways

VANCOUVER = "osm/vancouver/vancouver_canada.osm.pbf"
PORTO = "osm/porto/porto_portugal.osm.pbf"
PORTO_PLACES = "osm/porto/porto_centre_pois_2020.osm.pbf"
COLUMBUS = "osm/columbus_oh/columbus.osm.pbf"
MUNICH = "osm/munich/hybrid_network_buffered.osm.pbf"
MANHATTAN = "osm/manhattan/manhattan_network.json"
MANHATTAN_PLACES = "osm/manhattan/manhattan_midtown_pois_2025.osm.pbf"
SAN_FRANCISCO = "osm/san_francisco/preparedNetwork.xml.gz"


def osm_xml(size: int = 14) -> str:
    """Riverton as OSM XML."""
    raw = read_builtin(size=size)
    roads = raw.roads
    assert not hasattr(roads, "start")
    lines = ['<?xml version="1.0"?>', '<osm version="0.6" generator="test">']
    rows = zip(roads.node_id + 1, roads.node_lat, roads.node_lon, strict=True)  # type: ignore[union-attr]
    lines += [f'<node id="{i}" version="1" lat="{lat:.7f}" lon="{lon:.7f}"/>' for i, lat, lon in rows]
    tag = '<tag k="{}" v="{}"/>'
    for number, place in enumerate(raw.places):
        tags = "".join(tag.format(k, v.replace("'", "&apos;")) for k, v in place.tags.items())
        where = f'lat="{place.lat:.7f}" lon="{place.lon:.7f}"'
        lines.append(f'<node id="{10**6 + number}" version="1" {where}>{tags}</node>')
    for number, way in enumerate(roads.ways):  # type: ignore[union-attr]
        refs = "".join(f'<nd ref="{ref + 1}"/>' for ref in way.refs)
        tags = "".join(tag.format(k, v.replace("'", "&apos;")) for k, v in way.tags.items())
        lines.append(f'<way id="{number + 1}" version="1">{refs}{tags}</way>')
    return "\n".join([*lines, "</osm>"])


def node_link(city: City) -> dict[str, object]:
    """A city as older OSMnx would have written it."""
    nodes = [
        {"id": i, "y": float(y), "x": float(x)}
        for i, (y, x) in enumerate(zip(city.node_lat, city.node_lon, strict=True))
    ]
    links = [
        {
            "source": int(a),
            "target": int(b),
            "key": 0,
            "highway": ["residential", "service"],
            "length": float(metres),
            "speed_kmph": float(kph),
        }
        for a, b, metres, kph in zip(
            city.edge_from, city.edge_to, city.edge_length_m, city.edge_speed_kph, strict=True
        )
    ]
    graph = {"crs": "epsg:4326", "simplified": True}
    return {"directed": True, "multigraph": True, "graph": graph, "nodes": nodes, "links": links}


@pytest.fixture(scope="module")
def town() -> City:
    return import_city("builtin:riverton")


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".osm", bytes), (".osm.gz", gzip.compress), (".osm.bz2", bz2.compress)]
)
def test_osm_xml_plain_and_compressed(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"town{suffix}"
    path.write_bytes(pack(osm_xml().encode()))
    city = import_city(path)
    direct, _ = links_of_ways(read_builtin(size=14).roads)  # type: ignore[arg-type]
    assert city.name == "town"
    assert city.provenance["nodes_before"] == direct.node_count
    assert city.provenance["links_before"] == direct.link_count
    assert city.restaurant_count >= 10
    assert city.edge_is_bridge.any()
    assert city.provenance["licence"] == "ODbL 1.0"
    assert len(city.provenance["sha256"]) == 64
    assert import_city(path).content_hash == city.content_hash


def test_graphml_saved_by_osmnx_keeps_the_graph(tmp_path: Path) -> None:
    osmnx = pytest.importorskip("osmnx")
    source = tmp_path / "town.osm"
    source.write_text(osm_xml())
    graph = osmnx.graph_from_xml(source, simplify=True)
    path = tmp_path / "town.graphml"
    osmnx.save_graphml(graph, path)
    city, direct = import_city(path), import_city(source)
    assert city.provenance["junctions"] == len(graph) == direct.provenance["junctions"]
    assert city.provenance["junction_edges"] == graph.size() == direct.provenance["junction_edges"]
    assert city.node_count == direct.node_count
    assert city.edge_length_m.sum() == pytest.approx(direct.edge_length_m.sum(), rel=1e-3)
    assert city.edge_is_bridge.sum() == direct.edge_is_bridge.sum()


def test_node_link_json(tmp_path: Path, riverton: City) -> None:
    path = tmp_path / "town.json"
    path.write_text(json.dumps(node_link(riverton)))
    city = import_city(path, name="mine")
    assert (city.name, city.node_count, city.edge_count) == ("mine", riverton.node_count, riverton.edge_count)
    assert np.sort(city.edge_speed_kph) == pytest.approx(np.sort(riverton.edge_speed_kph), rel=1e-5)


def test_edges_to_clipped_nodes_are_dropped_and_counted(tmp_path: Path, riverton: City) -> None:
    data = node_link(riverton)
    data["nodes"].pop()  # type: ignore[attr-defined]  # set in __post_init__
    path = tmp_path / "town.json"
    path.write_text(json.dumps(data))
    assert "edges name nodes that are not there" in import_city(path).provenance["warnings"][0]


def matsim(feet: float = 1.0, crs: str = "EPSG:32615", modes: str = "car,bus") -> str:
    """A small lattice of streets in UTM metres."""
    nodes, links = [], []
    for i in range(6):
        for j in range(6):
            nodes.append(f'<node id="{i}-{j}" x="{450000 + 100 * i}" y="{4900000 + 100 * j}"/>')
            for a, b in ((i + 1, j), (i, j + 1), (i - 1, j), (i, j - 1)):
                if 0 <= a < 6 and 0 <= b < 6:
                    ends = f'from="{i}-{j}" to="{a}-{b}" modes="{modes}"'
                    links.append(f'<link id="{len(links)}" {ends} length="{100 / feet}" freespeed="10"/>')
    attributes = f'<attribute name="coordinateReferenceSystem" class="java.lang.String">{crs}</attribute>'
    return (
        f"<network><attributes>{attributes}</attributes><nodes>{''.join(nodes)}</nodes>"
        f"<links>{''.join(links)}</links></network>"
    )


@pytest.mark.parametrize("feet", [1.0, 0.3048])
def test_matsim_lengths_in_metres_or_feet(tmp_path: Path, feet: float) -> None:
    path = tmp_path / "net.xml.gz"
    path.write_bytes(gzip.compress(matsim(feet).encode()))
    city = import_city(path)
    assert city.edge_speed_kph == pytest.approx(36.0)
    assert np.isfinite(city.edge_length_m).all()
    inner = np.isclose(city.edge_length_m, 100.0, rtol=0.01)
    assert inner.sum() > 60
    assert any("feet" in warning for warning in city.provenance["warnings"]) == (feet != 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (matsim(crs="Atlantis"), "give crs"),
        (matsim(modes="rail"), "car links"),
        (matsim(feet=0.01), "neither metres nor feet"),
        (matsim()[:700], "not readable XML"),
        ("<osm></osm>", "not a MATSim network"),
        (matsim().replace('freespeed="10"', 'freespeed="fast"'), "no number as its freespeed"),
        (matsim().replace('from="0-0"', 'from="9-9"', 1), "names node '9-9'"),
    ],
)
def test_unusable_matsim_networks(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "net.xml"
    path.write_text(text)
    with pytest.raises(CityError, match=message) as caught:
        import_city(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("town.osm", osm_xml()[:30000].encode(), "truncated or corrupt"),
        ("town.osm.bz2", bz2.compress(osm_xml().encode())[:5000], "truncated or corrupt"),
        ("town.osm.gz", gzip.compress(osm_xml().encode())[:5000], "truncated or corrupt"),
        ("town.osm.pbf", b"this is not a protocol buffer", "truncated or corrupt"),
        ("town.osm", b'<osm version="0.6"></osm>', "no roads"),
        ("town.osm", b"", "is empty"),
        ("town.graphml", b"<graphml><node", "not a readable GraphML"),
        ("town.graphml", b"{}", "not a readable GraphML"),
        ("town.json", b'{"nodes": [', "not readable JSON"),
        ("town.json", b'{"type": "FeatureCollection"}', "not a node-link road graph"),
        ("town.json", b'{"nodes": [{"id": 1}], "links": []}', "no position"),
        ("town.json", b'{"nodes": [{"id": 1, "x": 1, "y": 2}], "links": []}', "no edges"),
        ("town.json", b'{"nodes": [{"x": 1, "y": 2}], "links": []}', "lacks 'id'"),
        ("town.json", b'{"nodes": [], "links": [], "graph": {"crs": "epsg:32629"}}', "projected"),
        ("town.osm.pfb", b"x", "did you mean .osm.pbf"),
        ("town.city", b"x", "compiled already"),
    ],
)
def test_broken_sources_give_one_line_that_names_the_file(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CityError, match=message) as caught:
        import_city(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_sources_name_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "porto.osm.pbf").write_bytes(b"x")
    with pytest.raises(CityError, match=r"did you mean .*porto\.osm\.pbf"):
        import_city(tmp_path / "prto.osm.pbf")
    with pytest.raises(CityError, match="is a folder"):
        import_city(tmp_path)
    with pytest.raises(UnknownNameError, match="did you mean 'riverton'"):
        import_city("builtin:riverdon")


def test_a_place_without_network_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    osmnx = pytest.importorskip("osmnx")

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("Name or service not known\nsecond line")

    monkeypatch.setattr(osmnx, "graph_from_place", refuse)
    with pytest.raises(CityError, match=r"cannot download 'Nowhere, XX'.*not known") as caught:
        import_city("place:Nowhere, XX", download_dir=tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(CityError, match="needs a folder"):
        import_city("place:Nowhere, XX")


def test_a_place_is_read_from_what_osmnx_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    osmnx = pytest.importorskip("osmnx")
    import geopandas
    import shapely

    source = tmp_path / "town.osm"
    source.write_text(osm_xml())
    graph = osmnx.graph_from_xml(source, simplify=True, retain_all=True)
    places = read_builtin(size=14).places
    points = [shapely.Point(place.lon, place.lat) for place in places]
    features = geopandas.GeoDataFrame([dict(place.tags) for place in places], geometry=points, crs=4326)
    monkeypatch.setattr(osmnx, "graph_from_place", lambda *_, **__: graph)
    monkeypatch.setattr(osmnx, "features_from_place", lambda *_, **__: features)
    city = import_city("place:Riverton, Nowhere", download_dir=tmp_path)
    assert city.name == "Riverton"
    assert city.restaurant_count == sum("amenity" in place.tags for place in places)
    assert city.node_count == import_city(source).node_count


def test_a_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "town.osm"
    path.write_text(osm_xml())
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(CityError, match=r"pip install 'dispatchlab\[osm\]'"):
        import_city(path)


def test_the_built_in_city_has_the_size_it_promises(town: City) -> None:
    assert 1500 <= town.node_count <= 3000
    assert town.provenance["source"] == "builtin:riverton"


# What is stored beside each real source, or what OSMnx finds in the same ways (benchmarks/roads.py).
REAL = [
    (VANCOUVER, {}, (8380, 25217), 894, 29686),
    (COLUMBUS, {}, (13797, 38047), 37, None),
    (MUNICH, {}, (22326, 53487), None, None),
    (MANHATTAN, {"pois": MANHATTAN_PLACES}, (4207, 7567), 1616, 13107),
    (SAN_FRANCISCO, {"crs": "EPSG:26743"}, (12077, 30983), None, None),
    (PORTO, {"pois": PORTO_PLACES}, (50835, 122939), 751, None),
]


@pytest.mark.data
@pytest.mark.parametrize(
    ("source", "options", "graph", "restaurants", "homes"), REAL, ids=lambda v: str(v)[-28:]
)
def test_real_cities(
    data_dir: Path,
    source: str,
    options: dict[str, str],
    graph: tuple[int, int],
    restaurants: int | None,
    homes: int | None,
) -> None:
    options = {k: str(data_dir / v) if k == "pois" else v for k, v in options.items()}
    city = import_city(data_dir / source, **options)  # type: ignore[arg-type]
    notes = city.provenance
    assert (notes["junctions"], notes["junction_edges"]) == graph
    assert 0.9 < notes["share_in_largest_component"] <= 1.0
    drawn = [notes["restaurant_source"].startswith("drawn"), notes["home_source"].startswith("drawn")]
    assert drawn == [restaurants is None, homes is None]
    if restaurants is not None:
        assert city.restaurant_count == restaurants
    if homes is not None:
        assert city.home_count == homes
    assert 10.0 < np.average(city.edge_speed_kph, weights=city.edge_length_m) < 80.0
    assert city.edge_length_m.min() >= 0.0


@pytest.mark.data
def test_clipped_ways_are_counted(data_dir: Path) -> None:
    notes = import_city(data_dir / VANCOUVER).provenance
    assert notes["ways_with_clipped_nodes"] > 100
    assert any("clipped" in warning for warning in notes["warnings"])


@pytest.mark.data
def test_feet_are_recognised(data_dir: Path) -> None:
    from roads.sources.matsim import read_matsim

    raw = read_matsim(data_dir / SAN_FRANCISCO, crs="EPSG:26743")
    assert "feet" in raw.provenance["warnings"][0]
    straight = geometric_length_m(raw.roads)  # type: ignore[arg-type]
    assert raw.roads.length_m.sum() == pytest.approx(straight.sum(), rel=0.05)  # type: ignore[union-attr]
    with pytest.raises(CityError, match="EPSG:26743"):
        read_matsim(data_dir / SAN_FRANCISCO)


def test_places_must_be_in_the_file_of_places(tmp_path: Path) -> None:
    path = tmp_path / "roads.osm"
    path.write_text('<osm version="0.6"><node id="1" version="1" lat="1" lon="1"/></osm>')
    with pytest.raises(CityError, match="no restaurants, buildings or addresses"):
        import_city("builtin:riverton", pois=path)
