import numpy as np
import pytest

from domain.spec import DemandSpec, ShockSpec
from domain.units import haversine_m
from sim.demand import Homes, choose_restaurants, cumulative_rate, draw_customers, poisson_moments
from sim.workload import Restaurants

HOUR = 3600.0
CENTRE = (45.0, 7.0)


def homes(count: int = 400) -> Homes:
    rng = np.random.default_rng(0)
    return Homes(
        lat=CENTRE[0] + rng.uniform(-0.03, 0.03, count),
        lon=CENTRE[1] + rng.uniform(-0.03, 0.03, count),
        node=np.arange(count),
        weight=rng.uniform(0.5, 2.0, count),
    )


def restaurants(lat: list[float], lon: list[float], hours: list[tuple[float, float]]) -> Restaurants:
    n = len(lat)
    return Restaurants(
        name=("r",) * n,
        cuisine=("c",) * n,
        lat=np.array(lat),
        lon=np.array(lon),
        node=np.arange(n),
        open_s=np.array([h[0] for h in hours]) * HOUR,
        close_s=np.array([h[1] for h in hours]) * HOUR,
        capacity=np.ones(n, np.int32),
        prep_mean_s=np.full(n, 600.0),
        prep_usual_s=np.full(n, 600.0),
        popularity=np.ones(n),
    )


def test_a_whole_day_expects_orders_per_day() -> None:
    spec = DemandSpec(orders_per_day=5000.0)
    _, expected = cumulative_rate(spec, 0.0, 24 * HOUR)
    assert expected[-1] == pytest.approx(5000.0, rel=1e-3)


def test_the_rate_follows_the_hours() -> None:
    hourly = tuple(4.0 if h == 19 else 1.0 for h in range(24))
    spec = DemandSpec(orders_per_day=27_000.0, hourly=hourly)
    minutes, expected = cumulative_rate(spec, 0.0, 24 * HOUR)
    moments = poisson_moments(minutes, expected, np.random.default_rng(1))
    per_hour = np.histogram(moments, bins=np.arange(25) * HOUR)[0]
    assert np.all(np.diff(moments) >= 0)
    assert per_hour[19] == pytest.approx(3250, rel=0.1)  # linear between the middles: the peak is shared
    assert per_hour[3] == pytest.approx(1000, rel=0.15)
    assert per_hour[12:17].std() < 2.5 * np.sqrt(1000)


def test_customers_live_where_the_weights_are() -> None:
    spec, place = DemandSpec(orders_per_day=200_000.0), homes(5)
    _, home = draw_customers(spec, (), place, CENTRE, (17 * HOUR, 19 * HOUR), np.random.default_rng(3))
    shares = np.bincount(home, minlength=5) / len(home)
    np.testing.assert_allclose(shares, place.weight / place.weight.sum(), atol=0.01)


def test_a_shock_adds_customers_and_leaves_the_others_as_they_were() -> None:
    spec, place = DemandSpec(orders_per_day=20_000.0), homes()
    stadium = ShockSpec(kind="stadium", start_h=18.0, end_h=19.0, demand_factor=4.0, radius_m=1500.0)
    span = (17 * HOUR, 20 * HOUR)
    calm, calm_home = draw_customers(spec, (), place, CENTRE, span, np.random.default_rng(3))
    busy, busy_home = draw_customers(spec, (stadium,), place, CENTRE, span, np.random.default_rng(3))
    old = np.isin(busy, calm)
    np.testing.assert_array_equal(busy[old], calm)
    np.testing.assert_array_equal(busy_home[old], calm_home)
    added = busy[~old]
    assert added.min() >= 18 * HOUR - 60
    assert added.max() <= 19 * HOUR + 60
    minutes, expected = cumulative_rate(spec, *span)
    in_hour = float(np.diff(np.interp([18 * HOUR, 19 * HOUR], minutes, expected))[0])
    inside = haversine_m(place.lat, place.lon, *CENTRE) <= 1500.0
    share = place.weight[inside].sum() / place.weight.sum()
    assert len(added) == pytest.approx(3.0 * share * in_hour, rel=0.1)


def test_a_factor_below_one_thins_demand() -> None:
    spec, place = DemandSpec(orders_per_day=20_000.0), homes()
    rain = ShockSpec(kind="rain", start_h=18.0, end_h=19.0, demand_factor=0.25)
    span = (17 * HOUR, 20 * HOUR)
    calm, _ = draw_customers(spec, (), place, CENTRE, span, np.random.default_rng(3))
    wet, _ = draw_customers(spec, (rain,), place, CENTRE, span, np.random.default_rng(3))
    during = (calm >= 18 * HOUR) & (calm < 19 * HOUR)
    assert np.isin(wet, calm).all()
    assert (len(calm) - len(wet)) == pytest.approx(0.75 * during.sum(), rel=0.1)


def test_near_open_restaurants_are_chosen_and_nobody_orders_where_all_are_shut() -> None:
    spec = DemandSpec(distance_scale_m=1000.0, max_distance_m=3000.0)
    places = restaurants([45.0, 45.018, 45.2, 45.0], [7.0] * 4, [(0, 24), (0, 24), (0, 24), (3, 3)])
    n = 20_000
    chosen = choose_restaurants(
        spec, places, np.full(n, 19 * HOUR), np.full(n, 45.0), np.full(n, 7.0), np.random.default_rng(0)
    )
    share = np.bincount(chosen, minlength=4) / n
    assert share[2] == share[3] == 0.0  # out of reach; never opens
    assert share[0] / share[1] == pytest.approx(np.exp(2.0), rel=0.1)
    shut = restaurants([45.0], [7.0], [(3, 3)])
    none = choose_restaurants(
        spec, shut, np.full(5, 19 * HOUR), np.full(5, 45.0), np.full(5, 7.0), np.random.default_rng(0)
    )
    assert (none == -1).all()


def test_opening_hours_may_cross_midnight() -> None:
    spec, late = DemandSpec(), restaurants([45.0], [7.0], [(18, 26)])
    at_h = np.array([1.0, 3.0, 12.0, 18.5, 23.9])
    chosen = choose_restaurants(
        spec, late, at_h * HOUR, np.full(5, 45.0), np.full(5, 7.0), np.random.default_rng(0)
    )
    assert chosen.tolist() == [0, -1, -1, 0, 0]
