"""A day of four orders, two restaurants and two drivers, whose every number can be checked by hand.

Speed 100 m/min, target 20 min. r1 at (0, 0), r2 at (1000, 0).
c1 starts at (300, 0), works 0-120; c2 starts at r2, works 30-90.
o1 at (0, 500), r1, placed 10, ready 20. o2 at (0, 801), r1, placed 12, ready 22.
o3 at (1000, -400), r2, placed 40, ready 45. o4 at (0, 100), r1, placed 50, ready 60: nobody brings it.

c1 leaves at 12, is at r1 at 15, picks o1, o2 up at 22, drops them at 24+5+2 = 31 and 33+4+2 = 39, is free at
41 and rides 13 minutes to r2 for nothing. c2 picks o3 up at 45 and drops it at 47+4+2 = 53.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scenarios.mdrp import Instance, Solution, read_instance

FILES = {
    "orders.txt": [
        "order\tx\ty\tplacement_time\trestaurant\tready_time",
        "o1\t0\t500\t10\tr1\t20",
        "o2\t0\t801\t12\tr1\t22",
        "o3\t1000\t-400\t40\tr2\t45",
        "o4\t0\t100\t50\tr1\t60",
    ],
    "couriers.txt": ["courier\tx\ty\ton_time\toff_time", "c1\t300\t0\t0\t120", "c2\t1000\t0\t30\t90"],
    "restaurants.txt": ["restaurant\tx\ty", "r1\t0\t0", "r2\t1000\t0"],
    "instance_parameters.txt": [
        "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door"
        "\tmaximum click-to-door\tpay per order\tguaranteed pay per hour",
        "100\t4\t4\t20\t90\t10\t15",
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the day's files, to be spoilt."""
    place = tmp_path / "2r50t75s1p125"
    place.mkdir()
    for name, lines in FILES.items():
        (place / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
    return place


@pytest.fixture
def instance(folder: Path) -> Instance:
    """Return the day."""
    return read_instance(folder)


@pytest.fixture
def solution() -> Solution:
    """Return the solution told above; its rows are sorted by driver and time."""
    return Solution(
        driver=np.array([0, 0, 1]),
        restaurant=np.array([0, 1, 1]),
        assigned_min=np.array([12, 41, 40]),
        departed_min=np.array([12, 41, 40]),
        arrived_min=np.array([15, 54, 40]),
        picked_up_min=np.array([22, 54, 45]),
        offsets=np.array([0, 2, 2, 3]),
        order=np.array([0, 1, 2]),
        left_min=np.array([24, 33, 47]),
        dropped_off_min=np.array([31, 39, 53]),
    )


@pytest.fixture
def empty() -> Solution:
    """Return the solution in which nobody does anything."""
    none = np.zeros(0, np.int64)
    columns = dict.fromkeys(("driver", "restaurant", "assigned_min", "departed_min", "arrived_min"), none)
    per_order = dict.fromkeys(("order", "left_min", "dropped_off_min"), none)
    return Solution(picked_up_min=none, offsets=np.zeros(1, np.int64), **columns, **per_order)
