"""Build the ground of a market: a road graph with believed and true traffic, or straight lines."""

from __future__ import annotations

from functools import partial

import numpy as np

from domain.errors import ScenarioError, UnknownNameError
from domain.spec import ShockSpec, TrafficSpec
from domain.units import HOUR_S, BoolArray, FloatArray, haversine_m
from roads.city import City
from roads.detour_times import DetourTimes
from roads.geometry import path_length_m, write_polyline
from roads.perturbed_traffic import CLOSED, PerturbedTraffic, TrafficEvent, bridges, edge_noise
from roads.protocols import Path
from roads.road_times import RoadTimes
from roads.snap import Snapper
from roads.traffic import FreeFlow, HourlyTraffic, Traffic
from sim.ground import Ground
from sim.streams import Streams


def road_ground(city: City, spec: TrafficSpec, shocks: tuple[ShockSpec, ...], streams: Streams) -> Ground:
    """Return the ground of a road graph; only the true traffic has noise and shocks."""
    believed: Traffic = HourlyTraffic(city) if spec.hourly else FreeFlow(city)
    noise = edge_noise(city, sigma=spec.edge_noise_sd, rng=streams.generator("edge noise"))
    events = [event for shock in shocks for event in _events(shock, city)]
    return Ground(
        node_lat=city.node_lat,
        node_lon=city.node_lon,
        believed=RoadTimes(city, believed),
        true=RoadTimes(city, PerturbedTraffic(city, believed, edge_factor=noise, events=events)),
        polyline=partial(write_polyline, city),
        length_m=partial(path_length_m, city),
        snap=Snapper.of(city).nearest,
        is_road=True,
    )


def line_ground(lat: FloatArray, lon: FloatArray, detour: float) -> Ground:
    """Return a ground without roads: distances times `detour` between the given points, all traffic alike."""
    times = DetourTimes(lat, lon, detour=detour)

    def write(path: Path, points: FloatArray, *, first: int, at_s: float) -> tuple[int, float, float]:
        end, seconds, straight_m = write_polyline(times, path, points, first=first, at_s=at_s)
        return end, seconds, detour * straight_m

    return Ground(
        node_lat=times.node_lat,
        node_lon=times.node_lon,
        believed=times,
        true=times,
        polyline=write,
        length_m=lambda path: detour * path_length_m(times, path),
        snap=Snapper(times.node_lat, times.node_lon).nearest,
        is_road=False,
        notes=(
            f"no road graph: travel times are great-circle distance x {detour:g} over a speed per vehicle",
        ),
    )


def _events(shock: ShockSpec, city: City) -> list[TrafficEvent]:
    """Return what a shock does to the roads."""
    start_s, end_s = shock.start_h * HOUR_S, shock.end_h * HOUR_S
    if shock.kind == "rain":
        return [TrafficEvent(start_s=start_s, end_s=end_s, factor=shock.slowdown)]
    if shock.kind == "stadium":
        edges = _near(shock, city)
        return [TrafficEvent(start_s=start_s, end_s=end_s, factor=shock.slowdown, edges=edges)]
    if shock.kind == "closed_bridge":
        return [
            TrafficEvent(start_s=start_s, end_s=end_s, factor=CLOSED, edges=closed_bridge(city, shock.bridge))
        ]
    return []


def closed_bridge(city: City, name: str | None) -> BoolArray:
    """Return the edges, bool [e], of the bridge called `name`; if None, of the longest.

    Raises:
        ScenarioError: the city has no bridge, or none of that name.
    """
    named = city.edge_is_bridge & (city.edge_street >= 0)
    if not named.any():
        raise ScenarioError(f"shock 'closed_bridge': city {city.name!r} has no named bridge")
    length_m = np.bincount(city.edge_street[named], city.edge_length_m[named], minlength=len(city.streets))
    known = [city.streets[i] for i in np.flatnonzero(length_m)]
    if name is None:
        name = city.streets[int(np.argmax(length_m))]
    if name not in known:
        raise UnknownNameError("bridge", name, known)
    return bridges(city, street=name)


def _near(shock: ShockSpec, city: City) -> BoolArray:
    lat, lon = city.centre
    if shock.lat is not None and shock.lon is not None:
        lat, lon = shock.lat, shock.lon
    near = haversine_m(city.node_lat, city.node_lon, lat, lon) <= shock.radius_m
    edges: BoolArray = near[city.edge_from] | near[city.edge_to]
    return edges
