"""``--set``: values as in TOML, text where they are none, on top of every file."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.spec import Scenario
from scenarios import load_scenario


def changed(*overrides: str) -> Scenario:
    return load_scenario("quickstart", overrides)


def test_values_take_their_type_from_toml() -> None:
    scenario = changed("hours=0.5", "drivers=2000", "demand.orders_per_day=9000", "traffic.hourly=false")
    market = scenario.markets[0]
    assert scenario.hours == 0.5
    assert (market.drivers, market.demand.orders_per_day, market.traffic.hourly) == (2000, 9000.0, False)


def test_bare_words_and_paths_are_text() -> None:
    scenario = changed("strategy=nearest", "city.source=osm/x y.pbf", 'description="two words"')
    assert scenario.strategy == "nearest"
    assert scenario.markets[0].city.source == "osm/x y.pbf"
    assert scenario.description == "two words"


def test_a_value_may_hold_an_equals_sign() -> None:
    assert changed("description=a=b").description == "a=b"


def test_clock_times_are_hours() -> None:
    assert changed("start_h=17:30").start_h == 17.5


def test_the_last_of_two_wins() -> None:
    assert changed("drivers=3", "drivers=4").markets[0].drivers == 4


def test_shocks_can_be_given_changed_and_removed() -> None:
    rain = 'shocks=[{kind="rain", start_h="18:10", end_h=19}]'
    (shock,) = changed(rain).markets[0].shocks
    assert (shock.kind, shock.end_h, shock.slowdown) == ("rain", 19.0, 1.25)
    assert changed(rain, "shocks.0.slowdown=2").markets[0].shocks[0].slowdown == 2.0
    assert changed(rain, "shocks=[]").markets[0].shocks == ()


def test_the_only_market_is_market_zero() -> None:
    assert changed("markets.0.drivers=10").markets[0].drivers == 10


def test_an_override_reaches_every_market_or_the_one_named(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text(
        "drivers = 3\n[[markets]]\nname='a'\n[[markets]]\nname='b'\ndrivers=5\ndemand={orders_per_day=7}\n"
    )

    def drivers(*overrides: str) -> list[int]:
        return [market.drivers for market in load_scenario(path, overrides).markets]

    assert drivers() == [3, 5]
    assert drivers("drivers=10") == [10, 10]
    assert drivers("markets.1.drivers=8") == [3, 8]
    both = load_scenario(path, ["demand.items_mean=4"]).markets
    assert [m.demand.items_mean for m in both] == [4.0, 4.0]
    assert [m.demand.orders_per_day for m in both] == [4000.0, 7.0]


def test_scale_shrinks_orders_and_drivers_of_every_market_alike() -> None:
    whole = load_scenario("national_day").markets
    small = load_scenario("national_day", ["scale=0.1"]).markets
    assert [m.name for m in small] == [m.name for m in whole]
    for one, all_of_it in zip(small, whole, strict=True):
        assert one.drivers == round(0.1 * all_of_it.drivers)
        assert one.demand.orders_per_day == pytest.approx(0.1 * all_of_it.demand.orders_per_day)
    default = load_scenario("quickstart", ["scale=2", "drivers=7"]).markets[0]
    assert (default.drivers, default.demand.orders_per_day) == (14, 4400.0)


def test_the_national_day_is_a_million_orders_and_a_hundred_thousand_drivers() -> None:
    markets = load_scenario("national_day").markets
    assert sum(m.demand.orders_per_day for m in markets) == pytest.approx(1_000_000, rel=0.01)
    assert sum(m.drivers for m in markets) >= 100_000
    assert len({m.fleet.hourly for m in markets}) == 1  # so that their peaks fall into one hour
