from __future__ import annotations

import json

import pytest

from benchmarks._solvers import SOLVERS, TooLarge, costs_of, scipy_dense
from benchmarks.snapshot import bench_snapshot, disagreements, main, parse_sizes, table
from domain.errors import UserError
from matching.testing import make_snapshot

SLOW = """
import time
from dataclasses import dataclass
from matching.nearest import Nearest

@dataclass(frozen=True, kw_only=True)
class Slow(Nearest):
    def __call__(self, snapshot, rng):
        time.sleep(0.0 if snapshot.open_orders == 30 else 60.0)
        return super().__call__(snapshot, rng)
"""


def test_a_strategy_and_a_solver_are_timed_at_each_size(capsys):
    rows = bench_snapshot([(20, 40), (5, 9)], ["nearest"], 1, solvers=["our auction"])
    assert [(row.name, row.orders, row.drivers) for row in rows] == [
        ("nearest", 5, 9),
        ("nearest", 20, 40),
        ("our auction", 5, 9),
        ("our auction", 20, 40),
    ]
    assert all(row.ms > 0 and 0 < row.given <= row.orders for row in rows)
    assert "| `nearest` |" in table(rows)
    assert disagreements(rows) == []


def test_what_takes_too_long_is_ended_and_said(tmp_path, monkeypatch):
    (tmp_path / "slow_one.py").write_text(SLOW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    rows = bench_snapshot([(5, 9), (6, 9)], ["slow_one:Slow"], 3, limit_s=0.2, solvers=[])
    assert [(row.ms, row.note) for row in rows] == [(None, "over 0.2 s"), (None, "smaller took too long")]
    assert "over 0.2 s" in table(rows)


@pytest.mark.parametrize("size", [(40, 90), (60, 25)])
def test_all_solvers_find_the_same_total(size):
    snapshot = make_snapshot(orders=size[0], drivers=size[1], carrying=0.4, candidates=12, seed=2)
    totals = {name: round(solver(costs_of(snapshot))()[1], 6) for name, solver in SOLVERS.items()}
    assert len(set(totals.values())) == 1, totals


def test_a_matrix_that_does_not_fit_is_not_built(monkeypatch):
    monkeypatch.setattr("benchmarks._solvers.MOST_CELLS", 10)
    with pytest.raises(TooLarge):
        scipy_dense(costs_of(make_snapshot(orders=5, drivers=9)))


@pytest.mark.parametrize("text", ["200", "axb", "0x5", "5x"])
def test_sizes_that_are_none(text):
    with pytest.raises(UserError, match="size"):
        parse_sizes(text)


def test_the_command_prints_json_and_refuses_unknown_strategies(capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.snapshot.SOLVERS", {})
    assert main(["--sizes", "4x6", "--strategies", "nearest", "--repeat", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said[0]["name"] == "nearest"
    assert main(["--strategies", "nearset"]) == 2
    assert "nearest" in capsys.readouterr().err
