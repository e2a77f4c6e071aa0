from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.errors import UserError
from sim.folder_lock import locked
from sim.run_identity import finished_identity, run_identity

RUN = {
    "scenario": {"hours": 1.0},
    "strategy": {"id": "batch", "parameters": {"window_s": 5.0}, "flags": {}},
    "eta": {"id": "multi_factor"},
    "seed": 3,
    "versions": {"numpy": "2.0"},
    "cities": [{"market": "north", "hash": "abc", "provenance": {"path": "here"}}],
    "complete": True,
}


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 4},
        {"scenario": {"hours": 2.0}},
        {"strategy": {"id": "batch", "parameters": {"window_s": 6.0}, "flags": {}}},
        {"versions": {"numpy": "2.1"}},
        {"cities": [{"hash": "abd"}]},
    ],
)
def test_what_decides_a_run_is_its_identity(other: dict[str, object]) -> None:
    assert run_identity({**RUN, **other}) != run_identity(RUN)


def test_what_does_not_decide_it_is_not() -> None:
    assert run_identity({**RUN, "wall_s": 3.0, "cities": [{"hash": "abc"}]}) == run_identity(RUN)


def test_only_whole_runs_count(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    assert finished_identity(tmp_path) is None
    for text in ("{", "[]", json.dumps({**RUN, "complete": False}), json.dumps({"complete": True})):
        path.write_text(text)
        assert finished_identity(tmp_path) is None
    path.write_text(json.dumps(RUN))
    assert finished_identity(tmp_path) == run_identity(RUN)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path / "s"):
        with pytest.raises(UserError, match="another sweep is writing there"), locked(tmp_path / "s"):
            pytest.fail("entered")
        (tmp_path / "s" / "result").touch()
    with locked(tmp_path / "s"):
        pass
    assert (tmp_path / "s" / "result").exists()


def test_leftovers_go_and_runs_stay(tmp_path: Path) -> None:
    for name in (".a.12.partial", ".a.12.old", ".b.parts-x1", ".board-x2", "a", ".mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    with locked(tmp_path):
        assert {path.name for path in tmp_path.iterdir()} == {"a", ".mine", ".lock"}


def test_a_folder_of_which_nothing_came_goes(tmp_path: Path) -> None:
    with locked(tmp_path / "s"):
        pass
    assert list(tmp_path.iterdir()) == []
