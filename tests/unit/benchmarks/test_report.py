"""The comparison page, and the figures of others that stand in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.mdrp.bench import open_instances, run_benchmark
from benchmarks.mdrp.prep import RestaurantMean
from benchmarks.mdrp.published import YARDSTICKS
from benchmarks.mdrp.report import write_page
from benchmarks.mdrp.results import read_result
from benchmarks.mdrp.table import lines
from domain.errors import DataError
from matching.batch import Batch
from matching.nearest import Nearest


@pytest.fixture(scope="module")
def results(shared_days):
    folders = open_instances(shared_days)
    return [
        run_benchmark(folders, strategy, prep=prep)
        for strategy in (Nearest(), Batch(max_load=2))
        for prep in (None, RestaurantMean())
    ]


def test_the_page_compares_strategies_with_each_other_and_with_the_paper(results, tmp_path):
    write_page(results, tmp_path / "comparison.md")
    page = (tmp_path / "comparison.md").read_text()
    assert "3 instances" in page
    assert "no rule is broken" in page
    for heading in ("## Means", "## By day", "## Without perfect ready times", "### restaurant-mean"):
        assert heading in page
    assert "| **nearest** | 3 | perfect |" in page
    assert "| **batch:max_load=2** | 3 | restaurant-mean |" in page
    assert "| Reyes et al., published | restaurant-mean | +0.37 | +1.29 | +0.97 |" in page
    loss = results[1].mean()["ctd_min"] - results[0].mean()["ctd_min"]
    assert f"| nearest | restaurant-mean | {_difference(results, 'undelivered_pct')} | {loss:+.2f} |" in page
    for name in ("cost", "prep"):
        assert (tmp_path / "images" / f"comparison-{name}.svg").read_bytes().startswith(b"<?xml")


def _difference(results, key: str) -> str:
    return f"{results[1].mean()[key] - results[0].mean()[key]:+.2f}"


def test_the_page_is_the_same_each_time(results, tmp_path):
    texts = []
    for _ in range(2):
        write_page(results, tmp_path / "comparison.md")
        images = sorted((tmp_path / "images").iterdir())
        texts.append([(tmp_path / "comparison.md").read_bytes(), *(image.read_bytes() for image in images)])
    assert texts[0] == texts[1]


def test_a_broken_rule_shows(results, tmp_path):
    first = replace(results[0].per_instance[0], violations=("order o1: too late",))
    broken = replace(results[0], per_instance=(first, *results[0].per_instance[1:]))
    write_page([broken], tmp_path / "comparison.md")
    assert "**violations: 1**" in (tmp_path / "comparison.md").read_text()


def test_what_cannot_be_compared_is_refused(results, tmp_path):
    nearest, other = results[0], results[2]
    for wrong, line in (
        ([], "no result"),
        ([nearest, nearest], "twice"),
        ([replace(nearest, is_complete=False)], "interrupted"),
        ([nearest, replace(other, per_instance=other.per_instance[:2])], "not the same"),
    ):
        with pytest.raises(DataError, match=line):
            write_page(wrong, tmp_path / "comparison.md")


def test_a_file_that_is_no_result_is_refused_in_one_line(tmp_path):
    (tmp_path / "results.json").write_text('{"strategy": 1}')
    with pytest.raises(DataError, match=r"results\.json: not a result of `dispatchlab bench mdrp --out`"):
        read_result(tmp_path)
    with pytest.raises(DataError, match=r"elsewhere: no results\.json"):
        read_result(tmp_path / "elsewhere")


def test_yardsticks_stand_beside_our_means_on_their_own_instances(results):
    day_0 = [
        f"0{o}t{t}s{s}p{p}" for o in ("o50", "r50") for t in (75, 100) for s in (1, 2) for p in (100, 125)
    ]
    many = tuple(replace(results[0].per_instance[0], instance=name) for name in (*day_0, "3o50t100s1p100"))
    slow = replace(many[-1], metrics={**many[-1].metrics, "ctd_min": 1_000.0})
    shown = lines([replace(results[0], per_instance=(*many[:-1], slow))])
    assert [(line.name, line.over) for line in shown if line.is_ours] == [
        ("nearest", "17"),
        ("nearest", "16"),
    ]
    assert shown[0].mean["ctd_min"] > 60.0 > shown[2].mean["ctd_min"]
    assert ("MIP with foresight", "16") in [(line.name, line.over) for line in shown]
    assert ("MIP with foresight", "24") not in [(line.name, line.over) for line in shown]


def test_every_yardstick_says_whence_it_is_and_what_it_covers():
    for yardstick in YARDSTICKS:
        assert yardstick.source
        assert yardstick.mean
        assert (yardstick.covers is None) == (yardstick.size == 240)
