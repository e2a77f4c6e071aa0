"""Servers that fail in mid-run: the world goes on, and the report says what happened."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import reports
from domain.order_state import OrderState
from reports.incidents import spells
from tests.simulation.runs import HARD, SMALL, run_of


def test_without_the_driver_index_orders_queue_and_are_matched_after_it() -> None:
    run = run_of("outage", "batch", 1, SMALL["outage"])
    calm = run_of("quickstart", "batch", 1, SMALL["outage"])
    down, breaker = (
        next(s for s in spells(run) if s.subject == name) for name in ("valkey", "breaker matching")
    )
    assert (down.start_s, down.end_s) == (18 * 3600 + 1200, 18 * 3600 + 1800)
    assert down.start_s <= breaker.start_s <= down.start_s + 30.0
    assert down.end_s <= breaker.end_s <= down.end_s + 35.0
    windows, series = run.windows, run.series
    during = windows[(windows["at_s"] >= breaker.start_s) & (windows["at_s"] < breaker.end_s)]
    assert during["failed"].all()
    assert windows[windows["at_s"] < down.start_s]["failed"].sum() == 0
    assert during["orders"].iloc[-1] >= 15
    queue = series.set_index("at_s")["unassigned"]
    assert queue[down.end_s - 60.0] >= 15 > queue[down.end_s + 180.0]
    # customers go on ordering, drivers delivering, and nothing is lost
    assert (run.orders["state"] >= 0).all()
    delivered = run.orders["delivered_s"].between(down.start_s, down.end_s)
    assert delivered.sum() >= 10
    ended = run.orders["state"].isin([OrderState.COMPLETED, OrderState.CANCELLED])
    assert ended.all()
    assert run.info["unanswered"]["ping"] > 0
    assert calm.info["unanswered"] == {}
    for drawn in ("placed_s", "prep_true_s", "customer_lat"):
        assert np.array_equal(run.orders[drawn], calm.orders[drawn])


def test_the_report_tells_of_the_outage(tmp_path: Path) -> None:
    run = run_of("outage", "batch", 1, SMALL["outage"])
    reports.write_report([run], tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for words in ("What failed", "valkey down", "18:20:00 to 18:30:00", "orders queued", "queue empty again"):
        assert words in page
    calm = run_of("quickstart", "batch", 1, SMALL["outage"])
    reports.write_report([calm], tmp_path / "calm")
    assert "What failed" not in (tmp_path / "calm" / "report.html").read_text(encoding="utf-8")


def test_while_the_database_is_down_customers_try_again_and_no_order_is_lost() -> None:
    base, overrides = HARD["database down"]
    run = run_of(base, "batch", 1, overrides)
    assert run.orders["placed_s"].between(18 * 3600 + 480, 18 * 3600 + 540).sum() >= 3
    assert (run.orders["state"] >= 0).all()
    assert run.orders["customer_id"].is_unique
    assert run.info["unanswered"]["run_due"] > 0


def test_payments_fail_and_are_declined_as_the_scenario_says() -> None:
    base, overrides = HARD["shaky payments"]
    run = run_of(base, "batch", 1, overrides)
    declined = run.orders["reason"].str.contains("is declined")
    assert 0.01 <= declined.mean() <= 0.12
    assert any(spell.subject == "breaker payment" for spell in spells(run))
