from __future__ import annotations

import pytest

from domain.errors import ScenarioError, UserError
from scenarios import folder_name, grid, load_scenario, read_varied


def test_values_part_at_commas_outside_of_brackets_and_quotes() -> None:
    assert read_varied("drivers=60,80").values == ("60", "80")
    assert read_varied("fleet.hourly=[1,2],[3]").values == ("[1,2]", "[3]")
    assert read_varied("city.source=builtin:riverton,'a,b.city'").values == ("builtin:riverton", "'a,b.city'")
    assert read_varied("drivers=60, 60,80").values == ("60", "80")


def test_a_parameter_belongs_to_its_strategy() -> None:
    one, other = read_varied("batch:window_s=5,10"), read_varied("my.mod:Mine:alpha=1")
    assert (one.strategy, one.key, one.name) == ("batch", "window_s", "batch:window_s")
    assert (other.strategy, other.key) == ("my.mod:Mine", "alpha")


def test_the_grid_varies_a_parameter_for_its_strategy_only() -> None:
    points = grid(
        ["nearest", "batch:radius_m=900"], [read_varied("batch:window_s=5,10"), read_varied("drivers=3,4")]
    )
    assert [(p.strategy, p.overrides) for p in points] == [
        ("nearest", ("drivers=3",)),
        ("nearest", ("drivers=4",)),
        ("batch:radius_m=900:window_s=5", ("drivers=3",)),
        ("batch:radius_m=900:window_s=5", ("drivers=4",)),
        ("batch:radius_m=900:window_s=10", ("drivers=3",)),
        ("batch:radius_m=900:window_s=10", ("drivers=4",)),
    ]
    assert points[2].asked == "batch:radius_m=900"
    assert points[2].varied == {"batch:window_s": "5", "drivers": "3"}
    assert len({folder_name(p.strategy, *p.overrides) for p in points}) == 6


def test_without_anything_varied_the_grid_is_the_strategies() -> None:
    assert [p.strategy for p in grid(["nearest", "score", "nearest"], [])] == ["nearest", "score"]


@pytest.mark.parametrize(
    ("item", "line"),
    [
        ("drivers", "--vary drivers: must be key=value,value,..."),
        ("drivers=", "must be key=value,value,..."),
        ("drivers=4,,5", "must be key=value,value,..."),
        ("seed=1,2", "'seed' is not for varying: seeds have an option of their own, --seeds"),
        ("strategy=batch,score", "--strategies"),
    ],
)
def test_what_cannot_be_varied_is_refused(item: str, line: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        read_varied(item)
    assert line in str(refused.value)


@pytest.mark.parametrize(
    ("items", "line"),
    [
        (
            ["bach:window_s=1,2"],
            "--vary bach:window_s: 'bach' is not among --strategies; did you mean 'batch'?",
        ),
        (["drivers=1", "drivers=2"], "--vary drivers: given twice"),
        (["batch:late_s=1"], "--strategies batch:late_s=3 already says what it is"),
    ],
)
def test_a_grid_that_contradicts_itself_is_refused(items: list[str], line: str) -> None:
    with pytest.raises(UserError) as refused:
        grid(["batch:late_s=3"], [read_varied(item) for item in items])
    assert line in str(refused.value)


def test_a_varied_key_is_named_as_the_user_gave_it() -> None:
    with pytest.raises(
        ScenarioError, match=r"^--vary drivrs=3: unknown key 'drivrs'; did you mean 'drivers'\?$"
    ):
        load_scenario("ci", ["hours=1"], varied=["drivrs=3"])
    assert load_scenario("ci", ["drivers=1"], varied=["drivers=3"]).markets[0].drivers == 3


def test_folder_names_are_plain_short_and_each_their_own() -> None:
    assert (
        folder_name("ci", "batch:window_s=5", "drivers=0.5", "seed1")
        == "ci-batch-window_s=5-drivers=0.5-seed1"
    )
    odd = [folder_name("ci", text) for text in ("a/b", "a b", "a-b", "x" * 300, "x" * 301)]
    assert len(set(odd)) == 5
    assert all("/" not in name and " " not in name and len(name) < 140 for name in odd)
