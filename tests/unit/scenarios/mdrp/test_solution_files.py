"""The publisher's solution files: what is written, what comes back, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from domain.errors import DataError
from scenarios.mdrp import Instance, Solution, read_solution, write_solution

ASSIGNMENTS, ORDERS, LEGS = (f"solution_info_{part}.txt" for part in ("assignments", "orders", "couriers"))


@pytest.fixture
def written(tmp_path: Path, instance: Instance, solution: Solution) -> Path:
    """Return the folder of the hand-made solution's files."""
    write_solution(tmp_path / "solutions" / "mine", instance, solution)
    return tmp_path / "solutions" / "mine"


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def same(left: Solution, right: Solution) -> None:
    for name, values in vars(left).items():
        np.testing.assert_array_equal(getattr(right, name), values, err_msg=name)


def test_the_files_are_as_the_evaluator_reads_them(written: Path) -> None:
    assert lines(written / ASSIGNMENTS)[1:] == ["12 22 c1 o1 o2", "40 45 c2 o3"]
    assert lines(written / ORDERS) == [
        "order placement_time restaurant ready_time pickup_time dropoff_time courier",
        "o1 10 r1 20 22 31 c1",
        "o2 12 r1 22 22 39 c1",
        "o3 40 r2 45 45 53 c2",
        "o4 50 r1 60 NA NA NA",
    ]
    assert lines(written / LEGS)[1:] == [
        "c1 12 c1 r1",
        "c1 24 r1 o1",
        "c1 33 o1 o2",
        "c1 41 o2 r2",
        "c2 40 c2 r2",
        "c2 47 r2 o3",
    ]


def test_what_is_written_comes_back(written: Path, instance: Instance, solution: Solution) -> None:
    same(solution, read_solution(written, instance))


def test_doing_nothing_comes_back(tmp_path: Path, instance: Instance, empty: Solution) -> None:
    write_solution(tmp_path / "idle", instance, empty)
    same(empty, read_solution(tmp_path / "idle", instance))


def test_times_with_a_point_and_origin_zero_are_read(
    written: Path, instance: Instance, solution: Solution
) -> None:
    spoil(written / LEGS, "c1 12 c1 r1", "c1 12.0 0 r1")
    spoil(written / ASSIGNMENTS, "12 22 c1", "12.0 22.0 c1")
    same(solution, read_solution(written, instance))


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            ASSIGNMENTS,
            "40 45 c2 o3",
            "40 45 c2 o1",
            r"assignments.txt:3: order 'o1' is assigned already on line 2",
        ),
        (ASSIGNMENTS, "c2 o3", "c9 o3", r"assignments.txt:3: no courier 'c9' in the instance"),
        (
            ASSIGNMENTS,
            "c2 o3",
            "c2",
            r"assignments.txt:3: expected assignment_time, pickup_time, courier and its",
        ),
        (ASSIGNMENTS, "40 45", "40 x", r"assignments.txt:3: pickup_time 'x' is not a whole number"),
        (
            ASSIGNMENTS,
            "40 45 c2 o3",
            "",
            r"orders.txt:4: order 'o3' has courier 'c2', but is in no assignment",
        ),
        (ORDERS, "45 53 c2", "45 53 c1", r"orders.txt:4: courier 'c1' is not 'c2', who is assigned it"),
        (ORDERS, "45 53 c2", "46 53 c2", r"orders.txt:4: pickup_time '46' is not its bundle's, 45"),
        (ORDERS, "45 53 c2", "45 NA c2", r"orders.txt:4: dropoff_time 'NA' is not a whole number"),
        (ORDERS, "o3 40 r2 45 45 53 c2\n", "", r"orders.txt: no row of order 'o3', which is assigned"),
        (ORDERS, "courier", "driver", r"orders.txt: no column 'courier'"),
        (
            LEGS,
            "c1 33 o1 o2",
            "c1 33 r1 o2",
            r"couriers.txt:4: origin 'r1' is not 'o1', where courier 'c1' is",
        ),
        (LEGS, "r2 o3", "r2 o4", r"couriers.txt:7: order 'o4' is not the next of a bundle of courier 'c2'"),
        (LEGS, "r2 o3", "r2 x3", r"couriers.txt:7: no destination 'x3' in the instance"),
        (
            LEGS,
            "c2 47 r2 o3\n",
            "",
            r"couriers.txt: no leg of courier 'c2' to order 'o3', which it is assigned",
        ),
        (
            LEGS,
            "c1 33 o1 o2",
            "c1 33 o1 r1\nc1 40 r1 o1\nc1 50 o1 o2",
            r"couriers.txt: no leg of courier 'c1' to order 'o2', which it is assigned",
        ),
        (LEGS, "c2 47 r2 o3", "c2 47 r2", r"couriers.txt:7: 3 cells; expected courier, departure, origin"),
    ],
)
def test_files_that_contradict_each_other_are_refused(
    written: Path, instance: Instance, name: str, old: str, new: str, message: str
) -> None:
    spoil(written / name, old, new)
    with pytest.raises(DataError, match=message) as caught:
        read_solution(written, instance)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(written: Path, instance: Instance) -> None:
    (written / LEGS).unlink()
    with pytest.raises(DataError, match=r"solution_info_couriers.txt: cannot be read"):
        read_solution(written, instance)


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
