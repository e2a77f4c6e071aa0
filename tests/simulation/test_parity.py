"""The same scenario and seed on memory and on real servers: the same assignments, the same outcomes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import reports
from lab import run_scenario
from tests.servers import postgres_with_postgis, server

DINNER = ("hours=1.5", "demand.orders_per_day=11000", "drivers=330")
"""Some 2,000 orders of the generated city."""
SMALL = ("hours=0.12",)


def run(folder: Path, strategy: str, overrides: tuple[str, ...], stores: str) -> reports.Run:
    return reports.open_run(
        run_scenario(
            "quickstart",
            strategy=strategy,
            seed=7,
            overrides=overrides,
            out=folder,
            stores=stores,
            with_report=False,
        )
    )


def assert_equal(memory: reports.Run, real: reports.Run) -> None:
    for table in ("orders", "offers", "drivers", "series"):
        pd.testing.assert_frame_equal(
            memory.table(table), real.table(table), check_exact=True, obj=f"{table} of {real.path}"
        )
    windows = [column for column in memory.windows if not column.endswith("_wall_s")]
    pd.testing.assert_frame_equal(memory.windows[windows], real.windows[windows], check_exact=True)
    assert memory.info["orders_sha256"] == real.info["orders_sha256"]
    assert real.info["unanswered"] == {}


def test_two_thousand_orders_end_the_same_on_postgres_and_valkey(tmp_path: Path) -> None:
    memory = run(tmp_path / "memory", "batch", DINNER, "memory:quantised")
    assert len(memory.orders) >= 2000
    stores = f"{postgres_with_postgis()},{server('valkey')}"
    real = run(tmp_path / "real", "batch", DINNER, stores)
    assert_equal(memory, real)
    assert real.info["stores"]["database"].startswith("PostgreSQL")
    assert real.info["stores"]["drivers"].startswith("Valkey")


@pytest.mark.parametrize("strategy", ["nearest", "score", "batch"])
def test_every_strategy_ends_the_same_with_kafka_in_between(tmp_path: Path, strategy: str) -> None:
    memory = run(tmp_path / "memory", strategy, SMALL, "memory:quantised")
    stores = f"{postgres_with_postgis()},{server('valkey')},kafka://{server('kafka')}"
    real = run(tmp_path / "real", strategy, SMALL, stores)
    assert_equal(memory, real)
    assert real.info["stores"]["bus"].startswith("Kafka")
