"""What perfect foresight could have done with a market's day, checked by hand on a tiny one."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.regret import foresee
from domain.vehicles import Vehicle
from matching.plain_travel import PlainTravel

PICKUP_S, DROPOFF_S = 60.0, 30.0
KITCHEN, HOME, FAR = 10, 40, 3_000


@dataclass(frozen=True, kw_only=True)
class Rush(PlainTravel):
    """From a quarter past midnight everything takes twice as long."""

    def times(self, origins, destinations, *, at_s, vehicle=0):
        return super().times(origins, destinations, at_s=at_s, vehicle=vehicle) * (
            2.0 if at_s >= 900.0 else 1.0
        )


def ride_s(origin, destination):
    (seconds,) = PlainTravel().times(np.array([origin]), np.array([destination]), at_s=0.0)
    return seconds


def market(customers, *, drivers=(KITCHEN,), end_s=10_000.0, vehicle=Vehicle.CAR):
    n, d = len(customers), len(drivers)
    return SimpleNamespace(
        orders=SimpleNamespace(
            restaurant=np.zeros(n, np.int64),
            node=np.array(customers),
            placed_s=np.zeros(n),
            pickup_service_s=np.full(n, PICKUP_S),
            dropoff_service_s=np.full(n, DROPOFF_S),
        ),
        restaurants=SimpleNamespace(node=np.array([KITCHEN])),
        shifts=Shifts(
            node=np.array(drivers, np.int64),
            start_s=np.zeros(d),
            end_s=np.full(d, end_s),
            vehicle=np.full(d, vehicle),
        ),
    )


@dataclass(frozen=True)
class Shifts:
    node: np.ndarray
    start_s: np.ndarray
    end_s: np.ndarray
    vehicle: np.ndarray

    def __len__(self):
        return len(self.node)


def foreseen(workload, ready_s, travel=None):
    ground = SimpleNamespace(true=travel or PlainTravel())
    return foresee(workload, ground, np.array(ready_s), iterations=200)


def test_food_leaves_when_it_is_ready_and_both_services_are_counted():
    (seconds,) = foreseen(market([HOME]), [600.0])
    assert seconds == pytest.approx(600.0 + PICKUP_S + ride_s(KITCHEN, HOME) + DROPOFF_S, abs=1e-3)


def test_the_driver_is_on_the_way_before_the_food_is_ready():
    (seconds,) = foreseen(market([HOME], drivers=(FAR,)), [5_000.0])
    assert seconds == pytest.approx(5_000.0 + PICKUP_S + ride_s(KITCHEN, HOME) + DROPOFF_S, abs=1e-3)


def test_everybody_rides_the_fastest_vehicle_of_the_fleet():
    (seconds,) = foreseen(market([HOME], vehicle=Vehicle.BICYCLE), [600.0])
    slow_s = ride_s(KITCHEN, HOME) * PlainTravel().speeds_mps[0] / PlainTravel().speeds_mps[2]
    assert seconds == pytest.approx(600.0 + PICKUP_S + slow_s + DROPOFF_S, abs=1e-3)


def test_rides_take_what_they_take_when_the_food_is_ready():
    (seconds,) = foreseen(market([HOME]), [1_000.0], Rush())
    assert seconds == pytest.approx(1_000.0 + PICKUP_S + 2.0 * ride_s(KITCHEN, HOME) + DROPOFF_S, abs=1e-3)


def test_orders_without_food_or_driver_are_not_in_it():
    assert foreseen(market([HOME, HOME]), [np.nan, 600.0])[0] is None
    assert foreseen(market([HOME]), [np.nan]) == [None]
    assert foreseen(market([HOME], drivers=()), [600.0]) == [None]
    assert foreseen(market([HOME], end_s=300.0), [600.0]) == [None]


def test_two_orders_of_one_kitchen_go_together_if_nobody_else_is_there():
    first, second = foreseen(market([HOME, HOME]), [600.0, 600.0])
    assert first is not None
    assert second is not None
    assert abs(second - first) < ride_s(KITCHEN, HOME)  # one trip: the second is next door
