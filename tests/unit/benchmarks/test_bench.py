"""`dispatchlab bench mdrp`: what it plays, prints, writes and refuses."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import benchmarks.mdrp.bench as bench
import cli
from benchmarks.mdrp.bench import open_instances, run_benchmark
from benchmarks.mdrp.results import MEAN_KEYS, read_result, result_json, write_result
from benchmarks.mdrp.small import small_instance
from domain.errors import DataError
from matching.batch import Batch
from matching.nearest import Nearest
from scenarios.mdrp import metrics, read_instance, read_solution, violations


@pytest.fixture
def dispatchlab(monkeypatch, capsys):
    """Run a command; return exit code, standard output and standard error."""

    def call(*words: object) -> tuple[object, str, str]:
        monkeypatch.setattr("sys.argv", ["dispatchlab", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return call


def test_json_has_exactly_the_promised_keys(dispatchlab, days):
    code, printed, _ = dispatchlab("bench", "mdrp", days, "--strategy", "nearest", "--json")
    said = json.loads(printed)
    assert code == 0
    assert list(said) == ["instances", "violations", "orders_per_wall_s", "mean", "per_instance"]
    assert tuple(said["mean"]) == MEAN_KEYS
    assert (said["instances"], said["violations"]) == (3, 0)
    assert said["orders_per_wall_s"] > 0
    assert len(said["per_instance"]) == 3


def test_means_are_of_the_written_solutions_which_keep_the_rules(dispatchlab, days, tmp_path):
    words = ("--strategy", "batch", "--param", "window_s=120", "--out", tmp_path / "out", "--json")
    _, printed, _ = dispatchlab("bench", "mdrp", days, *words)
    found = []
    for folder in sorted(days.iterdir()):
        instance = read_instance(folder)
        solution = read_solution(tmp_path / "out" / folder.name, instance)
        assert violations(instance, solution) == []
        found.append(metrics(instance, solution))
    for key, mean in json.loads(printed)["mean"].items():
        assert mean == pytest.approx(np.mean([each[key] for each in found])), key
    assert read_result(tmp_path / "out").label == "batch:window_s=120.0"


def test_the_table_stands_beside_published_figures(dispatchlab, days):
    code, printed, _ = dispatchlab("bench", "mdrp", days, "--strategy", "nearest", "--instances", "0*")
    assert code == 0
    assert "0o50t100s1p100" in printed
    assert "3o50t100s1p100" not in printed
    assert "Reyes et al., published" in printed
    assert "32.74" in printed


def test_a_broken_rule_is_told_and_fails(dispatchlab, days, monkeypatch):
    def play_too_early(instance, strategy, **options):
        played = real(instance, strategy, **options)
        early = replace(played.solution, dropped_off_min=played.solution.dropped_off_min - 1)
        return replace(played, solution=early)

    real = bench.play
    monkeypatch.setattr(bench, "play", play_too_early)
    code, printed, told = dispatchlab("bench", "mdrp", days, "--strategy", "nearest", "--json")
    assert code == 1
    assert json.loads(printed)["violations"] > 0
    assert "0o50t100s1p100: order " in told


@pytest.mark.parametrize("in_kernel", [False, True])
def test_an_interrupt_keeps_what_was_played(days, in_kernel):
    def stop(_: object) -> None:
        if in_kernel:  # as it comes out of a compiled function
            raise SystemError("returned a result with an exception set") from KeyboardInterrupt()
        raise KeyboardInterrupt

    result = run_benchmark(open_instances(days), Nearest(), watch=stop)
    assert not result.is_complete
    assert result.names == ("0o50t100s1p100",)


def test_other_errors_are_no_interrupts(days):
    def fail(_: object) -> None:
        raise SystemError("broken")

    with pytest.raises(SystemError, match="broken"):
        run_benchmark(open_instances(days), Nearest(), watch=fail)


def test_the_same_seed_gives_the_same_means(days):
    runs = [
        run_benchmark(open_instances(days), Nearest(), seed=seed, preposition="nearby").mean()
        for seed in (4, 4, 5)
    ]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_result_is_read_as_it_was_written(days, tmp_path):
    result = run_benchmark(open_instances(days, "0o*"), Nearest())
    write_result(tmp_path / "deep" / "one.json", result)
    assert read_result(tmp_path / "deep" / "one.json") == result


def test_an_instance_without_deliveries_has_no_number_and_spoils_no_mean(days):
    result = run_benchmark(open_instances(days), Nearest())
    first = replace(result.per_instance[0], metrics={**result.per_instance[0].metrics, "ctd_min": np.nan})
    spoilt = replace(result, per_instance=(first, *result.per_instance[1:]))
    others = [each.metrics["ctd_min"] for each in result.per_instance[1:]]
    assert spoilt.mean()["ctd_min"] == pytest.approx(np.mean(others))
    assert result_json(spoilt)["per_instance"][0]["ctd_min"] is None


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--strategy", "nearset"), "unknown strategy 'nearset'; did you mean 'nearest'?"),
        (("--strategy", "batch", "--param", "windw_s=3"), "did you mean 'window_s'?"),
        (("--strategy", "batch", "--param", "window_s"), "--param 'window_s': not of the form name=value"),
        (("--strategy", "nearest", "--prep", "perfct"), "did you mean 'perfect'?"),
        (
            ("--strategy", "nearest", "--preposition", "nearbye"),
            "unknown --preposition 'nearbye'; did you mean 'nearby'?",
        ),
        (
            ("--strategy", "nearest", "--instances", "0o50t100s1p10"),
            "no instance matches '0o50t100s1p10'; did you mean '0o50t100s1p100'?",
        ),
        (("--strategy", "nearest", "--instances", "9*"), "no instance matches '9*'; there: 0o50t100s1p100"),
    ],
)
def test_wrong_input_is_refused_in_one_line(dispatchlab, days, words, line):
    code, printed, told = dispatchlab("bench", "mdrp", days, *words)
    assert (code, printed) == (2, "")
    assert line in told
    assert told.count("\n") == 1


def test_a_missing_folder_is_refused_in_one_line(dispatchlab, tmp_path, monkeypatch):
    monkeypatch.setenv("DISPATCHLAB_DATA", str(tmp_path))
    (tmp_path / "days").mkdir()
    code, _, told = dispatchlab("bench", "mdrp", "dayz", "--strategy", "nearest")
    assert code == 2
    assert "dayz: no such folder" in told
    assert "did you mean 'days'?" in told


def test_a_broken_instance_is_refused_before_anything_is_played(days):
    lines = (days / "3o50t100s1p100" / "orders.txt").read_text().splitlines()
    lines[4] = lines[4].replace("\tr", "\tq")
    (days / "3o50t100s1p100" / "orders.txt").write_text("\n".join(lines))
    played: list[object] = []
    with pytest.raises(DataError, match=r"3o50t100s1p100/orders.txt:5: no restaurant 'q"):
        run_benchmark(open_instances(days), Nearest(), watch=played.append)
    assert played == []


def test_hindsight_is_feasible_and_no_worse_than_a_strategy(dispatchlab, days):
    words = ("--instances", "0o*", "--iterations", "300", "--json")
    code, printed, _ = dispatchlab("bench", "hindsight", days, *words)
    (said,) = json.loads(printed)
    online = run_benchmark(open_instances(days, "0o*"), Nearest()).mean()
    assert (code, said["violations"]) == (0, 0)
    assert said["ctd_min"] < online["ctd_min"]
    assert said["undelivered"] <= online["undelivered_pct"]


def test_hindsight_names_the_nearest_instance(dispatchlab, days):
    code, _, told = dispatchlab("bench", "hindsight", days, "--instances", "0o50t100s1p10")
    assert code == 2
    assert "did you mean '0o50t100s1p100'?" in told


def test_snapshot_refuses_what_is_no_size_or_strategy(dispatchlab):
    for words, line in (
        (("--sizes", "20"), "sizes are ORDERSxDRIVERS"),
        (("--sizes", "5x5", "--strategies", "nearset"), "did you mean 'nearest'?"),
    ):
        code, _, told = dispatchlab("bench", "snapshot", *words)
        assert code == 2
        assert line in told


def test_a_ride_for_lost_orders_keeps_the_rules():
    """Kitchens an hour late: trips lose the orders that they began for, not those that joined on the way."""
    for seed in range(3):
        instance = small_instance(orders=80, drivers=5, seed=seed)
        late_min = np.where(np.arange(80) % 3 == 0, 60, 0)
        slow = replace(instance, ready_min=instance.ready_min + late_min)
        played = bench.play(slow, Batch(max_load=4), believed_ready_min=instance.ready_min)
        assert played.missed > 0
        assert violations(slow, played.solution) == []
