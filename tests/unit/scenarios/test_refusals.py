"""What a typo or a senseless value prints: one line with the place, the key, the value and what is valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import ScenarioError
from scenarios import load_scenario


def refusal(*overrides: str, name: str | Path = "quickstart") -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(name, overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("item", "rest"),
    [
        ("demand.orders_per_dya=3", "unknown key 'demand.orders_per_dya'; did you mean 'orders_per_day'?"),
        ("orders_per_day=3", "unknown key 'orders_per_day'; did you mean 'demand.orders_per_day'?"),
        ("hour=1", "unknown key 'hour'; did you mean 'hours'?"),
        ("markets.0.driver=1", "unknown key 'markets.0.driver'; did you mean 'drivers'?"),
        ("hours=abc", 'hours = "abc": must be a number'),
        ("hours=true", "hours = true: must be a number"),
        ("hours=0", "hours = 0.0: must be more than 0 and at most 168"),
        ("hours=nan", "hours = nan: must be more than 0 and at most 168"),
        ("hours=inf", "hours = inf: must be more than 0 and at most 168"),
        ("scale=0", "scale = 0: must be a number above 0, at most 1000"),
        ("scale=lots", 'scale = "lots": must be a number above 0, at most 1000'),
        ("drivers=1.5", "drivers = 1.5: must be a whole number"),
        ("drivers=true", "drivers = true: must be a whole number"),
        ("drivers=-1", "drivers = -1: must be 0 or more"),
        ('drivers="5"', 'drivers = "5": must be a whole number'),
        ("seed=abc", 'seed = "abc": must be a whole number'),
        ("seed=-1", "seed = -1: must be 0 or more, below 2**63"),
        ("start_h=26:00", "start_h = 26.0: must be from 0 to 24"),
        ("start_h=5pm", 'start_h = "5pm": must be hours or "HH:MM"'),
        ("name=a/b", "name = \"a/b\": must be letters, digits, '_', '-' and '.', a letter or digit first"),
        ("city.source=3", "city.source = 3: must be text"),
        ("traffic.hourly=1", "traffic.hourly = 1: must be true or false"),
        ("demand=3", "demand = 3: must be a table"),
        ("shocks=3", "shocks = 3: must be a list of tables"),
        ("shocks=[3]", "shocks.0 = 3: must be a table"),
        ("shocks.0.share=1", "no shocks.0: the scenario has 0 shocks"),
        ("markets.1.drivers=1", "no markets.1: the scenario has 1 markets"),
        ("markets=[]", "markets = []: must hold at least one market"),
        (
            "demand.hourly=[1,2]",
            "demand.hourly = [1.0, 2.0]: must be 24 numbers, none negative, not all zero",
        ),
        ("demand.hourly=[1,'a']", 'demand.hourly.1 = "a": must be a number'),
        ("demand.hourly=5", "demand.hourly = 5: must be a list"),
        ("kitchens.reject_share=1.2", "kitchens.reject_share = 1.2: must be from 0 to 1"),
        (
            "platform.promise_quantile=1",
            "platform.promise_quantile = 1.0: must be between 0 and 1, neither included",
        ),
        ("trace.detour=2", "'trace.path' is missing"),
    ],
)
def test_overrides_are_refused_in_one_line(item: str, rest: str) -> None:
    assert refusal(item) == f"--set {item}: {rest}"


def test_one_of_a_few_words_is_offered() -> None:
    message = refusal("trace.path=x", "trace.geography=detuor")
    assert message == (
        '--set trace.geography=detuor: trace.geography = "detuor": must be one of detour, transplant; '
        "did you mean 'detour'?"
    )


@pytest.mark.parametrize("item", ["hours", "=3", "demand.=3", ""])
def test_overrides_without_key_or_value_show_how(item: str) -> None:
    assert "must be key=value, such as hours=0.5" in refusal(item)


def test_extends_cannot_be_overridden() -> None:
    assert "can only stand in a file" in refusal("extends=ci")


def test_vehicle_shares_must_make_one() -> None:
    message = refusal("fleet.car_share=0")
    assert message.endswith("car_share, scooter_share and bicycle_share make 1 (they make 0.4)")


@pytest.mark.parametrize(
    ("shock", "rest"),
    [
        ("kind='rian', start_h=1, end_h=2", 'shocks.0.kind = "rian": must be one of rain, closed_bridge,'),
        ("kind='rain', end_h=2", "'shocks.0.start_h' is missing"),
        (
            "kind='rain', start_h='18:30', end_h=2",
            "shocks.0.end_h = 2.0: must be no less than start_h (18.5)",
        ),
        ("kind='stadium', start_h=1, end_h=2, lat=3", "given with both lat and lon, or with neither"),
        ("kind='rain', start_h=1, end_h=2, slowdown=0", "shocks.0.slowdown = 0.0: must be more than 0"),
        ("kind='rain', start=1", "unknown key 'shocks.0.start'; did you mean"),
    ],
)
def test_shocks_are_checked(shock: str, rest: str) -> None:
    assert rest in refusal(f"shocks=[{{{shock}}}]")


def test_messages_name_the_file_that_holds_the_fault(tmp_path: Path) -> None:
    base = tmp_path / "base.toml"
    base.write_text("drivers = 3\n[fleet]\nacceptance = 2\n")
    child = tmp_path / "child.toml"
    child.write_text("extends = 'base.toml'\nhours = 2\n")
    assert refusal(name=child) == f"{base}: fleet.acceptance = 2.0: must be from 0 to 1"
    base.write_text("drivers = 3\n[flete]\n")
    assert refusal(name=child) == f"{base}: unknown key 'flete'; did you mean 'fleet'?"


def test_a_fault_in_a_market_is_named_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text("drivers = 3\n[[markets]]\nname='a'\n[[markets]]\nname='b'\ngps={period_s=0}\n")
    assert refusal(name=path) == f"{path}: markets.1.gps.period_s = 0: must be 1 or more"


def test_missing_drivers_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    path.write_text("hours = 1\n")
    assert "'drivers' is missing" in refusal(name=path)


def test_syntax_errors_name_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("hours = 1\ndrivers = = 3\n")
    assert refusal(name=path).startswith(f"{path}: line 2, column 11: not valid TOML: Invalid value")
    path.write_bytes(b"name = '\xff'\n")
    assert refusal(name=path) == f"{path}: cannot be read: not UTF-8 text"


def test_a_trace_cannot_be_scaled() -> None:
    assert "replays a trace, which has one size" in refusal("scale=0.5", name="rappi_day")
