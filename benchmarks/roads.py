"""Roads on real cities: import, load, label and query speed, and agreement with OSMnx, networkx and scipy.

    python -m benchmarks.roads [--osmnx] [city ...]

Needs the data folder (DISPATCHLAB_DATA, default ../shared/data). `--osmnx` also lets OSMnx read the same
ways, which takes minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from domain.vehicles import Vehicle
from roads.city import City
from roads.importing import import_city
from roads.labels import build_labels, build_skeleton, edge_milliseconds
from roads.road_times import RoadTimes
from roads.snap import Snapper
from roads.tags import is_drivable
from roads.traffic import free_flow_seconds
from roads.warm import warm_up

ROOT = Path(__file__).resolve().parents[1]
CITIES: dict[str, tuple[str, dict[str, str]]] = {
    "vancouver": ("osm/vancouver/vancouver_canada.osm.pbf", {}),
    "porto": ("osm/porto/porto_portugal.osm.pbf", {"pois": "osm/porto/porto_centre_pois_2020.osm.pbf"}),
    "munich": ("osm/munich/hybrid_network_buffered.osm.pbf", {}),
    "columbus": ("osm/columbus_oh/columbus.osm.pbf", {}),
    "manhattan": (
        "osm/manhattan/manhattan_network.json",
        {"pois": "osm/manhattan/manhattan_midtown_pois_2025.osm.pbf"},
    ),
    "san_francisco": ("osm/san_francisco/preparedNetwork.xml.gz", {"crs": "EPSG:26743"}),
    "riverton": ("builtin:riverton", {}),
}
LOCAL_M = 3000.0
Row = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cities", nargs="*", help=f"of {', '.join(CITIES)}; all without")
    parser.add_argument("--osmnx", action="store_true")
    options = parser.parse_args()
    data = Path(os.environ.get("DISPATCHLAB_DATA", ROOT.parent / "shared" / "data"))
    warm_up()
    rows = []
    for name in options.cities or CITIES:
        rows.append(measure(name, data, with_osmnx=options.osmnx))
        print(name, rows[-1], file=sys.stderr, flush=True)
    print(table(rows))


def measure(name: str, data: Path, *, with_osmnx: bool) -> Row:
    source, extra = CITIES[name]
    path = source if source.startswith("builtin:") else str(data / source)
    arguments: dict[str, Any] = {k: str(data / v) if k == "pois" else v for k, v in extra.items()}
    city = import_city(path, name=name, **arguments)
    notes = city.provenance
    row = {
        "city": name,
        "junctions / edges found": f"{notes['junctions']:,} / {notes['junction_edges']:,}",
        "OSMnx on the same ways": osmnx_counts(Path(path), notes) if with_osmnx else "not run",
        "kept nodes / edges": f"{city.node_count:,} / {city.edge_count:,}",
        "largest component": f"{notes['share_in_largest_component']:.1%}",
        "restaurants": f"{city.restaurant_count:,}{drawn(notes['restaurant_source'])}",
        "homes": f"{city.home_count:,}{drawn(notes['home_source'])}",
        "import s": f"{notes['import_seconds']:.1f}",
        "load ms": load_ms(city),
    }
    return row | label_figures(city) | query_figures(city)


def drawn(source: str) -> str:
    return " (drawn)" if source.startswith("drawn") else ""


def best_s(action: Callable[[], object], repeats: int = 9) -> float:
    """Return the least of several CPU times of the process (one thread): other load only ever adds."""
    spent = []
    for _ in range(repeats):
        began = time.process_time()
        action()
        spent.append(time.process_time() - began)
    return min(spent)


def load_ms(city: City) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.city"
        city.save(path)
        return f"{1000 * best_s(lambda: City.load(path)):.0f} ({path.stat().st_size / 1e6:.1f} MB)"


def label_figures(city: City) -> Row:
    skeleton = build_skeleton(city)
    ms = edge_milliseconds(free_flow_seconds(city, Vehicle.CAR))
    labels = build_labels(city, skeleton, ms)
    return {
        "label MB": f"{labels.bytes / 1e6:.1f}",
        "customise + label ms": f"{1000 * best_s(lambda: build_labels(city, skeleton, ms)):.0f}",
    }


def query_figures(city: City) -> Row:
    rng = np.random.default_rng(0)
    times = RoadTimes(city)
    drivers, restaurants = local_pairs(city, rng)
    anywhere = rng.integers(0, city.node_count, size=(2, 50_000))
    local_s = best_s(lambda: times.times(drivers, restaurants, at_s=0.0))
    random_s = best_s(lambda: times.times(*anywhere, at_s=0.0))
    some = list(zip(drivers[::25].tolist(), restaurants[::25].tolist(), strict=True))
    path_s = best_s(lambda: [times.path(a, b, at_s=0.0) for a, b in some], repeats=3)
    snapper = Snapper.of(city)
    lat, lon = np.tile(city.home_lat, 10), np.tile(city.home_lon, 10)
    snap_s = best_s(lambda: snapper.nearest(lat, lon), repeats=3)
    scipy_s, mismatches = scipy_run(city, times, drivers, restaurants)
    return {
        "local M pairs/s": f"{len(drivers) / local_s / 1e6:.1f}",
        "random M pairs/s": f"{50_000 / random_s / 1e6:.1f}",
        "paths/s": f"{len(some) / path_s:,.0f}",
        "snaps M/s": f"{len(lat) / snap_s / 1e6:.1f}",
        "x scipy": f"{scipy_s / (local_s / len(drivers)):,.0f}",
        "differ from scipy": f"{mismatches}",
        "max s from networkx": f"{networkx_difference(city, times, rng):.3f}",
    }


def local_pairs(city: City, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return 50,000 pairs: 50 drivers within 3 km of each of 1,000 restaurants."""
    xy = np.column_stack(city.project(city.node_lat, city.node_lon))
    tree = cKDTree(xy)
    restaurants = rng.choice(city.restaurant_node, size=1000)
    drivers = [rng.choice(tree.query_ball_point(xy[node], LOCAL_M), size=50) for node in restaurants]
    return np.concatenate(drivers), np.repeat(restaurants, 50)


