"""Files, `extends` and markets: what a scenario file turns into."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.errors import ScenarioError, UnknownNameError
from domain.spec import DemandSpec, Scenario
from scenarios import from_dict, load_scenario, scenario_hash, scenario_names, to_dict


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_library_holds_the_promised_scenarios() -> None:
    assert {"quickstart", "vancouver_dinner", "rappi_day", "ci"} <= set(scenario_names())


@pytest.mark.parametrize("name", scenario_names())
def test_library_scenarios_load_under_their_own_name_with_a_description(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.description
    assert scenario.markets


def test_three_lines_are_a_scenario_and_the_rest_is_default(tmp_path: Path) -> None:
    path = write(tmp_path, "tiny.toml", 'drivers = 3\nstart_h = "17:30"\n[demand]\norders_per_day = 90\n')
    scenario = load_scenario(path)
    assert (scenario.name, scenario.start_h, scenario.hours) == ("tiny", 17.5, 1.0)
    assert scenario.markets[0].name == "riverton"
    assert scenario.markets[0].demand == DemandSpec(orders_per_day=90.0)


def test_extends_merges_tables_key_by_key_and_replaces_lists(tmp_path: Path) -> None:
    write(
        tmp_path,
        "base.toml",
        "drivers = 5\nhours = 2\nshocks = [{kind = 'rain', start_h = 18, end_h = 19}]\n"
        "[demand]\norders_per_day = 10\nitems_mean = 4\n",
    )
    middle = "extends = 'base.toml'\ndrivers = 7\nshocks = []\n[demand]\norders_per_day = 20\n"
    write(tmp_path, "middle.toml", middle)
    market = load_scenario(write(tmp_path, "top.toml", "extends = 'middle.toml'\nhours = 3\n")).markets[0]
    assert market.drivers == 7
    assert market.shocks == ()
    assert (market.demand.orders_per_day, market.demand.items_mean) == (20.0, 4.0)


def test_a_file_can_extend_a_library_scenario(tmp_path: Path) -> None:
    scenario = load_scenario(
        write(tmp_path, "mine.toml", "name = 'mine'\nextends = 'quickstart'\ndrivers = 9\n")
    )
    assert scenario.markets[0].drivers == 9
    assert scenario.markets[0].demand == load_scenario("quickstart").markets[0].demand


def test_extending_in_a_circle_is_refused_with_the_circle(tmp_path: Path) -> None:
    write(tmp_path, "a.toml", "extends = 'b.toml'")
    write(tmp_path, "b.toml", "extends = 'a.toml'")
    with pytest.raises(ScenarioError, match=r"a\.toml -> b\.toml -> a\.toml"):
        load_scenario(tmp_path / "a.toml")


def test_extending_what_does_not_exist_names_both_files(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"a\.toml: extends = \"quikstart\".*did you mean 'quickstart'"):
        load_scenario(write(tmp_path, "a.toml", "extends = 'quikstart'"))
    with pytest.raises(ScenarioError, match=r"b\.toml: extends = \"gone\.toml\".*no such scenario file"):
        load_scenario(write(tmp_path, "b.toml", "extends = 'gone.toml'"))


MARKETS = """
drivers = 5
[demand]
orders_per_day = 100
items_mean = 3
[[markets]]
name = "north"
[[markets]]
name = "south"
drivers = 2
demand = { orders_per_day = 50 }
city = { source = "builtin:other" }
"""


def test_markets_inherit_what_they_do_not_say(tmp_path: Path) -> None:
    north, south = load_scenario(write(tmp_path, "two.toml", MARKETS)).markets
    assert (north.name, north.drivers, north.demand.orders_per_day) == ("north", 5, 100.0)
    assert (south.name, south.drivers, south.demand.orders_per_day) == ("south", 2, 50.0)
    assert south.demand.items_mean == 3.0
    assert south.city.source == "builtin:other"


def test_markets_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "twins.toml", "drivers = 1\n[[markets]]\n[[markets]]\n")
    with pytest.raises(ScenarioError, match="must be different for each market"):
        load_scenario(path)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("builtin:riverton", "riverton"),
        ("osm/porto/porto_portugal.osm.pbf", "porto_portugal"),
        ("Porto, Portugal", "porto"),
        ("New York, USA", "new_york"),
    ],
)
def test_a_single_market_is_named_after_its_city(source: str, name: str) -> None:
    assert load_scenario("quickstart", [f"city.source={source}"]).markets[0].name == name


def test_a_trace_brings_its_own_drivers(tmp_path: Path) -> None:
    market = load_scenario(write(tmp_path, "day.toml", "[trace]\npath = 'orders/rappi/3'\n")).markets[0]
    assert (market.name, market.drivers) == ("rappi_3", 0)


def test_unknown_names_and_files_say_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match="unknown scenario 'quikstart'; did you mean 'quickstart'"):
        load_scenario("quikstart")
    with pytest.raises(ScenarioError, match=r"gone\.toml: no such scenario file.*quickstart"):
        load_scenario("gone.toml")


@pytest.mark.parametrize("name", scenario_names())
def test_scenarios_survive_json(name: str) -> None:
    scenario = load_scenario(name)
    assert from_dict(json.loads(json.dumps(to_dict(scenario)))) == scenario


def test_stored_scenarios_of_another_shape_are_refused() -> None:
    data = to_dict(load_scenario("ci"))
    del data["markets"][0]["name"]
    with pytest.raises(ScenarioError, match=r"stored scenario: markets\.0\.name"):
        from_dict(data)


def hashes(*overrides: str) -> str:
    return scenario_hash(load_scenario("ci", overrides))


def test_the_hash_ignores_seed_strategy_and_eta_and_nothing_else() -> None:
    assert hashes() == hashes("seed=7", "strategy=nearest", "eta=other")
    assert hashes() != hashes("drivers=61")
    assert hashes() != hashes("demand.orders_per_day=2201")
    scenario = load_scenario("ci")
    reseeded = load_scenario("ci", ["seed=7"])
    assert scenario_hash(scenario, without=()) != scenario_hash(reseeded, without=())


def test_the_hash_does_not_depend_on_how_a_number_is_written() -> None:
    assert hashes("hours=1") == hashes("hours=1.0")


def test_scenarios_are_values() -> None:
    first, second = load_scenario("quickstart"), load_scenario("quickstart")
    assert isinstance(first, Scenario)
    assert first == second
    assert hash(first) == hash(second)
