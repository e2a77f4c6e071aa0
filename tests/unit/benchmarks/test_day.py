"""The day of an instance: whatever a strategy decides, the instance's rules are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.mdrp.day import play
from benchmarks.mdrp.small import small_instance
from domain.errors import ContractError, DataError
from matching.contract import Decision
from matching.registry import load_strategy
from matching.snapshot import DTYPES
from scenarios.mdrp import metrics, violations


@pytest.mark.parametrize("name", ["nearest", "score", "batch", "rolling_horizon", "foodmatch", "best"])
@pytest.mark.parametrize("preposition", ["none", "nearby"])
def test_every_rule_is_kept_and_most_orders_are_delivered(name, preposition):
    instance = small_instance()
    played = play(instance, load_strategy(name), preposition=preposition, seed=4)
    assert violations(instance, played.solution) == []
    assert metrics(instance, played.solution)["undelivered_pct"] < 20.0
    assert played.decisions > 0


@pytest.mark.parametrize("late_min", [0, 10, 25])
def test_rules_are_kept_when_food_is_later_than_believed(late_min):
    instance = small_instance()
    believed = instance.ready_min - late_min
    played = play(instance, load_strategy("best"), believed_ready_min=believed)
    assert violations(instance, played.solution) == []


def test_the_same_day_twice():
    first, second = (play(small_instance(), load_strategy("best"), seed=3).solution for _ in range(2))
    for name in ("driver", "departed_min", "order", "dropped_off_min"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


def test_idle_drivers_are_sent_to_wait():
    played = play(small_instance(), load_strategy("best"))
    still = play(small_instance(), load_strategy("best", {"move_most_s": 0}))
    assert (played.solution.size == 0).any()
    assert not (still.solution.size == 0).any()


def test_nobody_is_sent_after_the_shift():
    instance = small_instance()
    short = replace(instance, off_min=np.minimum(instance.off_min, 640))
    played = play(short, load_strategy("best"))
    assert violations(short, played.solution) == []
    assert metrics(short, played.solution)["undelivered_pct"] > 20.0


def test_an_infeasible_decision_is_told_with_the_minute():
    class Wild:
        name, window_s, candidates = "wild", 60.0, 10
        bundles = reassigns = True

        def __call__(self, snapshot, rng):
            return Decision(driver=np.full(snapshot.orders, 99, np.int32))

    with pytest.raises(ContractError, match=r"minute \d+: wild decides: order 0 goes to driver 99"):
        play(small_instance(), Wild())


def test_services_of_different_length_are_refused():
    with pytest.raises(DataError, match="services of different length"):
        play(replace(small_instance(), dropoff_service_min=6), load_strategy("nearest"))


def test_every_column_of_a_snapshot_is_as_documented_and_read_only():
    seen = []

    class Looks(type(load_strategy("nearest"))):
        def __call__(self, snapshot, rng):
            seen.append(snapshot)
            return super().__call__(snapshot, rng)

    play(small_instance(), Looks(window_s=300.0))
    assert len(seen) > 10
    for snapshot in seen:
        for name, dtype in DTYPES.items():
            column = getattr(snapshot, name)
            assert (column.dtype, column.flags.writeable) == (np.dtype(dtype), False), name
            assert column.flags.c_contiguous, name
        assert len(snapshot.order_customer_lat) == len(snapshot.order_is_pinned) == snapshot.orders
        assert len(snapshot.driver_short_orders) == len(snapshot.stop_offsets) - 1 == snapshot.drivers
        assert (snapshot.order_driver[: snapshot.open_orders] == -1).all()
        assert snapshot.stop_offsets[-1] == len(snapshot.stop_order) == len(snapshot.stop_kind)
        assert snapshot.candidate_offsets[-1] == len(snapshot.candidate_driver)
        assert (snapshot.driver_capacity > snapshot.driver_load).all()
