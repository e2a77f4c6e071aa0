"""Tiny days on a plane, and the cheapest plan of one by trying everything."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest

from domain.errors import ContractError
from matching.hindsight import Day, Plan, build_day, build_plan


def _ride(a, b):
    """Whole minutes between places of shape [..., 2], one unit of length a minute, rounded up."""
    return np.ceil(np.linalg.norm(np.asarray(a, float) - b, axis=-1))


def plane_day(*, kitchens, customers, restaurant, starts, placed, ready, on, off, **others) -> Day:
    """A day of places [.., 2]; two minutes of service before and after each pickup and drop-off."""
    kitchens, customers, starts = (np.array(xy, float) for xy in (kitchens, customers, starts))
    services = dict.fromkeys(("pickup_before", "pickup_after", "dropoff_before", "dropoff_after"), 2.0)
    return build_day(
        placed=np.array(placed),
        ready=np.array(ready),
        latest=others.pop("latest", np.array(placed) + 90.0),
        restaurant=np.array(restaurant),
        direct=_ride(kitchens[restaurant], customers),
        on=np.array(on),
        off=np.array(off),
        start_to_restaurant=_ride(starts[:, None], kitchens[None]),
        customer_to_restaurant=_ride(customers[:, None], kitchens[None]),
        between=lambda i, j: _ride(customers[i], customers[j]),
        **(services | others),
    )


def random_day(seed: int, *, orders: int = 4, drivers: int = 2, **others) -> Day:
    """A busy hour: few drivers, two kitchens, orders within half an hour."""
    rng = np.random.default_rng(seed)
    placed = rng.integers(0, 30, orders)
    return plane_day(
        kitchens=rng.integers(0, 9, (2, 2)),
        customers=rng.integers(0, 9, (orders, 2)),
        restaurant=rng.integers(0, 2, orders),
        starts=rng.integers(0, 9, (drivers, 2)),
        placed=placed,
        ready=placed + rng.integers(1, 15, orders),
        on=rng.integers(0, 10, drivers),
        off=rng.integers(80, 100, drivers),
        **others,
    )


def cheapest_of_all(day: Day, *, max_bundle: int = 2) -> Plan | None:
    """The cheapest plan that delivers everything, None without any: every sequence, cut in every way."""
    best, n = None, day.orders
    for sequence in permutations(range(n)):
        for breaks in product((False, True), repeat=n - 1):
            trips = _cut(sequence, [i + 1 for i, is_cut in enumerate(breaks) if is_cut])
            if max(map(len, trips)) > max_bundle:
                continue
            for ends in combinations(range(len(trips) + day.drivers - 1), day.drivers - 1):
                plan = _try(day, [(d, trip) for d, trip in zip(_owners(ends, trips), trips, strict=True)])
                if plan is not None and (best is None or plan.cost < best.cost):
                    best = plan
    return best


def _cut(sequence, at):
    return [tuple(sequence[i:j]) for i, j in zip([0, *at], [*at, len(sequence)], strict=True)]


def _owners(ends, trips):
    """Stars and bars: the trips in turn, each bar hands over to the next driver."""
    owners, driver = [], 0
    for symbol in range(len(trips) + len(ends)):
        if symbol in ends:
            driver += 1
        else:
            owners.append(driver)
    return owners


def _try(day, trips):
    try:
        return build_plan(day, trips)
    except ContractError:
        return None


@pytest.fixture
def tiny():
    return random_day


@pytest.fixture
def on_plane():
    return plane_day


@pytest.fixture
def cheapest():
    return cheapest_of_all


@pytest.fixture
def three_friends():
    """Three orders of one kitchen to one house, ready at 10; one driver, who is there."""
    return plane_day(
        kitchens=[(0, 0)],
        customers=[(2, 0)] * 3,
        restaurant=[0, 0, 0],
        starts=[(0, 0)],
        placed=[0, 0, 0],
        ready=[10, 10, 10],
        on=[0],
        off=[60],
    )
