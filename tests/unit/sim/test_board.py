from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sim.board import put_up
from sim.world import Progress

HALF = Progress(now_s=1800.0, start_s=0.0, end_s=3600.0, ended=20, orders=40)


def test_it_is_open_until_closed_and_leaves_nothing(tmp_path: Path) -> None:
    with put_up(tmp_path, ".board-") as board:
        assert board.is_open
        board.close()
        assert not board.is_open
        board.close()
    assert list(tmp_path.iterdir()) == []
    assert not board.is_open


def test_a_reporter_notes_and_is_stopped_by_closing(tmp_path: Path) -> None:
    with put_up(tmp_path, ".board-") as board:
        board.reporter("a-window_s=0.5")(HALF)
        assert board.notes() == [("a-window_s=0.5", HALF)]
        board.close()
        with pytest.raises(KeyboardInterrupt):
            board.reporter("b")(HALF)


def test_work_done_is_finished_runs_and_shares_of_markets(tmp_path: Path) -> None:
    with put_up(tmp_path, ".board-") as board:
        board.note("a", replace(HALF, market=0, markets=2))
        board.note("a", replace(HALF, market=1, markets=2))
        board.note("b", HALF)
        assert board.runs_worth() == pytest.approx(1.0)
        board.finish("a")
        assert board.finished() == ["a"]
        assert board.runs_worth() == pytest.approx(1.5)


def test_who_follows_sees_the_last_state_too(tmp_path: Path) -> None:
    seen: list[list[str]] = []
    with put_up(tmp_path, ".board-") as board:
        with board.followed(lambda now: seen.append(now.finished())):
            board.finish("a")
        assert seen[-1] == ["a"]


def test_a_board_taken_down_is_no_trouble_for_late_writers(tmp_path: Path) -> None:
    with put_up(tmp_path, ".board-") as board:
        pass
    board.note("a", HALF)
    board.finish("a")
    assert board.notes() == []


def test_the_share_of_a_market_goes_from_nothing_to_all() -> None:
    assert replace(HALF, now_s=0.0, ended=0).share == 0.0
    assert HALF.share == pytest.approx(0.5)
    assert replace(HALF, now_s=9999.0, ended=40).share == 1.0