def scipy_run(city: City, times: RoadTimes, drivers: Any, restaurants: Any) -> tuple[float, int]:
    """Return scipy's seconds per local pair (limited Dijkstra from each restaurant), and how many differ."""
    n = city.node_count
    ms = times.labels(at_s=0.0).edge_ms.astype(np.float64)
    backwards = csr_array((ms, city.edge_to, city.out_offsets), shape=(n, n)).T.tocsr()
    drivers, restaurants = drivers[:5000].reshape(-1, 50), restaurants[:5000:50]
    ours = np.rint(times.times(drivers.ravel(), np.repeat(restaurants, 50), at_s=0.0) * 1000.0)
    began = time.process_time()
    found = [
        dijkstra(backwards, indices=node, limit=limit)[near]
        for node, near, limit in zip(restaurants, drivers, ours.reshape(-1, 50).max(axis=1), strict=True)
    ]
    spent = time.process_time() - began
    return spent / drivers.size, int((np.concatenate(found) != ours).sum())


def networkx_difference(city: City, times: RoadTimes, rng: np.random.Generator) -> float:
    """Return the largest difference in seconds from networkx (unrounded) over 1,000 random pairs."""
    seconds = free_flow_seconds(city, Vehicle.CAR).tolist()
    graph: Any = networkx.DiGraph()
    graph.add_weighted_edges_from(zip(city.edge_from.tolist(), city.edge_to.tolist(), seconds, strict=True))
    worst = 0.0
    for origin in rng.integers(0, city.node_count, size=20).tolist():
        goals = rng.integers(0, city.node_count, size=50)
        lengths = networkx.single_source_dijkstra_path_length(graph, origin)
        ours = times.matrix(np.array([origin]), goals, at_s=0.0)[0]
        worst = max(worst, float(np.abs(ours - [lengths[g] for g in goals.tolist()]).max()))
    return worst


def osmnx_counts(path: Path, notes: dict[str, Any]) -> str:
    """Return OSMnx's junctions and edges on the drivable ways of a file, or why it does not read them."""
    import osmnx

    if "graph_nodes" in notes:
        return f"{notes['graph_nodes']:,} / {notes['graph_edges']:,} stored"
    if not path.name.endswith(".osm.pbf"):
        return "not an OSM source"
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "drivable.osm"
        write_drivable(path, plain)
        try:
            graph = osmnx.graph_from_xml(plain, simplify=True, retain_all=True)
        except ValueError as error:
            return f"refused: {error}"
    return f"{len(graph):,} / {graph.size():,}"


def write_drivable(source: Path, target: Path) -> None:
    """Write the drivable ways of an extract, and their nodes, as OSM XML."""
    import osmium

    ways: set[int] = set()
    nodes: set[int] = set()
    for way in osmium.FileProcessor(str(source), osmium.osm.WAY):
        if isinstance(way, osmium.osm.Way) and is_drivable(dict(way.tags)):
            ways.add(way.id)
            nodes.update(node.ref for node in way.nodes)
    with osmium.SimpleWriter(str(target)) as writer:
        for thing in osmium.FileProcessor(str(source), osmium.osm.NODE | osmium.osm.WAY):
            wanted = nodes if isinstance(thing, osmium.osm.Node) else ways
            if isinstance(thing, osmium.osm.Node | osmium.osm.Way) and thing.id in wanted:
                writer.add(thing)


def table(rows: list[Row]) -> str:
    """Return one column per city, one line per figure."""
    lines = ["Load, labels, pairs, paths and snaps: best CPU time of one thread; import: wall time.", ""]
    names = [row["city"] for row in rows]
    lines += [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for key in list(rows[0])[1:]:
        lines.append(f"| {key} | {' | '.join(row[key] for row in rows)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
