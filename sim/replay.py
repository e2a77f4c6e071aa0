"""Turn a recorded trace into a workload: real orders and shifts in place of drawn ones.

Recorded: placement, pickup and drop-off points, the start and end of preparation, the promise, shifts with
vehicle and position. Drawn as for synthetic markets: patience, handling times, drivers' habits, and stars.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domain.spec import MarketSpec
from domain.trace import Trace
from domain.units import DAY_S, EARTH_RADIUS_M, FloatArray, IntArray, haversine_m
from roads.city import City
from sim.draw import order_table
from sim.ground import Ground
from sim.grounds import line_ground, road_ground
from sim.shifts import with_habits
from sim.streams import Streams
from sim.workload import Restaurants, Shifts, Workload

_FAR_M = 500.0
_MIN_PREP_S = 30.0
_SHOCK_NOTE = "shocks slow the roads only: demand and shifts are the recorded ones"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Places:
    """Positions [deg] and nodes of a trace's restaurants [r], customers [n] and drivers [d]."""

    restaurant: tuple[FloatArray, FloatArray, IntArray]
    customer: tuple[FloatArray, FloatArray, IntArray]
    driver: tuple[FloatArray, FloatArray, IntArray]


def replay_on_lines(
    trace: Trace, market: MarketSpec, span_s: tuple[float, float], streams: Streams, detour: float
) -> tuple[Workload, Ground]:
    """Return workload and ground of a trace at its own coordinates, distances times `detour`."""
    lat = np.concatenate([trace.restaurant_lat, trace.customer_lat, trace.driver_lat])
    lon = np.concatenate([trace.restaurant_lon, trace.customer_lon, trace.driver_lon])
    r, n = len(trace.restaurant_lat), len(trace.placed_s)
    node = np.arange(len(lat), dtype=np.int32)
    places = _Places(
        restaurant=(lat[:r], lon[:r], node[:r]),
        customer=(lat[r : r + n], lon[r : r + n], node[r : r + n]),
        driver=(lat[r + n :], lon[r + n :], node[r + n :]),
    )
    return _workload(trace, market, span_s, streams, places, ()), line_ground(lat, lon, detour)


def replay_on_roads(
    trace: Trace, market: MarketSpec, span_s: tuple[float, float], streams: Streams, city: City
) -> tuple[Workload, Ground]:
    """Return workload and ground of a trace moved onto another city: shifted in metres, centre to centre."""
    ground = road_ground(city, market.traffic, market.shocks, streams)
    moved, far = [], []
    for lat, lon in (
        (trace.restaurant_lat, trace.restaurant_lon),
        (trace.customer_lat, trace.customer_lon),
        (trace.driver_lat, trace.driver_lon),
    ):
        new_lat, new_lon = _shift(lat, lon, trace, city)
        node = ground.snap(new_lat, new_lon)
        off_m = haversine_m(new_lat, new_lon, city.node_lat[node], city.node_lon[node])
        moved.append((city.node_lat[node], city.node_lon[node], node))
        far.append(off_m)
    share = float(np.mean(np.concatenate(far) > _FAR_M)) if len(trace.placed_s) else 0.0
    note = (
        f"trace {trace.name} transplanted onto {city.name} centre to centre and snapped to junctions;"
        f" {share:.1%} of its points lay over {_FAR_M:.0f} m from the road graph"
    )
    places = _Places(restaurant=moved[0], customer=moved[1], driver=moved[2])
    notes = (note, _SHOCK_NOTE) if market.shocks else (note,)
    return _workload(trace, market, span_s, streams, places, notes), ground


def _shift(lat: FloatArray, lon: FloatArray, trace: Trace, city: City) -> tuple[FloatArray, FloatArray]:
    """Move points so that the median restaurant lands on the city's centre, keeping metres."""
    lat0 = float(np.median(trace.restaurant_lat)) if len(trace.restaurant_lat) else 0.0
    lon0 = float(np.median(trace.restaurant_lon)) if len(trace.restaurant_lon) else 0.0
    metres = np.radians(1.0) * EARTH_RADIUS_M
    y_m = (lat - lat0) * metres
    x_m = (lon - lon0) * metres * np.cos(np.radians(lat0))
    to_lat, to_lon = city.centre
    return to_lat + y_m / metres, to_lon + x_m / (metres * np.cos(np.radians(to_lat)))


def _workload(
    trace: Trace,
    market: MarketSpec,
    span_s: tuple[float, float],
    streams: Streams,
    places: _Places,
    notes: tuple[str, ...],
) -> Workload:
    take = (trace.placed_s >= span_s[0]) & (trace.placed_s < span_s[1])
    prep_s = np.maximum(trace.ready_s - trace.prep_started_s, _MIN_PREP_S)[take]
    chosen = trace.restaurant[take]
    orders = order_table(
        market,
        streams,
        placed_s=trace.placed_s[take],
        restaurant=chosen,
        lat=places.customer[0][take],
        lon=places.customer[1][take],
        node=places.customer[2][take],
        prep_true_s=prep_s,
        promised_s=trace.promised_s[take],
        confirm_delay_s=np.maximum(trace.prep_started_s - trace.placed_s, 0.0)[take],
    )
    return Workload(
        orders=orders,
        restaurants=_restaurants(trace, places, chosen, prep_s),
        shifts=_shifts(trace, market, span_s, places, streams),
        lost_demand=0,
        notes=(*trace.notes, *notes),
    )


def _restaurants(trace: Trace, places: _Places, chosen: IntArray, prep_s: FloatArray) -> Restaurants:
    """Kitchens are as large as the trace needs: its preparation times include any queue."""
    count = len(trace.restaurant_lat)
    orders = np.bincount(chosen, minlength=count)
    overall_s = float(prep_s.mean()) if len(prep_s) else 600.0
    mean_s = np.where(
        orders > 0, np.bincount(chosen, prep_s, minlength=count) / np.maximum(orders, 1), overall_s
    )
    lat, lon, node = places.restaurant
    return Restaurants(
        name=tuple(f"Restaurant {i + 1}" for i in range(count)),
        cuisine=("unknown",) * count,
        lat=lat,
        lon=lon,
        node=node,
        open_s=np.zeros(count),
        close_s=np.full(count, DAY_S),
        capacity=np.maximum(orders, 1).astype(np.int32),
        prep_mean_s=mean_s,
        prep_usual_s=mean_s,
        popularity=np.maximum(orders, 1).astype(np.float64),
    )


def _shifts(
    trace: Trace, market: MarketSpec, span_s: tuple[float, float], places: _Places, streams: Streams
) -> Shifts:
    take = np.flatnonzero((trace.off_s > span_s[0]) & (trace.on_s < span_s[1] + 3600.0))
    start_s = np.maximum(trace.on_s[take], span_s[0])
    take = take[np.argsort(start_s, kind="stable")]
    lat, lon, node = places.driver
    return with_habits(
        market.fleet,
        streams,
        vehicle=trace.vehicle[take],
        lat=lat[take],
        lon=lon[take],
        node=node[take],
        start_s=np.maximum(trace.on_s[take], span_s[0]),
        end_s=trace.off_s[take],
    )
