"""A folder of three small made-up instances, named as the public ones are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.mdrp.small import small_instance
from scenarios.mdrp import Instance

NAMES = ("0o50t100s1p100", "0r50t100s1p100", "3o50t100s1p100")
PARAMETERS = (
    "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door"
    "\tmaximum click-to-door\tpay per order\tguaranteed pay per hour"
)


def write_instance(folder: Path, instance: Instance) -> None:
    """Write an instance as its publisher does."""
    orders = zip(
        instance.order_ids,
        instance.order_xy_m,
        instance.placed_min,
        instance.restaurant,
        instance.ready_min,
        strict=True,
    )
    drivers = zip(instance.driver_ids, instance.driver_xy_m, instance.on_min, instance.off_min, strict=True)
    names = instance.restaurant_ids
    restaurants = zip(names, instance.restaurant_xy_m, strict=True)
    files = {
        "orders.txt": ["order\tx\ty\tplacement_time\trestaurant\tready_time"]
        + [f"{o}\t{x}\t{y}\t{placed}\t{names[r]}\t{ready}" for o, (x, y), placed, r, ready in orders],
        "couriers.txt": ["courier\tx\ty\ton_time\toff_time"]
        + [f"{d}\t{x}\t{y}\t{on}\t{off}" for d, (x, y), on, off in drivers],
        "restaurants.txt": ["restaurant\tx\ty", *(f"{r}\t{x}\t{y}" for r, (x, y) in restaurants)],
        "instance_parameters.txt": [PARAMETERS, "320\t4\t4\t40\t90\t10\t15"],
    }
    folder.mkdir(parents=True)
    for name, lines in files.items():
        (folder / name).write_text("\n".join([*lines, ""]), encoding="utf-8")


@pytest.fixture
def days(tmp_path: Path) -> Path:
    """Return the folder of instances, to be spoilt."""
    return write_days(tmp_path / "days")


@pytest.fixture(scope="session")
def shared_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of instances, not to be touched."""
    return write_days(tmp_path_factory.mktemp("shared") / "days")


def write_days(root: Path) -> Path:
    """Write the instances and return their folder."""
    for seed, name in enumerate(NAMES):
        write_instance(root / name, replace(small_instance(seed=seed), name=name))
    return root
