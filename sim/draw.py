"""Draw the workload of a synthetic market."""

from __future__ import annotations

import numpy as np

from domain.spec import CustomerSpec, FleetSpec, MarketSpec
from domain.units import FloatArray, IntArray
from roads.city import City
from sim.demand import Homes, choose_restaurants, draw_customers
from sim.restaurants import draw_preparation_s, draw_restaurants, size_kitchens
from sim.shifts import draw_shifts
from sim.streams import Streams
from sim.workload import Orders, Restaurants, Shifts, Workload

_SERVICE_CV = 0.5


def draw_workload(market: MarketSpec, city: City, span_s: tuple[float, float], streams: Streams) -> Workload:
    """Draw orders, restaurants and shifts of a market whose demand lasts over `span_s` (start, end)."""
    homes = Homes(lat=city.home_lat, lon=city.home_lon, node=city.home_node, weight=city.home_weight)
    restaurants = draw_restaurants(market.kitchens, market.demand, city, streams)
    wanted_s, home = draw_customers(
        market.demand, market.shocks, homes, city.centre, span_s, streams.generator("customers")
    )
    chosen = choose_restaurants(
        market.demand, restaurants, wanted_s, homes.lat[home], homes.lon[home], streams.generator("choices")
    )
    found = chosen >= 0
    wanted_s, home, chosen = wanted_s[found], home[found], chosen[found]
    prep_s = draw_preparation_s(market.kitchens, restaurants, chosen, streams)
    restaurants = size_kitchens(market.kitchens, restaurants, chosen, wanted_s, prep_s)
    return Workload(
        orders=order_table(
            market,
            streams,
            placed_s=wanted_s,
            restaurant=chosen,
            lat=homes.lat[home],
            lon=homes.lon[home],
            node=homes.node[home],
            prep_true_s=prep_s,
            promised_s=np.full(len(chosen), np.nan),
        ),
        restaurants=restaurants,
        shifts=_shifts(market, city, restaurants, span_s, streams),
        lost_demand=int(np.count_nonzero(~found)),
    )


def order_table(
    market: MarketSpec,
    streams: Streams,
    *,
    placed_s: FloatArray,
    restaurant: IntArray,
    lat: FloatArray,
    lon: FloatArray,
    node: IntArray,
    prep_true_s: FloatArray,
    promised_s: FloatArray,
    confirm_delay_s: FloatArray | None = None,
) -> Orders:
    """Return the orders with what is drawn per order besides place and time; arrays [n].

    Kitchens' delays and rejections are drawn too, unless `confirm_delay_s` was recorded.
    """
    n, kitchens, fleet = len(placed_s), market.kitchens, market.fleet
    rng = streams.generator("orders")
    drawn_delay_s = rng.gamma(2.0, kitchens.confirm_mean_s / 2.0, n)
    patience_s, tolerance_s = _patience(market.customers, n, streams)
    return Orders(
        placed_s=placed_s,
        restaurant=restaurant,
        lat=lat,
        lon=lon,
        node=node,
        items=(1 + rng.poisson(max(market.demand.items_mean - 1.0, 0.0), n)).astype(np.int16),
        confirm_delay_s=drawn_delay_s if confirm_delay_s is None else confirm_delay_s,
        is_rejected=(rng.random(n) < kitchens.reject_share) & (confirm_delay_s is None),
        prep_true_s=prep_true_s,
        patience_s=patience_s,
        tolerance_s=tolerance_s,
        pickup_service_s=_service_s(fleet.pickup_service_s, n, rng),
        dropoff_service_s=_service_s(fleet.dropoff_service_s, n, rng),
        star_draw=np.where(rng.random(n) < market.customers.rating_share, rng.random(n), np.nan),
        promised_s=promised_s,
    )


def _patience(customers: CustomerSpec, n: int, streams: Streams) -> tuple[FloatArray, FloatArray]:
    rng = streams.generator("patience")
    shape = 4.0
    return (
        rng.gamma(shape, customers.assign_patience_s / shape, n),
        rng.gamma(shape, customers.late_tolerance_s / shape, n),
    )


def _service_s(mean_s: float, n: int, rng: np.random.Generator) -> FloatArray:
    sigma2 = np.log1p(_SERVICE_CV**2)
    times: FloatArray = mean_s * rng.lognormal(-sigma2 / 2.0, np.sqrt(sigma2), n)
    return times


def _shifts(
    market: MarketSpec, city: City, restaurants: Restaurants, span_s: tuple[float, float], streams: Streams
) -> Shifts:
    """Drivers start around restaurants where there are any, else around homes."""
    fleet: FleetSpec = market.fleet
    if len(restaurants):
        places, weight = (restaurants.lat, restaurants.lon, restaurants.node), restaurants.popularity
    else:
        places, weight = (city.home_lat, city.home_lon, city.home_node), city.home_weight
    return draw_shifts(fleet, market.drivers, span_s, market.shocks, places, weight, streams)
